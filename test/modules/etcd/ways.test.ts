/** The same calls through an SSH connection, from the controller, and by the host's own etcdctl. */
import { expect, onTestFinished, test } from 'vitest';
import { TaskTarget } from '../../../core/run/target';
import type { Target } from '../../../core/transport/connection';
import { createTransport } from '../../../core/transport/open';
import { alarmDisarmed, gate, health, judge, leaderIn, memberAbsent, memberAdded, members, snapshotSaved, status, type EtcdAccess } from '../../../modules/etcd';
import { withClient } from '../../../modules/etcd/client';
import { localTarget } from '../../support/local-target';
import { carryOut, changesOnce } from '../../support/module';
import { startSshServer, type SshServerOptions } from '../../support/ssh-server';
import { Cluster } from './cluster';

const here = localTarget();
const LONG = 120_000;

/** A host behind a real SSH connection; what is said beside the task is kept. */
async function overSsh(options: SshServerOptions = {}): Promise<{ readonly on: Target; readonly said: string[] }> {
  const server = await startSshServer(options);
  const runId = '20261122T101500Z-1a2b';
  const transport = createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId });
  onTestFinished(async () => {
    await transport.close();
    await server.close();
  });
  const { signal } = new AbortController();
  const said: string[] = [];
  const link = await transport.link(server.host(), signal);
  const on = new TaskTarget(await link.as(undefined), { runId, signal, deadline: Infinity, say: line => said.push(line), print: () => undefined });
  return { on, said };
}

test('all three tell the same', { timeout: LONG }, async () => {
  await using cluster = await Cluster.start(1);
  const { on } = await overSsh();
  const ways: readonly (readonly [Target, Pick<EtcdAccess, 'via'>])[] = [[on, {}], [here, { via: 'controller' }], [on, { via: 'etcdctl' }]];
  const told = [];
  for (const [target, via] of ways) {
    const access = { ...cluster.access(0), ...via };
    const { value: { alarms, members: [member] } } = await carryOut(health(access), target);
    // The indexes go on by themselves.
    const { raftIndex, appliedIndex, ...said } = (await carryOut(status(access), target)).value;
    expect([raftIndex >= appliedIndex, appliedIndex > 3, member?.answered]).toEqual([true, true, true]);
    told.push({ list: (await carryOut(members(access), target)).value, status: said, alarms });
  }
  expect(told[1]).toEqual(told[0]);
  expect(told[2]).toEqual(told[0]);
  expect(told[0]?.status.leader).toMatch(/^[0-9a-f]{15,16}$/);
});

test('where sshd forwards nothing, the host\'s etcdctl is asked, and that is said', { timeout: LONG }, async () => {
  await using cluster = await Cluster.start(2);
  const { on, said } = await overSsh({ forwarding: false });
  const access = cluster.access(0);
  const { value: seen } = await carryOut(health(access), on);
  expect(said[0]).toMatch(/sshd forwards no connection to 127\.0\.0\.11 port \d+.*; asking 127\.0\.0\.11:\d+ by the host's own etcdctl$/);
  expect(judge(seen)).toEqual([]);
  const [first, second] = ['m1', 'm2'].map(name => seen.members.find(member => member.name === name)?.id ?? '');
  await carryOut(leaderIn({ ...access, to: [second ?? ''] }), on);
  await changesOnce(() => leaderIn({ ...access, to: [first ?? ''] }), on);
  const { name, address } = cluster.peer(1);
  await changesOnce(() => memberAbsent({ ...access, id: second ?? '', name, address, kept: [first ?? ''] }), on);
  await changesOnce(() => memberAdded({ ...access, peerUrls: [cluster.peer(2).peerUrl] }), on);
  await changesOnce(() => snapshotSaved({ ...access, path: `${cluster.dir}/over.db` }), on);
  await expect(carryOut(gate({ ...access, expected: {}, timeout: '1ms' }), on)).rejects.toThrow(/is a learner/);
});

test('etcdctl\'s errors are etcd\'s, and what it cannot do is refused', { timeout: LONG }, async () => {
  await using cluster = await Cluster.start(1);
  const access: EtcdAccess = { ...cluster.access(0), via: 'etcdctl' };
  await withClient(here, access, async client => {
    await expect(client.removeMember('abc')).rejects.toMatchObject({ detail: 'etcdserver: member not found' });
    await expect(client.disarm({ memberId: '1', type: 'NOSPACE' })).rejects.toThrow(/can only disarm all alarms/);
    expect(() => client.snapshot()).toThrow(/is saved by etcdctl itself/);
    await client.defragment(10_000);
  });
  expect(alarmDisarmed({ ...access, type: 'NOSPACE', serverName: 'x' }).problems).toEqual([expect.stringMatching(/etcdctl knows no `serverName`/)]);
  await cluster.kill(0);
  await expect(carryOut(status(access), here)).rejects.toThrow(/here \(etcdctl\) -> 127\.0\.0\.11:\d+: etcd read: no answer in time/);
});
