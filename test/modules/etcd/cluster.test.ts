/** Against real etcd members with mutual TLS. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { see } from '../../../core/module';
import { alarms, gate, health, judge, leaderIn, members, status } from '../../../modules/etcd';
import { withClient } from '../../../modules/etcd/client';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';
import { makeCa } from '../pki/openssl';
import { Cluster } from './cluster';

const on = localTarget();
const LONG = 90_000;

describe('one member', () => {
  test.for([{ kind: 'rsa' }, { kind: 'p256', old: true }] as const)('tells what etcdctl tells (%o)', { timeout: LONG }, async options => {
    await using cluster = await Cluster.start(1, options);
    const access = cluster.access(0);
    await cluster.etcdctl(cluster.peer(0), 'put', 'a', '1');
    const told = JSON.parse(await cluster.etcdctl(cluster.peer(0), 'endpoint', 'status', '-w', 'json')) as readonly [{ Status: { dbSize: number; header: { revision: number } } }];

    const [{ value: list }, { value: said }] = [await carryOut(members(access), on), await carryOut(status(access), on)];
    const id = (await cluster.etcdctl(cluster.peer(0), 'member', 'list')).split(',')[0];
    expect(list).toEqual([{ id, name: 'm1', peerUrls: [cluster.peer(0).peerUrl], clientUrls: [`https://127.0.0.11:${access.endpoint.port}`], isLearner: false }]);
    expect(said).toMatchObject({ memberId: id, leader: id, version: '3.4.23', revision: 2, dbSize: told[0].Status.dbSize, isLearner: false });
    expect((await carryOut(alarms(access), on)).value).toEqual([]);
    const { value: seen } = await carryOut(health({ ...access, via: 'controller' }), on);
    expect(judge(seen, { voters: [id ?? ''] })).toEqual([]);
    expect((await carryOut(gate({ ...access, expected: { voters: [id ?? ''] }, stable: '100ms' }), on)).value.revision).toBe(2);
    await expect(carryOut(gate({ ...access, expected: { voters: ['1'] }, stable: '100ms', timeout: '10ms' }), on)).rejects.toThrow(/member 1 is expected to vote/);
  });

  test('is not asked when its certificate is not trusted, not for its name, or ours is refused', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(1);
    const access = cluster.access(0);
    const other = await makeCa(cluster.dir, { kind: 'p256', name: 'other' });
    const asking = (change: object) => see(members({ ...access, ...change }).look, on);
    await expect(asking({ tls: { ...access.tls, ca: other.cert } })).rejects.toThrow(/etcd at 127\.0\.0\.11:\d+ cannot be reached: the server's certificate is not trusted: it was not issued by the trusted CA/);
    await expect(asking({ serverName: 'other.example' })).rejects.toThrow(/it is not for other\.example but for/);
    await expect(asking({ tls: { ...access.tls, cert: other.cert, key: other.key } })).rejects.toThrow(/etcd read: the connection broke: .*bad certificate/);
    await expect(asking({ tls: { ...access.tls, ca: join(cluster.dir, 'none') } })).rejects.toThrow(/none/);
    await cluster.kill(0);
    await expect(asking({})).rejects.toThrow(/cannot be reached|refused/);
    expect(members({ endpoint: { address: 'x', port: 0 }, tls: { ca: 'ca.pem', cert: '/c', key: '/k' } }).problems).toEqual(['etcd.members: "ca.pem" is no absolute path', 'etcd.members: 0 is no port']);
  });
});

describe('three members', () => {
  test('a dead one, a hung one and a lost quorum are seen', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(3);
    const access = cluster.access(0);
    const ids = (await carryOut(members(access), on)).value.map(member => member.id);
    const look = async () => (await carryOut(health(access), on)).value;
    const healthy = await look();
    expect(judge(healthy, { voters: ids })).toEqual([]);
    expect(healthy.members.every(member => member.answered)).toBe(true);

    // The worst of them to hang: until the others have noticed, everything is still sent to it.
    const last = healthy.members.find(member => member.name === 'm3')?.id ?? '';
    await carryOut(leaderIn({ ...access, to: [last], stable: '0s' }), on);
    cluster.peer(2).process?.kill('SIGSTOP');
    // Until they have elected another nobody answers; one look may fall into that.
    const hung = judge(await look().catch(look), { voters: ids });
    expect(hung).toEqual([expect.stringMatching(/^m3 \([0-9a-f]+\) does not answer: .*no TLS handshake: no answer within 5 s/)]);
    await cluster.kill(2);
    const third = (await carryOut(members(access), on)).value.find(member => member.name === 'm3')?.id ?? '';
    const dead = await look();
    expect(judge(dead)).toEqual([expect.stringMatching(/^m3 \([0-9a-f]+\) does not answer/)]);
    expect(judge(dead, { dead: [third] })).toEqual([]);
    expect(judge(dead, { removing: third, dead: [third] })).toEqual([]);

    await cluster.kill(1);
    await expect(look()).rejects.toThrow(/etcd read: no answer in time/);
    await expect(carryOut(gate({ ...access, expected: {}, timeout: '1ms' }), on)).rejects.toThrow(/no answer in time/);
  });

  test('an error names its call and what etcd said', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(1);
    await withClient(on, cluster.access(0), async client => {
      await expect(client.removeMember('abc')).rejects.toThrow(/^here -> 127\.0\.0\.11:\d+: etcd member remove: etcdserver: member not found$/);
      await expect(client.promote('abc')).rejects.toMatchObject({ kind: 'check', call: 'member promote', detail: 'etcdserver: member not found' });
    });
  });
});
