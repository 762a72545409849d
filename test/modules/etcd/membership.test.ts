/** Members leave and join, on real etcd, with a writer that never retries. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { see } from '../../../core/module';
import { leaderIn, memberAbsent, memberAdded, members, promoted, status, type Member, type MemberAbsentParams } from '../../../modules/etcd';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';
import { Cluster } from './cluster';
import { Writer } from './writer';

const on = localTarget();
const LONG = 180_000;

interface Seen { readonly list: readonly Member[]; readonly leader: string; readonly id: (name: string) => string }

async function look(cluster: Cluster, index = 0): Promise<Seen> {
  const { value: list } = await carryOut(members(cluster.access(index)), on);
  const { value: { leader } } = await carryOut(status(cluster.access(index)), on);
  return { list, leader, id: name => list.find(member => member.name === name)?.id ?? '' };
}

/** What takes a member out through the first one, which stays with `kept`. */
function absent(cluster: Cluster, seen: Seen, index: number, kept: readonly string[], change: Partial<MemberAbsentParams> = {}): MemberAbsentParams {
  const { name, address } = cluster.peer(index);
  return { ...cluster.access(0), id: seen.id(name), name, address, kept: kept.map(seen.id), ...change };
}

describe('etcd.leaderIn and etcd.memberAbsent', () => {
  test('three become one without a failed or a lost write, and a second run finds nothing to do', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(3);
    const before = await look(cluster);
    // The hard case: a leaving member leads.
    await carryOut(leaderIn({ ...cluster.access(0), to: [before.id('m3')] }), on);
    await using writer = await Writer.start(cluster.access(0));

    const { value } = await changesOnce(() => leaderIn({ ...cluster.access(0), to: [before.id('m1')] }), on);
    expect(value).toMatchObject({ leader: before.id('m1'), from: before.id('m3') });
    await changesOnce(() => memberAbsent(absent(cluster, before, 2, ['m1'])), on);
    await changesOnce(() => memberAbsent(absent(cluster, before, 1, ['m1'])), on);

    expect((await look(cluster)).list.map(member => member.name)).toEqual(['m1']);
    expect(await writer.stop()).toEqual([]);
    expect(writer.failures).toEqual([]);
    expect(writer.acknowledged.length).toBeGreaterThan(50);
    await expect.poll(() => cluster.peer(2).process?.exitCode, { timeout: 15_000 }).toBe(0);
    // A third run, of whoever was killed in the middle, has nothing to do either.
    expect(await planned(memberAbsent(absent(cluster, before, 1, ['m1'])), on)).toEqual([]);
    expect(await planned(leaderIn({ ...cluster.access(0), to: [before.id('m1')] }), on)).toEqual([]);
  });

  test('a dead member leaves first, then a healthy one', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(3);
    const before = await look(cluster);
    if (before.leader !== before.id('m1')) await carryOut(leaderIn({ ...cluster.access(0), to: [before.id('m1')] }), on);
    await cluster.kill(2);
    const dead = [before.id('m3')];
    await expect(carryOut(memberAbsent(absent(cluster, before, 1, ['m1'])), on)).rejects.toThrow(/m2 .* is not removed, the cluster is not healthy enough: m3 .* does not answer/);
    await expect(carryOut(memberAbsent(absent(cluster, before, 1, ['m1'], { dead })), on)).rejects.toThrow(/m3 .* is dead and must be removed before a member that answers/);
    expect((await look(cluster)).list).toHaveLength(3);
    await changesOnce(() => memberAbsent(absent(cluster, before, 2, ['m1'], { dead })), on);
    await changesOnce(() => memberAbsent(absent(cluster, before, 1, ['m1'], { dead })), on);
    expect((await look(cluster)).list.map(member => member.name)).toEqual(['m1']);
  });

  test('waits while etcd says that the cluster is unhealthy: a member has just connected again', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(3);
    const before = await look(cluster);
    if (before.leader !== before.id('m1')) await carryOut(leaderIn({ ...cluster.access(0), to: [before.id('m1')] }), on);
    await cluster.kill(1, 'SIGTERM');
    const first = cluster.peers.slice(0, 3);
    cluster.launch(cluster.peer(1), first, 'existing');
    await cluster.etcdctl(cluster.peer(1), 'endpoint', 'health', '--dial-timeout=20s', '--command-timeout=20s');
    await changesOnce(() => memberAbsent(absent(cluster, before, 2, ['m1', 'm2'])), on);
  });

  test('what must not be removed is refused, and stays', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(3);
    const seen = await look(cluster);
    const trying = (params: MemberAbsentParams) => carryOut(memberAbsent(params), on);
    const leader = cluster.peers.findIndex(peer => seen.id(peer.name) === seen.leader);
    const [follower = 0, other = 0] = [0, 1, 2].filter(index => index !== leader);
    const through = (index: number) => cluster.access(index);
    const name = (index: number) => cluster.peer(index).name;

    await expect(trying(absent(cluster, seen, leader, [name(follower)], through(follower)))).rejects.toThrow(/it is the leader; move the leader to a member that stays first/);
    await expect(trying(absent(cluster, seen, follower, [name(leader)], through(follower)))).rejects.toThrow(/which does not stay/);
    await expect(trying(absent(cluster, seen, follower, [name(leader)], { ...through(leader), name: 'm9' }))).rejects.toThrow(/is not the one that was meant: its name is "m\d", not "m9"/);
    await expect(trying(absent(cluster, seen, follower, [name(leader)], { ...through(leader), address: '127.0.0.1' }))).rejects.toThrow(/its peer URL is .*, not at 127\.0\.0\.1/);
    await expect(trying(absent(cluster, seen, follower, [name(leader)], { ...through(leader), id: 'abc' }))).rejects.toThrow(/has its name or address and another id: the host was joined again/);
    await expect(trying(absent(cluster, seen, follower, [name(leader)], { ...through(leader), kept: [seen.leader, 'abc'] }))).rejects.toThrow(/abc is to stay and is no voter/);
    expect(memberAbsent(absent(cluster, seen, follower, [name(follower)])).problems).toEqual([expect.stringMatching(/is among those that stay/)]);

    // A member that hangs when the other one is to go: etcd itself would accept that, and stop.
    cluster.peer(other).process?.kill('SIGSTOP');
    await expect(trying(absent(cluster, seen, follower, [name(leader), name(other)], through(leader)))).rejects.toThrow(/is not removed, the cluster is not healthy enough: m\d .* does not answer/);
    cluster.peer(other).process?.kill('SIGCONT');
    expect((await look(cluster, leader)).list).toHaveLength(3);
  });

  test('with the quorum lost it stops, and says what it cannot know', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(2);
    const seen = await look(cluster);
    await cluster.kill(1);
    const trying = memberAbsent(absent(cluster, seen, 1, ['m1'], { dead: [seen.id('m2')] }));
    await expect(see(trying.look as Extract<typeof trying.look, { kind: 'live' }>, on)).rejects.toThrow(/etcd read: no answer in time/);
  });
});

