/** Moves etcd's leader to a member that stays. */
import { setTimeout as pause } from 'node:timers/promises';
import { milliseconds, type Duration } from '../../core/duration';
import { CheckError, messageOf } from '../../core/errors';
import { command, live } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { accessProblems, type EtcdAccess } from './access';
import { judge, judgeStability, leaderOf, nameOf, type Health, type MemberHealth } from './judge';
import { readHealth, SETTLE_MS, withMember, withSurvey } from './survey';

/** Between two looks while the others hear who leads. */
const POLL_MS = 50;

export interface LeaderInParams extends EtcdAccess {
  /** Ids (hex) of the members that may lead, in the order of preference. */
  readonly to: readonly string[];
  /** Members that are known to be dead. */
  readonly dead?: readonly string[];
  /** How long leader and term must stay as they are afterwards. Default: 6s; `0s` where a gate follows. */
  readonly stable?: Duration;
}

/** Who leads, and who did before. */
export interface Leadership {
  readonly leader: string;
  readonly term: number;
  /** Who led when it was looked at first. */
  readonly from: string;
}

/**
 * The leader is one of `to`: nothing happens where it already is; else it moves, asked at the leader, to the voter among them with the highest
 * applied index. Verified: that member leads, the term rose, and both stay for 6 s. Reads and writes that are under way at that moment may fail:
 * whoever must not lose one has to hold his clients meanwhile.
 * @see etcdctl move-leader
 */
export const leaderIn = command<LeaderInParams, Health, Leadership>({
  name: 'etcd.leaderIn',
  reach: 'cluster',
  subject: ({ to }) => to.join(', '),
  validate: params => [...accessProblems(params), ...(params.to.length === 0 ? ['nobody may lead: `to` is empty'] : [])],
  before: params => live(on => readHealth(on, params)),
  describe: (health, { to }) => {
    const leader = leaderOf(health);
    if (leader !== undefined && to.includes(leader)) return undefined;
    return `move the leader from ${leader === undefined ? 'nobody' : nameById(health, leader)} to one of ${to.map(id => nameById(health, id)).join(', ')}`;
  },
  run: async (on, { params, before }) => {
    const problems = judge(before, params.dead === undefined ? {} : { dead: params.dead });
    if (problems.length > 0) throw new CheckError(`${on.host.name}: the etcd leader is not moved in a cluster that is not healthy: ${problems.join('; ')}`);
    const leader = leaderOf(before) ?? '';
    const target = chooseLeader(before, params.to);
    if (target === undefined) throw new CheckError(`${on.host.name}: none of ${params.to.join(', ')} is a voter that answers`);
    await move(on, params, { health: before, from: leader, to: target.id });
    return { leader: target.id, term: termOf(before), from: leader };
  },
  verify: (on, { params, before, value }) => settled(on, params, { leader: value.leader, above: termOf(before) }),
  idle: health => ({ leader: leaderOf(health) ?? '', term: termOf(health), from: leaderOf(health) ?? '' }),
  undo: (before, params) => {
    const old = leaderOf(before);
    return old === undefined ? [] : [{ module: 'etcd.leaderIn', params: { ...params, to: [old] } }];
  },
});

/** The voter among some that is furthest; of equal ones the first. */
export function chooseLeader(health: Health, to: readonly string[]): Extract<MemberHealth, { answered: true }> | undefined {
  const candidates = to.flatMap(id => health.members.flatMap(member => (member.id === id && member.answered && !member.isLearner ? [member] : [])));
  return candidates.reduce<(typeof candidates)[number] | undefined>((best, one) => (best === undefined || one.status.appliedIndex > best.status.appliedIndex ? one : best), undefined);
}

async function move(on: Target, params: LeaderInParams, { health, from, to }: { health: Health; from: string; to: string }): Promise<void> {
  const leader = health.members.find(member => member.id === from);
  if (leader === undefined) throw new CheckError(`${on.host.name}: the leader ${from} is not in the list of members`);
  await withMember(on, params, leader, client => client.moveLeader(to)).catch((error: unknown) => {
    // The answer may be lost while the move is done; who leads now is what `verify` looks at.
    on.say(`move-leader: ${messageOf(error)}; looking who leads`);
  });
}

async function settled(on: Target, params: LeaderInParams, { leader, above }: { leader: string; above: number }): Promise<true | string> {
  return await withSurvey(on, params, async survey => {
    const deadline = performance.now() + 15_000;
    const stableMs = params.stable === undefined ? SETTLE_MS : milliseconds(params.stable);
    let first = await survey.look();
    while (leaderOf(first) !== leader && performance.now() < deadline) {
      await pause(POLL_MS, undefined, { signal: on.signal });
      first = await survey.look();
    }
    if (leaderOf(first) !== leader) return `the leader is ${leaderOf(first) ?? 'nobody that all agree on'}, not ${leader}`;
    if (termOf(first) <= above) return `${leader} leads, but the term did not rise above ${above}`;
    if (stableMs === 0) return true;
    await pause(stableMs, undefined, { signal: on.signal });
    const changes = judgeStability([first, await survey.look()]);
    return changes.length === 0 ? true : changes.join('; ');
  });
}

function termOf(health: Health): number {
  return Math.max(0, ...health.members.map(member => (member.answered ? member.status.term : 0)));
}

function nameById(health: Health, id: string): string {
  return nameOf(health.members.find(member => member.id === id) ?? { id, name: '' });
}
