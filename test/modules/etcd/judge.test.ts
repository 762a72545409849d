import { describe, expect, test } from 'vitest';
import type { MemberStatus } from '../../../modules/etcd/answers';
import { EtcdFailure, outcomeOf, readThrough, withoutCode } from '../../../modules/etcd/failure';
import { judge, judgeStability, leaderOf, quorumOf, type Expectation, type Health, type MemberHealth } from '../../../modules/etcd/judge';
import { chooseLeader } from '../../../modules/etcd/leader-in';

const STATUS: MemberStatus = {
  memberId: '', clusterId: 'c', revision: 9, term: 2, version: '3.4.23', leader: 'a', isLearner: false, raftIndex: 500, appliedIndex: 500, dbSize: 1, dbSizeInUse: 1,
};

function member(id: string, change: Partial<MemberStatus> = {}, facts: Partial<Pick<MemberHealth, 'name' | 'isLearner'>> = {}): MemberHealth {
  return { id, name: `m-${id}`, peerUrls: [`https://${id}:2380`], clientUrls: [], isLearner: false, ...facts, answered: true, status: { ...STATUS, memberId: id, ...change } };
}

function silent(id: string): MemberHealth {
  return { id, name: `m-${id}`, peerUrls: [], clientUrls: [], isLearner: false, answered: false, problem: 'no answer in time' };
}

function health(members: readonly MemberHealth[], alarms: Health['alarms'] = []): Health {
  return { clusterId: 'c', revision: 9, members, alarms };
}

const three = [member('a'), member('b'), member('c')];
const none = { leader: '0' };

describe('judge', () => {
  const cases: readonly (readonly [string, Health, Expectation, readonly (string | RegExp)[]])[] = [
    ['three in step', health(three), { voters: ['a', 'b', 'c'] }, []],
    ['three, one about to leave', health(three), { voters: ['a', 'b', 'c'], removing: 'b' }, []],
    ['nobody said who votes', health(three), {}, []],
    ['one alone', health([member('a')]), { voters: ['a'] }, []],
    ['a voter too few and one too many', health(three), { voters: ['a', 'b', 'd'] }, [/member d is expected to vote and is not/, 'm-c (c) votes and is not expected to']],
    ['a silent one that stays', health([member('a'), member('b'), silent('c')]), {}, ['m-c (c) does not answer: no answer in time']],
    ['a silent one that leaves', health([member('a'), member('b'), silent('c')]), { removing: 'c' }, []],
    ['a dead one that is known', health([member('a'), member('b'), silent('c')]), { dead: ['c'] }, []],
    ['a dead one, and a healthy one is to leave', health([member('a'), member('b'), silent('c')]), { removing: 'b', dead: ['c'] }, ['only 1 of 2 voters that would be left answer, 2 are needed']],
    ['two dead of five, a dead one leaves', health([member('a'), member('b'), member('c'), silent('d'), silent('e')]), { removing: 'd', dead: ['d', 'e'] }, []],
    ['two dead of five, a healthy one leaves', health([member('a'), member('b'), member('c'), silent('d'), silent('e')]), { removing: 'c', dead: ['d', 'e'] }, ['only 2 of 4 voters that would be left answer, 3 are needed']],
    ['two of two, one leaves', health([member('a'), member('b')]), { removing: 'b' }, []],
    ['the last one leaves', health([member('a')]), { removing: 'a' }, ['no voter would be left']],
    ['no leader', health([member('a', none), member('b', none)]), {}, ['m-a (a) knows no leader', 'm-b (b) knows no leader']],
    ['two leaders', health([member('a'), member('b', { leader: 'b' })]), {}, ['the members disagree about the leader (m-a: a, m-b: b)']],
    ['two terms', health([member('a'), member('b', { term: 3 })]), {}, ['the members are in different terms (m-a: 2, m-b: 3)']],
    ['99 behind', health([member('a'), member('b', { appliedIndex: 401 })]), {}, []],
    ['100 behind', health([member('a'), member('b', { appliedIndex: 400 })]), {}, ['the applied indexes lie 100 apart (m-a: 500, m-b: 400)']],
    ['one that leaves is behind', health([member('a'), member('b', { appliedIndex: 1, term: 9, leader: '0' })]), { removing: 'b' }, []],
    ['an alarm', health(three, [{ memberId: 'b', type: 'NOSPACE' }]), {}, ['alarm NOSPACE of m-b (b)']],
    ['a learner', health([...three, member('d', {}, { isLearner: true })]), { voters: ['a', 'b', 'c'] }, ['m-d (d) is a learner: promote or remove it first']],
    ['a learner that leaves', health([...three, member('d', {}, { isLearner: true })]), { removing: 'd' }, []],
    ['one that never started', health([...three, member('d', {}, { name: '' })]), {}, [/member d \(https:\/\/d:2380\) has no name/]],
  ];
  test.each(cases)('%s', (_title, seen, expected, problems) => {
    expect(judge(seen, expected)).toEqual(problems.map(problem => (typeof problem === 'string' ? problem : expect.stringMatching(problem) as string)));
  });

  test('a leader or a term that changes is seen', () => {
    expect(judgeStability([health(three), health(three)])).toEqual([]);
    expect(judgeStability([health(three), health([member('a', { leader: 'b', term: 3 })])])).toEqual(['the leader changed while it was watched: a, b', 'the term changed while it was watched: 2, 3']);
  });

  test.each([[1, 1], [2, 2], [3, 2], [4, 3], [5, 3]])('%i voters have a quorum of %i', (size, quorum) => expect(quorumOf(size)).toBe(quorum));

  test('the leader is the one that all agree on', () => {
    expect(leaderOf(health(three))).toBe('a');
    expect(leaderOf(health([member('a'), member('b', { leader: 'b' })]))).toBeUndefined();
    expect(leaderOf(health([member('a', none)]))).toBeUndefined();
  });

  test('the next leader is the one that is furthest, then the first that was named', () => {
    const seen = health([member('a'), member('b', { appliedIndex: 501 }), member('c', { appliedIndex: 501 }), silent('d'), member('e', { appliedIndex: 900 }, { isLearner: true })]);
    expect(chooseLeader(seen, ['a', 'c', 'b'])?.id).toBe('c');
    expect(chooseLeader(seen, ['d', 'e'])).toBeUndefined();
  });
});