describe('etcd.memberAdded and etcd.promoted', () => {
  test('a learner joins a lone member, catches up, votes, and leaves again', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(1);
    await using writer = await Writer.start(cluster.access(0));
    const joining = cluster.peer(1);
    const params = { ...cluster.access(0), peerUrls: [joining.peerUrl] };
    await applyAndTakeBack(memberAdded(params), on);
    expect((await look(cluster)).list).toHaveLength(1);

    const { value } = await changesOnce(() => memberAdded(params), on);
    expect(value.member).toMatchObject({ name: '', isLearner: true, peerUrls: [joining.peerUrl] });
    await expect(carryOut(memberAdded({ ...params, peerUrls: [cluster.peer(2).peerUrl] }), on)).rejects.toThrow(/is still a learner/);
    await expect(carryOut(promoted({ ...cluster.access(0), id: value.member.id, retries: 1 }), on)).rejects.toThrow(/in sync with leader/);

    cluster.launch(joining, [cluster.peer(0), joining], 'existing');
    await changesOnce(() => promoted({ ...cluster.access(0), id: value.member.id }), on);
    await expect(carryOut(promoted({ ...cluster.access(0), id: 'abc' }), on)).rejects.toThrow(/etcd has no member abc/);
    const two = await look(cluster);
    expect(two.list.map(member => [member.name, member.isLearner])).toEqual(expect.arrayContaining([['m1', false], ['m2', false]]));

    await pause(100);
    if (two.leader !== two.id('m1')) await carryOut(leaderIn({ ...cluster.access(0), to: [two.id('m1')] }), on);
    await changesOnce(() => memberAbsent(absent(cluster, two, 1, ['m1'])), on);
    expect(await writer.stop()).toEqual([]);
    expect(writer.failures).toEqual([]);
  });
});
