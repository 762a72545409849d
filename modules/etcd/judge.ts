/** Is a cluster healthy enough for what comes next? Pure. */
import type { Alarm, Member, MemberStatus } from './answers';

/** A member, and what it answered; `problem` says why it did not. */
export type MemberHealth = Member & (
  | { readonly answered: true; readonly status: MemberStatus }
  | { readonly answered: false; readonly problem: string }
);

/** A whole cluster at one moment. */
export interface Health {
  readonly clusterId: string;
  /** Revision of a linearizable read at that moment. */
  readonly revision: number;
  readonly members: readonly MemberHealth[];
  readonly alarms: readonly Alarm[];
}

/** What a cluster is expected to be. Ids are hex. */
export interface Expectation {
  /** Ids of all members that must vote, the one that is about to leave among them. Left out: whoever is in the list. */
  readonly voters?: readonly string[];
  /** The member that the next step removes: it need not answer, and quorum is counted without it. */
  readonly removing?: string;
  /** Members that are known to be dead and stay so until they are removed. */
  readonly dead?: readonly string[];
  /** How far applied indexes may lie apart, 100 unless said. */
  readonly maxSpread?: number;
}

/** How a finding reads: what is wrong, a sentence; empty when the cluster is healthy for the next step. hazards: gate G. */
export function judge(health: Health, expected: Expectation = {}): string[] {
  const { removing, dead = [] } = expected;
  const voters = health.members.filter(member => !member.isLearner);
  const staying = health.members.filter(member => member.id !== removing);
  const asked = staying.filter(member => !dead.includes(member.id));
  return [
    ...voterProblems(voters, expected.voters),
    ...asked.flatMap(member => (member.answered ? [] : [`${nameOf(member)} does not answer: ${member.problem}`])),
    ...agreementProblems(asked, expected.maxSpread ?? 100),
    ...quorumProblems(voters, removing),
    ...health.alarms.map(alarm => `alarm ${alarm.type} of ${nameOf(health.members.find(member => member.id === alarm.memberId) ?? { id: alarm.memberId, name: '' })}`),
    ...staying.filter(member => member.isLearner).map(member => `${nameOf(member)} is a learner: promote or remove it first`),
    ...staying.filter(member => member.name === '').map(member => `${nameOf(member)} (${member.peerUrls.join(', ')}) has no name: it was added and never started`),
  ];
}

/** Did the same leader lead in the same term in all samples? @returns what changed, a sentence each */
export function judgeStability(samples: readonly Health[]): string[] {
  const seen = samples.flatMap(({ members }) => members.flatMap(member => (member.answered ? [member.status] : [])));
  const leaders = new Set(seen.map(status => status.leader));
  const terms = new Set(seen.map(status => status.term));
  return [
    ...(leaders.size > 1 ? [`the leader changed while it was watched: ${[...leaders].join(', ')}`] : []),
    ...(terms.size > 1 ? [`the term changed while it was watched: ${[...terms].join(', ')}`] : []),
  ];
}

/** The leader's id as the members that answer see it; `undefined` where they disagree or know none. */
export function leaderOf(health: Health): string | undefined {
  const leaders = new Set(health.members.flatMap(member => (member.answered ? [member.status.leader] : [])));
  const [leader] = leaders;
  return leaders.size === 1 && leader !== NOBODY ? leader : undefined;
}

/** `m1 (26c65c850c80d42d)` */
export function nameOf({ id, name }: Pick<Member, 'id' | 'name'>): string {
  return name === '' ? `member ${id}` : `${name} (${id})`;
}

/** How many of `size` voters make a quorum. */
export function quorumOf(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** What a member reports as its leader when it knows none. */
const NOBODY = '0';

function voterProblems(voters: readonly MemberHealth[], expected: readonly string[] | undefined): string[] {
  if (expected === undefined) return [];
  const missing = expected.filter(id => !voters.some(voter => voter.id === id));
  const strangers = voters.filter(voter => !expected.includes(voter.id));
  return [
    ...missing.map(id => `member ${id} is expected to vote and is not in the list of voters`),
    ...strangers.map(voter => `${nameOf(voter)} votes and is not expected to`),
  ];
}

function agreementProblems(asked: readonly MemberHealth[], maxSpread: number): string[] {
  const statuses = asked.flatMap(member => (member.answered ? [{ member, status: member.status }] : []));
  const told = (text: (status: MemberStatus) => string | number) => statuses.map(({ member, status }) => `${member.name || member.id}: ${text(status)}`).join(', ');
  const differ = (value: (status: MemberStatus) => string | number) => new Set(statuses.map(({ status }) => value(status))).size > 1;
  const applied = statuses.map(({ status }) => status.appliedIndex);
  const spread = applied.length === 0 ? 0 : Math.max(...applied) - Math.min(...applied);
  return [
    ...statuses.filter(({ status }) => status.leader === NOBODY).map(({ member }) => `${nameOf(member)} knows no leader`),
    ...(differ(status => status.leader) ? [`the members disagree about the leader (${told(status => status.leader)})`] : []),
    ...(differ(status => status.term) ? [`the members are in different terms (${told(status => status.term)})`] : []),
    ...(spread >= maxSpread ? [`the applied indexes lie ${spread} apart (${told(status => status.appliedIndex)})`] : []),
  ];
}

/** Are enough voters alive for a quorum of what the next step leaves? */
function quorumProblems(voters: readonly MemberHealth[], removing: string | undefined): string[] {
  const after = voters.filter(voter => voter.id !== removing);
  const healthy = after.filter(voter => voter.answered).length;
  const needed = quorumOf(after.length);
  if (after.length === 0) return ['no voter would be left'];
  return healthy >= needed ? [] : [`only ${healthy} of ${after.length} voters ${removing === undefined ? '' : 'that would be left '}answer, ${needed} are needed`];
}
