/** Steps that ask etcd through a master, with the addresses and certificates that its own units name. */
import { addressOf, task, type Host, type Task } from '../../core';
import { RefusedError } from '../../core/errors';
import * as etcd from '../../modules/etcd';
import type { MasterFacts, MasterReading } from './masters';
import { hostOf, portOf } from './urls';

/** How a master's own member is reached from that master. */
export function accessOf(facts: MasterFacts, host: Host): etcd.EtcdAccess {
  const [url = ''] = facts.etcd.clientUrls;
  return {
    endpoint: { address: hostOf(url) ?? addressOf(host), port: portOf(url) ?? 2379 },
    tls: { ca: facts.etcd.ca, cert: facts.apiserver.etcdClient.cert, key: facts.apiserver.etcdClient.key },
  };
}

/** The ports that a member's clients use. */
export function clientPorts({ etcd: member }: MasterFacts): number[] {
  return [...new Set(member.clientUrls.map(url => portOf(url) ?? 2379))];
}

/** The same from what a task read. @throws RefusedError when the master could not be read */
export function accessFrom(reading: MasterReading, host: Host): etcd.EtcdAccess {
  if ('facts' in reading) return accessOf(reading.facts, host);
  throw new RefusedError(`${host.name}: ${reading.problems.join('; ')}`);
}

/** The whole cluster of etcd as a master sees it: members, who answers, leader, terms, alarms. */
export function readEtcd(reading: Task<MasterReading>): Task<etcd.Health> {
  return task('Ask all etcd members', ({ reading: master, host }) => etcd.health(accessFrom(master, host)), { uses: { reading } });
}

/** The same for masters whose member may be off: `undefined` then, and why is printed. */
export function tryEtcd(reading: Task<MasterReading>): Task<etcd.Health | undefined> {
  return task('Ask all etcd members', ({ reading: master, host }) => etcd.health(accessFrom(master, host)), { uses: { reading }, ignoreErrors: 'etcd may be off here; the table says so' });
}
