/** Steps 10 and 11: the leader on a kept member, then members out one at a time, dead ones first, the gate proved right before each. */
import { addressOf, play, task, type Play, type Task } from '../../core';
import * as etcd from '../../modules/etcd';
import { accessFrom } from '../steps/etcd';
import type { Context } from './context';
import type { Decision } from './decision';
import { sameHost } from '../steps/urls';

/** The gate, asked through this host's own member: who must vote, who is dead and may be silent. */
export function etcdGate({ decision, reading }: Pick<Context, 'decision' | 'reading'>, name: string, when: (seen: Decision) => boolean): Task<unknown> {
  return task(name, ({ decision: seen, reading: master, host }) => etcd.gate({
    ...accessFrom(master, host),
    expected: { voters: [...seen.keptMembers, ...seen.members.map(member => member.id)], dead: seen.members.filter(member => member.dead).map(member => member.id) },
  }), { uses: { decision, reading }, when: ({ decision: seen }) => when(seen) });
}

/** All removals, back to back: a cluster of two tolerates no failure, so it is left as soon as it is reached. */
export function removeMembers(context: Context): Play {
  const { world } = context;
  const order = [...world.dead.map(each => each.address), ...world.leaving.map(addressOf)];
  const tasks = [moveLeader(context), ...order.map(address => removeMember(context, address))];
  return play({ name: 'Members leave etcd', hosts: world.kept.slice(0, 1), become: true, tasks });
}

function moveLeader({ decision, reading }: Context): Task<unknown> {
  return task('Move the leader to a kept member', ({ decision: seen, reading: master, host }) => etcd.leaderIn({
    ...accessFrom(master, host), to: seen.keptMembers, dead: seen.members.filter(member => member.dead).map(member => member.id),
  }),
    { uses: { decision, reading }, when: ({ decision: seen }) => seen.members.length > 0, timeout: '2m' });
}

function removeMember({ decision, reading, world }: Context, address: string): Task<unknown> {
  const memberAt = (seen: Decision): Decision['members'][number] | undefined => seen.members.find(member => sameHost(member.address, address));
  const name = world.leaving.find(host => sameHost(addressOf(host), address))?.name ?? address;
  return task(`Remove ${name} from etcd`, ({ decision: seen, reading: master, host }) => {
    const member = memberAt(seen);
    return member === undefined ? [] : [etcd.memberAbsent({
      ...accessFrom(master, host), id: member.id, name: member.name, address: member.address, kept: seen.keptMembers,
      dead: seen.members.filter(each => each.dead).map(each => each.id),
    })];
  }, { uses: { decision, reading }, when: ({ decision: seen }) => memberAt(seen) !== undefined, timeout: '5m' });
}
