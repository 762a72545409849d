/** Adds members as learners and makes learners voters. */
import { CheckError, RefusedError } from '../../core/errors';
import { live, resource } from '../../core/module';
import { accessProblems, type EtcdAccess } from './access';
import type { Member } from './answers';
import { withClient, type EtcdClient } from './client';
import { nameOf } from './judge';
import { attempt, listAfter } from './membership';

export interface MemberAddedParams extends EtcdAccess {
  /** Where the new member will listen for its peers, `https://10.0.0.4:2380`. */
  readonly peerUrls: readonly string[];
}

/** A member that was added. */
export interface AddedMember {
  readonly member: Member;
  /** All members: what the new one's `--initial-cluster` is made from. Its own name is empty until it has started. */
  readonly members: readonly Member[];
}

/**
 * A member with these peer URLs is in the cluster, added as a learner: it does not vote until `etcd.promoted`, so it cannot take the quorum away.
 * Refused while another learner is there (3.4 takes one at a time) and where one of the URLs belongs to a member with others.
 */
export const memberAdded = resource<MemberAddedParams, readonly Member[], AddedMember>({
  name: 'etcd.memberAdded',
  reach: 'cluster',
  subject: ({ peerUrls }) => peerUrls.join(', '),
  validate: params => [...accessProblems(params), ...(params.peerUrls.length === 0 ? ['`peerUrls` is empty'] : [])],
  inspect: params => live(on => withClient(on, params, async client => {
    const { members } = await client.members();
    const learner = members.find(member => member.isLearner);
    const clash = members.find(member => member.peerUrls.some(url => params.peerUrls.includes(url)));
    if (withUrls(members, params) !== undefined) return members;
    if (clash !== undefined) throw new RefusedError(`${on.host.name}: ${nameOf(clash)} has ${clash.peerUrls.join(', ')} already`);
    if (learner !== undefined) throw new RefusedError(`${on.host.name}: ${nameOf(learner)} is still a learner; promote or remove it first`);
    return members;
  })),
  diff: (members, params) => (withUrls(members, params) === undefined ? [{ resource: `etcd member at ${params.peerUrls.join(', ')}`, property: 'membership', from: null, to: 'learner' }] : []),
  apply: (on, { params }) => withClient(on, params, async client => {
    const does = `add a learner at ${params.peerUrls.join(', ')}`;
    const outcome = await attempt(on, { call: 'add', does, retries: 60, send: () => client.addLearner(params.peerUrls) });
    if (outcome === 'unknown' && withUrls((await listAfter(on, client, does)).members, params) === undefined) throw notDone(on.host.name, does);
  }),
  value: (members, params) => {
    const member = withUrls(members, params);
    if (member === undefined) throw new CheckError(`no member of etcd has ${params.peerUrls.join(', ')}`);
    return { member, members };
  },
  undo: (_members, params) => [{ module: 'etcd.learnerAbsent', params }],
});

/**
 * No learner has these peer URLs: what takes `etcd.memberAdded` back. Removing a learner asks for no quorum of voters.
 * Refused where the member votes by now: voters leave by `etcd.memberAbsent`.
 */
export const learnerAbsent = resource<MemberAddedParams, readonly Member[]>({
  name: 'etcd.learnerAbsent',
  reach: 'cluster',
  subject: ({ peerUrls }) => peerUrls.join(', '),
  effect: 'destroy',
  validate: accessProblems,
  inspect: params => live(on => withClient(on, params, async client => (await client.members()).members)),
  diff: (members, params) => {
    const member = withUrls(members, params);
    if (member === undefined) return [];
    if (!member.isLearner) throw new RefusedError(`${nameOf(member)} is a voter by now and is not removed as a learner`, 'Take it out with etcd.memberAbsent.');
    return [{ resource: `etcd member at ${params.peerUrls.join(', ')}`, property: 'membership', from: 'learner', to: null }];
  },
  apply: (on, { params }) => withClient(on, params, async client => {
    const added = withUrls((await client.members()).members, params);
    if (added?.isLearner === true) await client.removeMember(added.id);
  }),
  instead: 'add it again with etcd.memberAdded',
});

export interface PromotedParams extends EtcdAccess {
  /** Hex id of the learner. */
  readonly id: string;
  /** How often "not in sync with the leader yet" is answered by trying again, a second apart. Default: 120. */
  readonly retries?: number;
}

/** A learner has become a voter, once it has caught up with the leader. It cannot be undone: voters leave by `etcd.memberAbsent`. */
export const promoted = resource<PromotedParams, Member, Member>({
  name: 'etcd.promoted',
  reach: 'cluster',
  subject: ({ id }) => id,
  effect: 'destroy',
  validate: accessProblems,
  inspect: params => live(on => withClient(on, params, async client => await memberWith(client, params.id, on.host.name))),
  diff: member => (member.isLearner ? [{ resource: `etcd member ${member.id}`, property: 'membership', from: 'learner', to: 'voter' }] : []),
  apply: (on, { params: { id, retries = 120, ...access } }) => withClient(on, access, async client => {
    const does = `promote ${id}`;
    const outcome = await attempt(on, { call: 'promote', does, retries, send: () => client.promote(id) });
    if (outcome === 'done') return;
    const { members } = await listAfter(on, client, does);
    if (members.find(member => member.id === id)?.isLearner !== false) throw notDone(on.host.name, does);
  }),
  value: member => member,
  instead: 'take it out again with etcd.memberAbsent',
});

function withUrls(members: readonly Member[], { peerUrls }: MemberAddedParams): Member | undefined {
  const wanted = [...peerUrls].sort().join(' ');
  return members.find(member => [...member.peerUrls].sort().join(' ') === wanted);
}

async function memberWith(client: EtcdClient, id: string, host: string): Promise<Member> {
  const found = (await client.members()).members.find(member => member.id === id);
  if (found === undefined) throw new CheckError(`${host}: etcd has no member ${id}`);
  return found;
}

function notDone(host: string, does: string): CheckError {
  return new CheckError(`${host}: etcd did not "${does}" yet`, 'It may still be carried out. Run this again: it decides from the list of members.');
}
