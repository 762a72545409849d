/** Steps 10 and 11: dead members out before anything else; later the leader on a kept member, and the others out one at a time, the gate proved right before each. */
import { addressOf, block, play, task, type Play, type Task } from '../../core';
import * as etcd from '../../modules/etcd';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import { accessFrom } from '../steps/etcd';
import type { Context } from './context';
import type { Decision } from './decision';
import { sameHost } from '../steps/urls';

/** The gate, asked through this host's own member: who must vote, who is dead and may be silent. */
export function etcdGate({ decision, reading }: Pick<Context, 'decision' | 'reading'>, name: string, when: (seen: Decision) => boolean): Task<unknown> {
  return task(name, ({ decision: seen, reading: master, host }) => etcd.gate({
    ...accessFrom(master, host),
    // Dead ones are gone by then.
    expected: { voters: [...seen.keptMembers, ...seen.members.filter(member => !member.dead).map(member => member.id)] },
  }), { uses: { decision, reading }, when: ({ decision: seen }) => when(seen) });
}

/** What is named as dead must not serve any more: an API server that does stays among the endpoints, and one that went away leaves them after 15 s. */
export function deadAreOff({ world, credentials }: Pick<Context, 'world' | 'credentials'>): readonly Play[] {
  if (world.dead.length === 0) return [];
  const off = task('See that no API server of a dead master is behind the service kubernetes', ({ credentials: who }) => kube.endpointsAre({ access: { credentials: who }, without: world.dead.map(each => each.address), timeout: '60s' }), { uses: { credentials } });
  return [play({ name: 'Dead masters are off', hosts: world.kept.slice(0, 1), become: true, tasks: [off] })];
}

/** A dead voter costs tolerance at every later step, so it leaves first. */
export function removeDead(context: Context): readonly Play[] {
  const { world } = context;
  if (world.dead.length === 0) return [];
  return [play({ name: 'Dead members leave etcd', hosts: world.kept.slice(0, 1), become: true, tasks: world.dead.map(each => removeMember(context, each.address)) })];
}

/**
 * The leader on a kept member, before the others leave. What API servers have under way with etcd at that moment would fail, and they answer 500 ("etcdserver:
 * leader changed"): before Kubernetes 1.23 they try nothing again (kubernetes#105069), later ones no writes. So those that still run stand still while it moves,
 * 3 s at most. hazards: E12
 */
export function moveLeader({ world, vars, decision, reading }: Context): Play {
  const leads = task('See who leads etcd', ({ reading: master, host }) => etcd.status(accessFrom(master, host)), { uses: { reading } });
  const freeze = task('Have the API server stand still', systemd.freeze({ unit: vars.units.apiserver, thawAfter: '3s' }));
  const move = task('Move the leader to a kept member', ({ decision: seen, reading: master, host }) => etcd.leaderIn({
    ...accessFrom(master, host), to: seen.keptMembers, stable: '0s',
  }), { runOnce: true, uses: { decision, reading }, timeout: '2m' });
  const thaw = task('Let the API server go on', systemd.thaw({ unit: vars.units.apiserver }));
  const moved = block('Move it', {
    tasks: [freeze, move], always: [thaw], uses: { decision, leads },
    when: ({ decision: seen, leads: member }) => seen.members.some(each => !each.dead) && !seen.keptMembers.includes(member.leader),
  });
  return play({ name: 'The leader of etcd stays', hosts: world.kept, become: true, tasks: [leads, moved] });
}

/** All removals, back to back: a cluster of two tolerates no failure, so it is left as soon as it is reached. The gate before each wants a leader and a term that stay. */
export function removeMembers(context: Context): Play {
  const { world } = context;
  return play({ name: 'Members leave etcd', hosts: world.kept.slice(0, 1), become: true, tasks: world.leaving.map(host => removeMember(context, addressOf(host))) });
}

function removeMember({ decision, reading, world }: Context, address: string): Task<unknown> {
  const memberAt = (seen: Decision): Decision['members'][number] | undefined => seen.members.find(member => sameHost(member.address, address));
  const name = world.leaving.find(host => sameHost(addressOf(host), address))?.name ?? world.dead.find(each => sameHost(each.address, address))?.name ?? address;
  return task(`Remove ${name} from etcd`, ({ decision: seen, reading: master, host }) => {
    const member = memberAt(seen);
    return member === undefined ? [] : [etcd.memberAbsent({
      ...accessFrom(master, host), id: member.id, name: member.name, address: member.address, kept: seen.keptMembers,
      dead: seen.members.filter(each => each.dead).map(each => each.id),
    })];
  }, { uses: { decision, reading }, when: ({ decision: seen }) => memberAt(seen) !== undefined, timeout: '5m' });
}
