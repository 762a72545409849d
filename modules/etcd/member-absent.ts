/** Takes a member out of the cluster, without ever losing the quorum. */
import { CheckError, RefusedError } from '../../core/errors';
import { live, resource } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { canonicalAddress } from '../pki/names';
import { accessProblems, endpointOfUrl, type EtcdAccess } from './access';
import type { Member } from './answers';
import { withClient, type MemberList } from './client';
import { leaderOf, nameOf, type Expectation, type Health } from './judge';
import { attempt, listAfter } from './membership';
import { provenHealth, withSurvey, type Survey } from './survey';

export interface MemberAbsentParams extends EtcdAccess {
  /** Hex id of the member that leaves; it must be the one with this name and this address. */
  readonly id: string;
  readonly name: string;
  /** Address or name of its host, as its peer URL has it. */
  readonly address: string;
  /** Ids of the members that stay. The endpoint must be one of them. */
  readonly kept: readonly string[];
  /** Ids of members that are known to be dead. They leave first: while one is there, no member that answers is removed. */
  readonly dead?: readonly string[];
}

/** How often a removal is tried anew after an answer that told nothing, while the list still has the member and the cluster is healthy. */
const ATTEMPTS = 3;

/**
 * A member is not in the cluster. Removed through a member that stays, right after the cluster was proven healthy for one voter less.
 * An error is no outcome: the list of members is read again and decides. It cannot be undone (a member comes back as a new learner).
 * Refused: the leader, a member of `kept`, another id, name or address than said, a member that answers while a dead one is still there,
 * an endpoint that does not stay. hazards: E1 to E5.
 * @see https://etcd.io/docs/v3.4/op-guide/runtime-configuration/
 */
export const memberAbsent = resource<MemberAbsentParams, MemberList, MemberList>({
  name: 'etcd.memberAbsent',
  reach: 'cluster',
  subject: ({ id, name }) => nameOf({ id, name }),
  effect: 'destroy',
  validate: params => [
    ...accessProblems(params),
    ...(params.kept.includes(params.id) ? [`${nameOf(params)} is among those that stay`] : []),
    ...(params.kept.length === 0 ? ['nobody would stay: `kept` is empty'] : []),
  ],
  inspect: params => live(on => withClient(on, params, async client => identified(on, params, await client.members()))),
  diff: ({ members }, { id, name }) => members.filter(member => member.id === id)
    .map(member => ({ resource: `etcd member ${nameOf({ id, name })}`, property: 'membership', from: member.isLearner ? 'learner' : 'voter', to: null })),
  apply: (on, { params, state }) => withSurvey(on, params, survey => remove(on, params, survey, state)),
  instead: 'let it join again as a learner, with an empty data directory',
  value: list => list,
});

/** A member that is not exactly the one that was meant must not be touched: an id may be of a host that was joined again. */
function identified(on: Target, { id, name, address }: MemberAbsentParams, list: MemberList): MemberList {
  const wanted = canonicalAddress(address);
  const hasAddress = (member: Member) => member.peerUrls.some(url => canonicalAddress(endpointOfUrl(url).address) === wanted);
  const found = list.members.find(member => member.id === id);
  const namesakes = list.members.filter(member => member.id !== id && ((name !== '' && member.name === name) || hasAddress(member)));
  const reasons = [
    ...(found === undefined || found.name === name ? [] : [`its name is "${found.name}", not "${name}"`]),
    ...(found === undefined || hasAddress(found) ? [] : [`its peer URL is ${found.peerUrls.join(', ')}, not at ${address}`]),
    ...namesakes.map(member => `${nameOf(member)} at ${member.peerUrls.join(', ')} has its name or address and another id: the host was joined again`),
  ];
  if (reasons.length > 0) throw new RefusedError(`${on.host.name}: etcd member ${id} is not the one that was meant: ${reasons.join('; ')}`);
  return list;
}

async function remove(on: Target, params: MemberAbsentParams, survey: Survey, before: MemberList): Promise<void> {
  const { client } = survey;
  const does = `remove ${nameOf(params)}`;
  // Said at once, without watching the cluster first, and then again.
  guard(on, params, await survey.look(), before);
  for (let tries = 1; ; tries += 1) {
    guard(on, params, await provenFor(on, params, survey), before);
    await attempt(on, { call: 'remove', does, retries: 60, send: () => client.removeMember(params.id), guard: () => notLeader(on, params, survey) });
    const after = await listAfter(on, client, does);
    if (!after.members.some(member => member.id === params.id)) {
      verified(on, before, after);
      return;
    }
    if (tries >= ATTEMPTS) throw new CheckError(`${on.host.name}: etcd still has ${nameOf(params)} after ${tries} removals; it may yet go. Run this again: it decides from the list of members.`);
  }
}

/** The cluster, watched for 6 s and found healthy for one member less. */
async function provenFor(on: Target, { id, name, dead }: MemberAbsentParams, survey: Survey): Promise<Health> {
  const expected: Expectation = { removing: id, ...(dead === undefined ? {} : { dead }) };
  const proven = await provenHealth(on, survey, expected);
  if (!proven.ok) throw new CheckError(`${on.host.name}: ${nameOf({ id, name })} is not removed, the cluster is not healthy enough: ${proven.reason}`);
  return proven.value;
}

function guard(on: Target, { id, kept, dead = [] }: MemberAbsentParams, health: Health, { stamp }: MemberList): void {
  const target = health.members.find(member => member.id === id);
  const missing = kept.filter(one => !health.members.some(member => member.id === one && !member.isLearner));
  const corpse = health.members.find(member => member.id !== id && dead.includes(member.id));
  const reasons = [
    ...(leaderOf(health) === id ? ['it is the leader; move the leader to a member that stays first'] : []),
    ...(missing.length === 0 ? [] : [`${missing.join(', ')} is to stay and is no voter`]),
    ...(kept.includes(stamp.memberId) ? [] : [`it is asked through ${stamp.memberId}, which does not stay`]),
    ...(target?.answered === true && !target.isLearner && corpse !== undefined ? [`${nameOf(corpse)} is dead and must be removed before a member that answers`] : []),
  ];
  if (reasons.length > 0) throw new RefusedError(`${on.host.name}: ${nameOf(target ?? { id, name: '' })} is not removed: ${reasons.join('; ')}`);
}

async function notLeader(on: Target, params: MemberAbsentParams, { client }: Survey): Promise<void> {
  const { leader } = await client.status();
  if (leader === params.id) throw new RefusedError(`${on.host.name}: ${nameOf(params)} became the leader; move the leader to a member that stays first`);
}

function verified(on: Target, before: MemberList, after: MemberList): void {
  const wrong = [
    ...(after.stamp.clusterId === before.stamp.clusterId ? [] : [`the cluster id is ${after.stamp.clusterId}, it was ${before.stamp.clusterId}`]),
    ...(after.stamp.revision >= before.stamp.revision ? [] : [`the revision went back from ${before.stamp.revision} to ${after.stamp.revision}`]),
    ...(after.members.length === before.members.length - 1 ? [] : [`there are ${after.members.length} members, there were ${before.members.length}`]),
  ];
  if (wrong.length > 0) throw new CheckError(`${on.host.name}: the member is gone, but ${wrong.join('; ')}`);
}
