/** etcd and its certificates on three masters of the lab, through SSH: the article's cluster, with certificates that openssl made. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { etcdctl, loadCluster } from '../../lab/cluster/cluster';
import { runOnHost } from '../../lab/lab';
import * as etcd from '../../modules/etcd';
import * as pki from '../../modules/pki';
import { closeTargets, hostTarget } from '../support/host-target';
import { carryOut, changesOnce, planned } from '../support/module';
import { useCluster } from './support/cluster';

const up = useCluster({ masters: 3 }, { kube: 'none' });
const SSL = '/etc/kubernetes/ssl';
const LEAVING = ['172.72.0.96', '172.72.0.97'];
const ACCESS: etcd.EtcdAccess = { endpoint: { address: '172.72.0.95', port: 2379 }, tls: { ca: `${SSL}/ca.pem`, cert: `${SSL}/etcd.pem`, key: `${SSL}/etcd-key.pem` } };

let on: Target;
closeTargets();
beforeAll(async () => { on = await hostTarget(up(), 'm1'); });

async function idOf(address: string): Promise<{ readonly id: string; readonly name: string }> {
  const { value } = await carryOut(etcd.members(ACCESS), on);
  const found = value.find(member => member.peerUrls.includes(`https://${address}:2380`));
  if (found === undefined) throw new Error(`no member at ${address}`);
  return found;
}

/** Processes of etcd, by host: the same after a certificate was changed under it. */
async function pids(): Promise<readonly string[]> {
  return await Promise.all(['m1', 'm2', 'm3'].map(async host => (await runOnHost(up(), host, 'systemctl show -p MainPID --value kube-etcd')).stdout.trim()));
}

describe('the cluster of the article', () => {
  test('is seen as the article prints it', async () => {
    const { value } = await carryOut(etcd.health(ACCESS), on);
    expect(value.clusterId).toBe('5957c47fd14d3795');
    expect(value.members.map(member => [member.name, member.id]).sort()).toEqual([
      ['172.72.0.95', '26c65c850c80d42d'], ['172.72.0.96', '2ae7ff74540f0760'], ['172.72.0.97', '4785dde924d48108'],
    ]);
    expect(etcd.judge(value, { voters: ['26c65c850c80d42d', '2ae7ff74540f0760', '4785dde924d48108'] })).toEqual([]);
  });

  test('gets a certificate without the leaving masters, which etcd serves at once without a restart', async () => {
    const before = await pids();
    const client = { cert: `${SSL}/etcd.pem`, key: `${SSL}/etcd-key.pem` };
    const ca = { cert: `${SSL}/ca.pem`, key: `${SSL}/ca-key.pem`, config: `${SSL}/ca-config.json`, profile: 'kubernetes' };
    const { value } = await changesOnce(() => pki.reissue({ ...client, ca, minus: LEAVING, csrJson: `${SSL}/etcd-csr.json` }), on);
    expect(value.leaf.names.map(name => name.value)).toEqual(['127.0.0.1', '172.72.0.95']);
    for (const port of [2379, 2380]) {
      const served = (await carryOut(pki.serves({ address: '172.72.0.95', port, ca: ca.cert, clientCert: client, cert: client.cert }), on)).value;
      expect(served.leaf.fingerprint).toBe(value.leaf.fingerprint);
    }
    expect(await pids()).toEqual(before);
    expect((await carryOut(etcd.gate({ ...ACCESS, expected: {} }), on)).value.members).toHaveLength(3);
    expect(await etcdHealth()).toContain('is healthy');
    const { value: requested } = await carryOut(pki.certificate({ path: client.cert }), on);
    expect(requested.mode).toBe('0644');
    expect(JSON.parse((await on.read(`${SSL}/etcd-csr.json`)).toString())).toMatchObject({ CN: 'etcd', hosts: ['127.0.0.1', '172.72.0.95'] });
  });

  test('is saved, and the snapshot brought here', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'runsheet-test-'));
    try {
      await runOnHost(up(), 'm2', etcdctl(await loadCluster(up()), 'put key value'));
      const { value: { revision } } = await carryOut(etcd.status(ACCESS), on);
      const path = `/var/backups/runsheet/etcd-${on.runId}.db`;
      const { value: saved } = await changesOnce(() => etcd.snapshotSaved({ ...ACCESS, path }), on);
      expect((await carryOut(etcd.snapshotVerified({ path, atLeastRevision: revision }), on)).value.revision).toBe(revision);
      const to = join(dir, 'kept', 'etcd.db');
      const { value: kept } = await changesOnce(() => etcd.snapshotKept({ path, to }), on);
      expect([kept.sha256, (await stat(to)).mode & 0o777]).toEqual([saved.sha256, 0o600]);
      const streamed = await changesOnce(() => etcd.snapshotSaved({ ...ACCESS, path: `${path}.2`, by: 'stream' }), on);
      expect(streamed.value.size % 512).toBe(32);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test('loses its leaving members one at a time, through the one that stays', async () => {
    const stays = (await idOf('172.72.0.95')).id;
    const leaving = await Promise.all(LEAVING.map(async address => ({ ...await idOf(address), address })));
    // The hard case: a leaving master leads.
    await carryOut(etcd.leaderIn({ ...ACCESS, to: leaving.map(member => member.id) }), on);
    await changesOnce(() => etcd.leaderIn({ ...ACCESS, to: [stays] }), on);
    for (const { id, name, address } of leaving) {
      await changesOnce(() => etcd.memberAbsent({ ...ACCESS, id, name, address, kept: [stays] }), on);
    }
    expect((await carryOut(etcd.members(ACCESS), on)).value.map(member => member.name)).toEqual(['172.72.0.95']);
    expect(await etcdHealth()).toContain('is healthy');
    for (const host of ['m2', 'm3']) {
      await expect.poll(async () => (await runOnHost(up(), host, 'systemctl show -p SubState --value kube-etcd')).stdout.trim(), { timeout: 20_000 }).toBe('dead');
    }
    expect(await planned(etcd.leaderIn({ ...ACCESS, to: [stays] }), on)).toEqual([]);
  });

  test('leaves no socket and no temporary file behind', async () => {
    const { stdout } = await on.run(cmd`find ${SSL} /var/backups/runsheet -name '.*'`);
    expect(stdout).toBe('');
  });
});

async function etcdHealth(): Promise<string> {
  const { stdout, stderr } = await runOnHost(up(), 'm1', etcdctl(await loadCluster(up()), 'endpoint health'));
  return stdout + stderr;
}
