/** Steps 10 and 11: dead members out before anything else; later the leader on a kept member, and the others out one at a time, the gate proved right before each. */
import { addressOf, play, task, type Play, type Task } from '../../core';
import * as etcd from '../../modules/etcd';
import * as kube from '../../modules/kube';
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

/** All removals, back to back: a cluster of two tolerates no failure, so it is left as soon as it is reached. */
export function removeMembers(context: Context): Play {
  const { world } = context;
  const tasks = [moveLeader(context), ...world.leaving.map(host => removeMember(context, addressOf(host)))];
  return play({ name: 'Members leave etcd', hosts: world.kept.slice(0, 1), become: true, tasks });
}

function moveLeader({ decision, reading }: Context): Task<unknown> {
  return task('Move the leader to a kept member', ({ decision: seen, reading: master, host }) => etcd.leaderIn({
    ...accessFrom(master, host), to: seen.keptMembers,
  }), { uses: { decision, reading }, when: ({ decision: seen }) => seen.members.some(member => !member.dead), timeout: '2m' });
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
