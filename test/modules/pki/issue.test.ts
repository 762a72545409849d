import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { issue, type CfsslRequest } from '../../../modules/pki';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';
import { makeCa, makeConfig, makeKey, makeLeaf, opensslVerify, textOf, type Kind } from './openssl';
import { dirTest } from './temporary';

const on = localTarget();
const REQUEST: CfsslRequest = {
  CN: 'etcd', hosts: ['127.0.0.1', '172.72.0.95', 'fd00::95', 'etcd.example'], key: { algo: 'ecdsa', size: 256 },
  names: [{ C: 'CN', ST: 'ShangHai', L: 'ShangHai', O: 'k8s', OU: 'System' }],
};
const KEYS: Readonly<Record<Kind, NonNullable<CfsslRequest['key']>>> = { rsa: { algo: 'rsa', size: 2048 }, p256: { algo: 'ecdsa', size: 256 }, p384: { algo: 'ecdsa', size: 384 } };

describe('pki.issue', () => {
  const cases: readonly (readonly [Kind, Kind])[] = [['rsa', 'rsa'], ['p256', 'p256'], ['rsa', 'p384'], ['p384', 'rsa']];
  for (const [caKind, kind] of cases) {
    dirTest(`makes a ${kind} key and its certificate from a ${caKind} CA and a request file`, async ({ dir }) => {
      const ca = { ...await makeCa(dir, { kind: caKind }), config: await makeConfig(dir), profile: 'kubernetes' };
      const csr = join(dir, 'etcd-csr.json');
      await writeFile(csr, JSON.stringify({ ...REQUEST, key: KEYS[kind] }));
      const params = { csr, ca, cert: join(dir, 'etcd.pem'), key: join(dir, 'etcd-key.pem'), group: 34 };
      const { value, changes } = await changesOnce(() => issue(params), on);

      expect(changes.map(({ property, from }) => [property, from])).toEqual([['key', null], ['certificate', null]]);
      expect(value.leaf.subject.text).toBe('CN=etcd,OU=System,O=k8s,L=ShangHai,ST=ShangHai,C=CN');
      expect(value.leaf).toMatchObject({ keyUsage: ['digitalSignature', 'keyEncipherment'], extendedKeyUsage: ['serverAuth', 'clientAuth'], isCA: false });
      expect(value.leaf.names.map(name => name.value)).toEqual(REQUEST.hosts);
      expect(new X509Certificate(await readFile(params.cert)).checkPrivateKey(createPrivateKey(await readFile(params.key)))).toBe(true);
      expect(await opensslVerify(ca.cert, params.cert)).toBe('OK');
      expect([(await stat(params.cert)).mode & 0o777, (await stat(params.key)).mode & 0o777, (await stat(params.key)).gid]).toEqual([0o644, 0o600, 34]);
      expect((await textOf(params.key)).split('\n')[0]).toBe(`-----BEGIN ${kind === 'rsa' ? 'RSA' : 'EC'} PRIVATE KEY-----`);
      expect(JSON.stringify([value, changes])).not.toContain('PRIVATE');
    });
  }

  dirTest('re-uses the key that is there, and issues again for each thing that differs', async ({ dir }) => {
    const ca = { ...await makeCa(dir, { kind: 'p256' }), config: await makeConfig(dir), profile: 'kubernetes' };
    const params = { csr: REQUEST, ca, cert: join(dir, 'etcd.pem'), key: join(dir, 'etcd-key.pem') };
    await makeKey(params.key, 'p256');
    const key = await textOf(params.key);
    const properties = async (change: Partial<typeof params>) => (await changesOnce(() => issue({ ...params, ...change }), on)).changes.map(({ property }) => property);

    expect(await properties({})).toEqual(['certificate']);
    expect(await properties({ csr: { ...REQUEST, hosts: ['127.0.0.1'] } })).toEqual(['names']);
    expect(await properties({ csr: { ...REQUEST, CN: 'other' } })).toEqual(['subject', 'names']);
    expect(await properties({})).toEqual(['subject']);
    expect(await textOf(params.key)).toBe(key);

    const wider = { ...ca, config: await makeConfig(dir, '24h', ['signing', 'client auth']) };
    expect(await properties({ ca: wider })).toEqual(['usages']);
    expect((await planned(issue({ ...params, ca: wider, renewBeforeDays: 2 }), on)).map(({ property }) => property)).toEqual(['notAfter']);
    expect(await properties({ csr: { ...REQUEST, key: { algo: 'ecdsa', size: 384 } }, ca: wider })).toEqual(['key', 'key']);
    expect(await textOf(join(dir, `etcd-key.pem-bak-${on.runId}`))).toBe(key);
    await makeKey(params.key, 'p384');
    expect(await properties({ csr: { ...REQUEST, key: { algo: 'ecdsa', size: 384 } }, ca: wider })).toEqual(['key']);
    const other = { ...await makeCa(dir, { kind: 'p256', name: 'other', subject: '/CN=other' }), config: wider.config, profile: 'kubernetes' };
    expect(await properties({ csr: { ...REQUEST, key: { algo: 'ecdsa', size: 384 } }, ca: other })).toEqual(['issuer']);
  });

  dirTest('issues an expired certificate again, and puts the old one back', async ({ dir }) => {
    const ca = { ...await makeCa(dir, { kind: 'p256' }), config: await makeConfig(dir), profile: 'kubernetes' };
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: REQUEST.hosts?.map(host => (/^[\d.:a-f]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(',') ?? '', days: -1 });
    const before = await textOf(leaf.cert);
    await applyAndTakeBack(issue({ csr: REQUEST, ca, ...leaf }), on);
    expect(await textOf(leaf.cert)).toBe(before);
    const { changes } = await changesOnce(() => issue({ csr: REQUEST, ca, ...leaf }), on);
    expect(changes.map(({ property }) => property)).toEqual(['notAfter']);
    await rm(leaf.cert);
    await applyAndTakeBack(issue({ csr: REQUEST, ca, ...leaf }), on);
    await expect(stat(leaf.cert)).rejects.toThrow(/ENOENT/);
  });

  dirTest('refuses what it cannot know or do', async ({ dir }) => {
    const ca = { ...await makeCa(dir, { kind: 'p256' }), config: await makeConfig(dir), profile: 'kubernetes' };
    const at = { cert: join(dir, 'etcd.pem'), key: join(dir, 'etcd-key.pem') };
    await expect(carryOut(issue({ csr: REQUEST, ca: { cert: ca.cert, key: ca.key }, ...at }), on)).rejects.toThrow(/names no configuration/);
    await expect(carryOut(issue({ csr: join(dir, 'none.json'), ca, ...at }), on)).rejects.toThrow(/there is no request/);
    await expect(carryOut(issue({ csr: { ...REQUEST, key: { algo: 'ecdsa', size: 521 } }, ca, ...at }), on)).rejects.toThrow(/no EC keys of 521 bits/);
    await expect(carryOut(issue({ csr: { ...REQUEST, key: { algo: 'rsa', size: 1024 } }, ca, ...at }), on)).rejects.toThrow(/no RSA keys of 1024 bits/);
    const leaf = await makeLeaf(dir, 'leaf', ca, { kind: 'p256' });
    await expect(carryOut(issue({ csr: REQUEST, ca: { ...ca, cert: leaf.cert }, ...at }), on)).rejects.toThrow(/the CA is no CA/);
    await expect(stat(at.cert)).rejects.toThrow(/ENOENT/);
    await expect(stat(at.key)).rejects.toThrow(/ENOENT/);
  });
});
