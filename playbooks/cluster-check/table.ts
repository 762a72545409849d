/** One readable table per host. Pure: findings in, text out. */
import type { Holder, Node } from '../../modules/kube';
import type { Unit } from '../../modules/systemd';
import type { CertificateFile } from '../../modules/pki';

/** What was seen on one host; parts that the host does not have, or that could not be read, are left out. */
export interface HostReport {
  readonly name: string;
  readonly units: readonly Pick<Unit, 'unit' | 'active' | 'sub' | 'boot' | 'restarts'>[];
  readonly stale: readonly string[];
  readonly certificates: readonly CertificateFile[];
  readonly upstreams: readonly { readonly name: string; readonly servers: readonly { readonly address: string; readonly down: boolean }[] }[];
  /** What is suspicious about the upstreams. */
  readonly warnings: readonly string[];
  readonly etcd: { readonly version: string; readonly isLeader: boolean; readonly dbSize: number; readonly members: number; readonly problems: readonly string[] } | 'silent' | undefined;
  readonly nodes: readonly Node[];
  readonly holds: readonly Holder[];
}

type Row = readonly [what: string, value: string, note?: string];

const SOON_DAYS = 30;

/** The table; rows that need attention end in `<-`. */
export function hostTable(report: HostReport, now: Date): string {
  const rows = [...unitRows(report), ...certificateRows(report, now), ...upstreamRows(report), ...etcdRows(report), ...nodeRows(report), ...report.holds.map((holder): Row => ['leader lock', `holds ${holder.component}`])];
  const width = Math.max(0, ...rows.map(([what]) => what.length));
  return [report.name, ...rows.map(([what, value, note]) => `  ${what.padEnd(width)}  ${value}${note === undefined ? '' : `  <- ${note}`}`)].join('\n');
}

function unitRows({ units, stale }: HostReport): Row[] {
  const rows = units.map((unit): Row => {
    const state = `${unit.active} (${unit.sub}), ${unit.boot || 'no boot state'}${unit.restarts > 0 ? `, restarted ${unit.restarts} times by systemd` : ''}`;
    if (unit.active === 'active' && unit.boot !== 'enabled') return [unit.unit, state, 'runs now and will not after a reboot'];
    if (unit.active !== 'active' && unit.boot === 'enabled') return [unit.unit, state, 'is enabled and does not run'];
    return [unit.unit, state];
  });
  return [...rows, ...stale.map((reason): Row => ['needs a restart', reason, 'it does not run with what its files say'])];
}

function certificateRows({ certificates }: HostReport, now: Date): Row[] {
  return certificates.map(({ path, leaf }): Row => {
    const days = Math.floor((Date.parse(leaf.notAfter) - now.getTime()) / 86_400_000);
    const value = `${leaf.subject.text.split(',')[0] ?? ''}, until ${leaf.notAfter.slice(0, 10)} (${days} days)`;
    const note = days < 0 ? 'expired' : days < SOON_DAYS ? 'expires soon' : undefined;
    return note === undefined ? [path, value] : [path, value, note];
  });
}

function upstreamRows({ upstreams, warnings }: HostReport): Row[] {
  const rows = upstreams.map(({ name, servers }): Row => [`upstream ${name}`, servers.map(server => (server.down ? `(${server.address} down)` : server.address)).join(' ')]);
  return [...rows, ...warnings.map((warning): Row => ['upstream', warning, 'look at this'])];
}

function etcdRows({ etcd }: HostReport): Row[] {
  if (etcd === undefined) return [];
  if (etcd === 'silent') return [['etcd', 'its member does not answer']];
  const value = `${etcd.version}, ${etcd.isLeader ? 'leader' : 'follower'} of ${etcd.members} members, ${(etcd.dbSize / 1024 / 1024).toFixed(1)} MB`;
  return [['etcd', value], ...etcd.problems.map((problem): Row => ['etcd', problem, 'look at this'])];
}

function nodeRows({ nodes }: HostReport): Row[] {
  if (nodes.length === 0) return [];
  const bad = nodes.filter(node => !node.ready);
  const cordoned = nodes.filter(node => !node.schedulable).map(node => node.name);
  const value = `${nodes.length - bad.length} of ${nodes.length} Ready${cordoned.length === 0 ? '' : `, cordoned: ${cordoned.join(', ')}`}`;
  return [bad.length === 0 ? ['nodes', value] : ['nodes', value, `not Ready: ${bad.map(node => node.name).join(', ')}`]];
}