describe('readThrough', () => {
  const CHANGED = '14 UNAVAILABLE: etcdserver: leader changed';
  test.each<[string, readonly string[], string | undefined, number]>([
    ['an answer', [], undefined, 1],
    ['the leader changed once', [CHANGED], undefined, 2],
    ['it changed three times', [CHANGED, CHANGED, CHANGED], undefined, 4],
    ['it changes all the time', [CHANGED, CHANGED, CHANGED, CHANGED], 'leader changed', 4],
    ['no answer', ['no answer in time'], 'no answer in time', 1],
  ])('%s', async (_, failures, thrown, asked) => {
    let times = 0;
    const read = async (): Promise<string> => {
      const detail = failures[times++];
      if (detail !== undefined) throw new EtcdFailure('here', 'read', detail);
      return Promise.resolve('read');
    };
    await (thrown === undefined ? expect(readThrough(read)).resolves.toBe('read') : expect(readThrough(read)).rejects.toThrow(thrown));
    expect(times).toBe(asked);
  });
});

describe('outcomeOf', () => {
  test.each([
    ['remove', '5 NOT_FOUND: etcdserver: member not found', 'done'],
    ['remove', 'GRPCNotFoundError: 5 NOT_FOUND: etcdserver: member not found', 'done'],
    ['remove', '14 UNAVAILABLE: etcdserver: unhealthy cluster', 'retry'],
    ['remove', '9 FAILED_PRECONDITION: etcdserver: re-configuration failed due to not enough started members', 'retry'],
    ['remove', '4 DEADLINE_EXCEEDED: Deadline exceeded', 'unknown'],
    ['remove', '14 UNAVAILABLE: etcdserver: request timed out', 'unknown'],
    ['remove', '14 UNAVAILABLE: etcdserver: request timed out, possibly due to previous leader failure', 'unknown'],
    ['remove', '14 UNAVAILABLE: etcdserver: leader changed', 'unknown'],
    ['remove', '2 UNKNOWN: raft proposal dropped', 'unknown'],
    ['remove', '14 UNAVAILABLE: Connection dropped', 'unknown'],
    ['remove', '7 PERMISSION_DENIED: etcdserver: permission denied', 'unknown'],
    ['remove', 'something about etcdserver: member not found in a longer text', 'unknown'],
    ['promote', '9 FAILED_PRECONDITION: etcdserver: can only promote a learner member which is in sync with leader', 'retry'],
    ['promote', '9 FAILED_PRECONDITION: etcdserver: can only promote a learner member', 'unknown'],
    ['promote', '5 NOT_FOUND: etcdserver: member not found', 'unknown'],
    ['add', '14 UNAVAILABLE: etcdserver: unhealthy cluster', 'retry'],
    ['add', '9 FAILED_PRECONDITION: etcdserver: Peer URLs already exists', 'unknown'],
    ['add', '5 NOT_FOUND: etcdserver: member not found', 'retry'],
  ] as const)('%s: %s is %s', (call, detail, outcome) => {
    expect(outcomeOf(call, detail)).toBe(outcome);
  });

  test('gRPC\'s code is taken off', () => {
    expect(withoutCode('EtcdError: 14 UNAVAILABLE: etcdserver: unhealthy cluster')).toBe('etcdserver: unhealthy cluster');
  });
});
