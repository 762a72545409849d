/** Snapshots, defragmentation and alarms, on real etcd. */
import { copyFile, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import { alarmDisarmed, alarms, defragmented, leaderIn, memberAdded, members, snapshotKept, snapshotSaved, snapshotVerified, status } from '../../../modules/etcd';
import { actionOf } from '../../../core/rollback/calls';
import { see } from '../../../core/module';
import { cmd } from '../../../core/transport/command';
import { localTarget } from '../../support/local-target';
import { carryOut, changesOnce, planned } from '../../support/module';
import { Cluster } from './cluster';

const on = localTarget();
const LONG = 120_000;

/** Puts values of a size until there are so many, or until etcd takes no more. */
async function fill(cluster: Cluster, keys: number, bytes: number): Promise<void> {
  const value = join(cluster.dir, 'value');
  await writeFile(value, 'x'.repeat(bytes));
  const { address, clientPort } = cluster.peer(0);
  const flags = [`--endpoints=https://${address}:${clientPort}`, `--cacert=${cluster.ca.cert}`, `--cert=${cluster.pair.cert}`, `--key=${cluster.pair.key}`];
  await on.run(cmd`for i in $(seq ${keys}); do etcdctl ${flags} put "key/$i" < ${value} || exit 0; done`, { channel: 'own', env: { ETCDCTL_API: '3' } });
}

describe('snapshots', () => {
  test.for(['etcdctl', 'stream'] as const)('are saved by %s, verified, and brought to the controller', { timeout: LONG }, async by => {
    await using cluster = await Cluster.start(1);
    await fill(cluster, 12, 500_000);
    const controller = join(cluster.dir, 'controller');
    const { value: { revision } } = await carryOut(status(cluster.access(0)), on);
    const path = join(cluster.dir, 'backup', 'etcd.db');
    const { value: saved } = await changesOnce(() => snapshotSaved({ ...cluster.access(0), path, by }), on);
    expect(saved.size % 512).toBe(32);
    expect(saved.size).toBeGreaterThan(5_000_000);
    expect([(await stat(path)).mode & 0o777, (await stat(join(cluster.dir, 'backup'))).mode & 0o777]).toEqual([0o600, 0o700]);

    const verified = (await carryOut(snapshotVerified({ path, atLeastRevision: revision }), on)).value;
    expect(verified).toMatchObject({ ...saved, revision });
    await expect(carryOut(snapshotVerified({ path, atLeastRevision: revision + 1 }), on)).rejects.toThrow(`is of revision ${revision}, which is before ${revision + 1}`);
    expect(await readdir(join(cluster.dir, 'backup'))).toEqual(['etcd.db']);

    const to = join(controller, 'etcd.db');
    const { value: kept } = await changesOnce(() => snapshotKept({ path, to }), on);
    expect(kept).toMatchObject({ sha256: saved.sha256, encrypted: false, size: saved.size });
    expect([(await stat(to)).mode & 0o777, (await stat(controller)).mode & 0o777]).toEqual([0o600, 0o700]);

    const identity = await generateIdentity();
    const secret = join(controller, 'etcd.db.age');
    const recipient = await identityToRecipient(identity);
    const { value: locked } = await changesOnce(() => snapshotKept({ path, to: secret, recipient }), on);
    expect(locked).toMatchObject({ sha256: saved.sha256, encrypted: true });
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(await readFile(secret))).equals(await readFile(path))).toBe(true);
    expect((await readdir(controller)).sort()).toEqual(['etcd.db', 'etcd.db.age']);
  });

  test('that are cut off, changed or missing are found out', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(1);
    const path = join(cluster.dir, 'etcd.db');
    await carryOut(snapshotSaved({ ...cluster.access(0), path }), on);
    const { size } = await stat(path);
    const broken = async (change: (file: string) => Promise<void>): Promise<string> => {
      const file = join(cluster.dir, 'broken.db');
      await rm(file, { force: true });
      await copyFile(path, file);
      await change(file);
      return file;
    };
    const verify = (file: string) => carryOut(snapshotVerified({ path: file }), on);
    await expect(verify(await broken(file => truncate(file, size - 32)))).rejects.toThrow(/is no whole snapshot: it has \d+ bytes, which is no database with a hash at its end/);
    await expect(verify(await broken(file => truncate(file, size - 512)))).rejects.toThrow(/the hash at its end does not fit its content/);
    const flipped = await broken(async file => {
      const handle = await open(file, 'r+');
      await handle.write(Buffer.from('?'), 0, 1, 9000);
      await handle.close();
    });
    await expect(verify(flipped)).rejects.toThrow(/the hash at its end does not fit its content/);
    await expect(planned(snapshotSaved({ ...cluster.access(0), path: flipped }), on)).rejects.toThrow(/is no whole snapshot/);
    await expect(verify(join(cluster.dir, 'none.db'))).rejects.toThrow(/there is no snapshot .*none\.db/);
    await expect(carryOut(snapshotKept({ path: join(cluster.dir, 'none.db'), to: join(cluster.dir, 'x') }), on)).rejects.toThrow(/there is no snapshot/);
    expect(snapshotKept({ path: '/a', to: 'b', recipient: 'ssh-ed25519 AAAA' }).problems).toEqual(['etcd.snapshotKept: "b" is no absolute path', expect.stringContaining('is no age recipient')]);
    expect((await readdir(cluster.dir)).filter(name => name.includes('.runsheet-'))).toEqual([]);
  });
});

