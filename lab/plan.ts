import type { HostRole, HostSpec } from './types';

/** The lab's network; every lab has it for itself, in namespaces of its own. */
export const SUBNET = '172.72.0.0/24';
/** The bridge's own address: what the controller's packets come from. */
export const CONTROLLER_ADDRESS = '172.72.0.1';

const PREFIX = '172.72.0.';
const FIRST_MASTER = 95;
const LAST_MASTER = 97;
const FIRST_NODE = 98;
const FIRST_PLAIN = 110;
const MOST: Readonly<Record<HostRole, number>> = { master: 9, node: 12, plain: 100 };

/** How many hosts of each role; none unless said. */
export interface HostCounts {
  readonly masters?: number;
  readonly nodes?: number;
  readonly plain?: number;
}

/**
 * Names and addresses of the hosts of a lab, masters first.
 *
 * Up to three masters are 172.72.0.95 upward (m1 is .95); more end at .97, so that five are .93 to .97 and the nodes
 * always begin at .98 (n1). Plain hosts begin at .110 (p1).
 * @throws RangeError for more than 9 masters, 12 nodes or 100 plain hosts.
 */
export function planHosts(counts: HostCounts): HostSpec[] {
  const masters = counts.masters ?? 0;
  const firstMaster = Math.min(FIRST_MASTER, LAST_MASTER - masters + 1);
  return [
    ...series('master', masters, firstMaster),
    ...series('node', counts.nodes ?? 0, FIRST_NODE),
    ...series('plain', counts.plain ?? 0, FIRST_PLAIN),
  ];
}

function series(role: HostRole, count: number, first: number): HostSpec[] {
  if (!Number.isInteger(count) || count < 0 || count > MOST[role]) {
    throw new RangeError(`A lab has 0 to ${MOST[role]} hosts of the role ${role}, not ${count}.`);
  }
  return Array.from({ length: count }, (_, index) => ({
    name: `${role.slice(0, 1)}${index + 1}`,
    role,
    address: `${PREFIX}${first + index}`,
  }));
}
