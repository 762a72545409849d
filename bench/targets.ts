/** What Runsheet is to reach, next to what was measured. */
import { figure, median, ratio, roundTrips } from './statistics';
import type { Findings, PeerName, Work } from './types';

/** One thing that was asked. */
export interface Verdict {
  readonly asked: string;
  readonly measured: string;
  /** `undefined` where it was not measured. */
  readonly holds: boolean | undefined;
}

const HOSTS = 10;
const MOST_MEMORY_MB = 150;
const MOST_ROUND_TRIPS = 3;
/** Linear: a host among a thousand costs at most so many times what one among a hundred does. */
const MOST_GROWTH = 1.25;

/** Each target with what this sitting says of it. */
export function verdicts(findings: Findings): readonly Verdict[] {
  const faster = (peer: PeerName, title: string, { work, least }: { readonly work: Work; readonly least: number }): Verdict => {
    const value = ratio(secondsOf(findings, peer, work), secondsOf(findings, 'runsheet', work));
    const what = work === 'first' ? 'first run' : 'unchanged run';
    return { asked: `${what}, ${HOSTS} hosts: at least ${least} times faster than ${title}`, ...judged(value, 'times', value !== undefined && value >= least) };
  };
  const floor = ratio(secondsOf(findings, 'runsheet', 'unchanged'), secondsOf(findings, 'ssh', 'unchanged'));
  const extra = extraRoundTrips(findings);
  const { most, memory, growth } = crowdFigures(findings);
  return [
    faster('ansible', 'Ansible with pipelining', { work: 'unchanged', least: 20 }),
    faster('mitogen', 'Ansible with mitogen', { work: 'unchanged', least: 15 }),
    { asked: `unchanged run, ${HOSTS} hosts: at least 4 times faster than pyinfra`, measured: 'not measured: pyinfra is not in Debian', holds: undefined },
    { asked: `unchanged run, ${HOSTS} hosts: not slower than \`ssh HOST true\` side by side`, ...judged(floor, 'times as long', floor !== undefined && floor <= 1) },
    faster('ansible', 'Ansible with pipelining', { work: 'first', least: 8 }),
    { asked: `unchanged run over a slow link: within ${MOST_ROUND_TRIPS} round trips of the bare handshake`, ...judged(extra, 'more', extra !== undefined && extra <= MOST_ROUND_TRIPS) },
    { asked: `1,000 addresses: at most ${MOST_MEMORY_MB} MB`, ...judged(most < 1000 ? undefined : memory, 'MiB', memory !== undefined && memory <= MOST_MEMORY_MB) },
    { asked: 'linear time: a host costs as much among 1,000 as among 100', ...judged(most < 1000 ? undefined : growth, 'times as much', growth !== undefined && growth <= MOST_GROWTH) },
  ];
}

function judged(value: number | undefined, unit: string, holds: boolean): Pick<Verdict, 'measured' | 'holds'> {
  return value === undefined ? { measured: 'not measured', holds: undefined } : { measured: `${figure(value)} ${unit}`, holds };
}

function secondsOf({ cells }: Findings, peer: PeerName, work: Work): number | undefined {
  return median(cells.find(cell => cell.peer === peer && cell.work === work && cell.hosts === HOSTS && cell.delayMs === 0)?.seconds ?? []);
}

function extraRoundTrips({ links }: Findings): number | undefined {
  const [own, bare] = (['runsheet', 'ssh'] as const).map(peer => {
    const link = links.find(each => each.peer === peer);
    return link === undefined ? undefined : roundTrips(link.near, link.far, link.delayMs);
  });
  return own === undefined || bare === undefined ? undefined : own - bare;
}

/** Of the largest number of addresses: memory of the worse run, and what a host costs in time there against the smallest number. */
function crowdFigures({ crowd }: Findings): { readonly most: number; readonly memory: number | undefined; readonly growth: number | undefined } {
  const numbers = crowd.filter(({ seconds }) => seconds.length > 0).map(({ addresses }) => addresses);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers, 0)];
  const memory = Math.max(...crowd.filter(({ addresses }) => addresses === most).flatMap(cell => median(cell.memory) ?? []));
  const each = (addresses: number): number | undefined => {
    const seconds = median(crowd.find(cell => cell.work === 'unchanged' && cell.addresses === addresses)?.seconds ?? []);
    return seconds === undefined ? undefined : seconds / addresses;
  };
  return { most, memory: Number.isFinite(memory) ? memory : undefined, growth: least === most ? undefined : ratio(each(most), each(least)) };
}
