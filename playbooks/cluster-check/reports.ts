/** From what the tasks saw to one host's report. Pure. */
import { judge, leaderOf, type Health } from '../../modules/etcd';
import type { HostFacts } from '../../modules/host';
import type { Holder, Node } from '../../modules/kube';
import type { NginxReading } from '../../modules/nginx';
import type { CertificateFile } from '../../modules/pki';
import type { Unit } from '../../modules/systemd';
import type { Host } from '../../core';
import { isOneOf } from '../steps/urls';
import type { HostReport } from './table';

/** What is seen on every host. */
export interface NodeSeen {
  readonly host: Host;
  readonly facts: HostFacts;
  readonly nginxUnit: Unit;
  readonly nginxConf: NginxReading;
}

export interface MasterSeen extends NodeSeen {
  readonly address: string;
  readonly units: readonly Unit[];
  readonly certificates: readonly CertificateFile[];
  readonly stale: readonly string[];
  readonly nodes: readonly Node[];
  readonly holders: readonly Holder[];
  /** `undefined` where its member does not answer. */
  readonly etcd: Health | undefined;
}

/** The report of a host that is no master. */
export function nodeReport({ host, nginxUnit, nginxConf }: NodeSeen): HostReport {
  return {
    name: host.name, units: [nginxUnit], stale: [], certificates: [], upstreams: nginxConf.upstreams, warnings: nginxConf.warnings, etcd: undefined, nodes: [], holds: [],
  };
}

/** The report of a master; the nodes' state is told there, since masters can ask for it. */
export function masterReport(seen: MasterSeen): HostReport {
  return {
    ...nodeReport(seen),
    units: [...seen.units, seen.nginxUnit],
    stale: seen.stale, certificates: seen.certificates, etcd: etcdReport(seen), nodes: seen.nodes,
    holds: seen.holders.filter(holder => holder.host === seen.facts.hostname),
  };
}

function etcdReport({ etcd, address }: MasterSeen): HostReport['etcd'] {
  if (etcd === undefined) return 'silent';
  const own = etcd.members.find(member => member.peerUrls.some(url => isOneOf(url, [address])));
  if (own?.answered !== true) return undefined;
  return { version: own.status.version, isLeader: leaderOf(etcd) === own.id, dbSize: own.status.dbSize, members: etcd.members.length, problems: judge(etcd) };
}