/** A compaction goes on in the background: what can be given back stands when two looks agree. */
async function settled(access: ReturnType<Cluster['access']>): Promise<void> {
  for (let before = -1; ;) {
    const { dbSizeInUse } = (await carryOut(status(access), on)).value;
    if (dbSizeInUse === before) return;
    before = dbSizeInUse;
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

describe('etcd.defragmented and etcd.alarmDisarmed', () => {
  test('give space back, and make a full member take writes again', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(1, { flags: ['--quota-backend-bytes=16777216'] });
    const access = cluster.access(0);
    expect(await planned(alarmDisarmed({ ...access, type: 'NOSPACE' }), on)).toEqual([]);
    expect(await planned(defragmented(access), on)).toEqual([]);
    await fill(cluster, 40, 500_000);
    const [{ id } = { id: '' }] = (await carryOut(members(access), on)).value;
    expect((await carryOut(alarms(access), on)).value).toEqual([{ memberId: id, type: 'NOSPACE' }]);
    await expect(cluster.etcdctl(cluster.peer(0), 'put', 'a', 'b')).rejects.toThrow(/database space exceeded/);

    await cluster.etcdctl(cluster.peer(0), 'del', '--prefix', 'key/');
    const { revision, dbSize } = (await carryOut(status(access), on)).value;
    await cluster.etcdctl(cluster.peer(0), 'compact', String(revision));
    await settled(access);
    const { value } = await changesOnce(() => defragmented({ ...access, whenReclaimable: 1_000_000 }), on);
    expect(value.dbSize).toBeLessThan(dbSize / 10);
    await changesOnce(() => alarmDisarmed({ ...access, type: 'NOSPACE', memberId: id }), on);
    await cluster.etcdctl(cluster.peer(0), 'put', 'a', 'b');
    expect(alarmDisarmed({ ...access, type: 'CORRUPT' }).problems).toEqual([expect.stringMatching(/CORRUPT is never disarmed/)]);
  });

  test('the leader of several is left alone, and so is a cluster that a learner joins', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(2);
    const [first, second] = (await carryOut(members(cluster.access(0)), on)).value.map(member => member.name).sort();
    expect([first, second]).toEqual(['m1', 'm2']);
    const { leader, memberId } = (await carryOut(status(cluster.access(0)), on)).value;
    const [leading, following] = leader === memberId ? [0, 1] : [1, 0];
    const always = { whenReclaimable: -1 };
    await expect(carryOut(defragmented({ ...cluster.access(leading), ...always }), on)).rejects.toThrow(/it is the leader; move the leader away first/);
    await carryOut(memberAdded({ ...cluster.access(0), peerUrls: [cluster.peer(2).peerUrl] }), on);
    await expect(carryOut(defragmented({ ...cluster.access(following), ...always }), on)).rejects.toThrow(/a learner is joining/);
  });

  test('a moved leader can be moved back', { timeout: LONG }, async () => {
    await using cluster = await Cluster.start(2);
    const { leader } = (await carryOut(status(cluster.access(0)), on)).value;
    const other = (await carryOut(members(cluster.access(0)), on)).value.find(member => member.id !== leader)?.id ?? '';
    const action = leaderIn({ ...cluster.access(0), to: [other] });
    const intent = await see(action.look, on);
    expect(await intent.verify(on, await intent.run(on))).toBe(true);
    for (const call of intent.back.undo(on.runId)) await carryOut(actionOf(call), on);
    await expect.poll(async () => (await carryOut(status(cluster.access(0)), on)).value.leader, { timeout: 15_000 }).toBe(leader);
  });
});
