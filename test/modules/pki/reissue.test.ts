import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, chown, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { see } from '../../../core/module';
import { authority, certificate, reissue } from '../../../modules/pki';
import { certificateFacts, rawSubject } from '../../../modules/pki/facts';
import { certificatesIn } from '../../../modules/pki/pem';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';
import { makeCa, makeConfig, makeLeaf, openssl, opensslVerify, SUBJECT, textOf, type Kind, type Pair } from './openssl';
import { dirTest } from './temporary';

const on = localTarget();
const NAMES = 'IP:127.0.0.1,IP:172.72.0.95,IP:172.72.0.96,IP:172.72.0.97,IP:fd00::96,DNS:kubernetes.default.svc,DNS:Leaver.example,URI:spiffe://cluster/etcd,email:sre@example.com';
const MINUS = ['172.72.0.96', '172.72.0.97', 'fd00:0::0:96', 'leaver.example', '72.0.95', '10.0.0.1'];
const LEFT = ['127.0.0.1', '172.72.0.95', 'kubernetes.default.svc', 'spiffe://cluster/etcd', 'sre@example.com'];

async function factsOf(path: string): Promise<ReturnType<typeof certificateFacts>> {
  const [der] = certificatesIn(await readFile(path));
  if (der === undefined) throw new Error(`${path} holds no certificate`);
  return certificateFacts(der);
}

/** A real TLS server with the pair, and a client of Node's own that trusts only the CA. */
async function handshake(ca: Pair, leaf: Pair): Promise<string> {
  const server = createServer({ cert: await readFile(leaf.cert), key: await readFile(leaf.key) }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = connect({ host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0, ca: await readFile(ca.cert) });
  try {
    await once(client, 'secureConnect');
    return client.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '';
  } finally {
    client.destroy();
    server.close();
  }
}

describe('pki.reissue', () => {
  const cases: readonly (readonly [Kind, Kind])[] = [['rsa', 'rsa'], ['p256', 'p256'], ['p384', 'p384'], ['rsa', 'p256'], ['p384', 'rsa'], ['p256', 'p384']];
  for (const [caKind, kind] of cases) {
    dirTest(`takes names out of a ${kind} certificate of a ${caKind} CA, with its key`, async ({ dir }) => {
      const ca = await makeCa(dir, { kind: caKind });
      const leaf = await makeLeaf(dir, 'etcd', ca, { kind, names: NAMES });
      const config = await makeConfig(dir);
      const [before, keyBefore] = [await factsOf(leaf.cert), await readFile(leaf.key)];
      await chmod(leaf.cert, 0o640);
      await chown(leaf.cert, 12, 34);

      const params = { ...leaf, ca: { ...ca, config, profile: 'kubernetes' }, minus: MINUS };
      const { value, changes } = await changesOnce(() => reissue(params), on);

      const after = await factsOf(leaf.cert);
      expect(changes.map(({ property }) => property)).toEqual(['names']);
      expect(value.leaf).toEqual(after);
      expect(after.names.map(name => name.value)).toEqual(LEFT);
      expect(rawSubject(after)).toEqual(rawSubject(before));
      expect(after).toMatchObject({ key: before.key, keyUsage: before.keyUsage, extendedKeyUsage: before.extendedKeyUsage, publicKey: before.publicKey, isCA: false });
      expect(after.subjectKeyId).toBe(before.subjectKeyId);
      expect(after.authorityKeyId).toBe((await factsOf(ca.cert)).subjectKeyId);
      expect(after.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
      expect(after.serial).not.toBe(before.serial);
      expect(Date.now() - Date.parse(after.notBefore)).toBeGreaterThan(290_000);
      expect(Date.parse(after.notAfter) - Date.parse(after.notBefore)).toBe(87_600 * 3_600_000);

      expect(await readFile(leaf.key)).toEqual(keyBefore);
      const { mode, uid, gid } = await stat(leaf.cert);
      expect([mode & 0o7777, uid, gid]).toEqual([0o640, 12, 34]);
      expect(await opensslVerify(ca.cert, leaf.cert)).toBe('OK');
      expect(await handshake(ca, leaf)).toBe(after.serial);
      const copy = join(dir, `etcd.pem-bak-${on.runId}`);
      expect((await factsOf(copy)).fingerprint).toBe(before.fingerprint);
      expect((await stat(copy)).mode & 0o7777).toBe(0o640);
      expect((await readdir(dir)).filter(name => name.includes('.runsheet-'))).toEqual([]);
    });
  }

  dirTest('makes what OpenSSL took for self-signed verifiable: CA and leaf share their subject, the old leaf has no key ids', async ({ dir }) => {
    const subject = `${SUBJECT}/CN=kubernetes`;
    const ca = await makeCa(dir, { kind: 'p256', subject, keyIds: false });
    const leaf = await makeLeaf(dir, 'kubernetes', ca, { kind: 'p256', subject, names: 'IP:127.0.0.1,IP:10.0.0.1', keyIds: false });
    expect(await opensslVerify(ca.cert, leaf.cert)).not.toBe('OK');
    await changesOnce(() => reissue({ ...leaf, ca, minus: ['10.0.0.1'] }), on);
    expect(await opensslVerify(ca.cert, leaf.cert)).toBe('OK');
    expect(await handshake(ca, leaf)).toBe((await factsOf(leaf.cert)).serial);
  });

  dirTest.for<Kind>(['rsa', 'p384'])('makes a new %s key of the same kind when asked, and puts both back', async (kind, { dir }) => {
    const ca = await makeCa(dir, { kind });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind, names: NAMES });
    await chmod(leaf.key, 0o440);
    await chown(leaf.key, 0, 34);
    const [oldCert, oldKey] = [await textOf(leaf.cert), await textOf(leaf.key)];
    const params = { ...leaf, ca, minus: MINUS, newKey: true };

    await applyAndTakeBack(reissue(params), on);
    expect([await textOf(leaf.cert), await textOf(leaf.key)]).toEqual([oldCert, oldKey]);

    const { changes, value } = await changesOnce(() => reissue(params), on);
    expect(changes.map(({ property }) => property)).toEqual(['names', 'key']);
    const key = createPrivateKey(await readFile(leaf.key));
    expect(new X509Certificate(await readFile(leaf.cert)).checkPrivateKey(key)).toBe(true);
    expect(await textOf(leaf.key)).not.toBe(oldKey);
    expect(key.asymmetricKeyDetails).toEqual(createPrivateKey(oldKey).asymmetricKeyDetails);
    const { mode, gid } = await stat(leaf.key);
    expect([mode & 0o7777, gid]).toEqual([0o440, 34]);
    expect(await textOf(join(dir, `etcd-key.pem-bak-${on.runId}`))).toBe(oldKey);
    expect(JSON.stringify([value, changes])).not.toContain('PRIVATE');
    expect(await handshake(ca, leaf)).toBe(value.leaf.serial);
  });

  dirTest('keeps the request file true without touching another byte, and writes it where there is none', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1,IP:172.72.0.96,DNS:a.b' });
    const csrJson = join(dir, 'etcd-csr.json');
    const text = (hosts: string) => `{\n  "CN": "etcd",\n    "hosts": [\n    ${hosts}\n    ],\n  "key": {"algo":"rsa",  "size": 2048 },\n  "names": [{ "C": "CN", "hosts": "x" }]\n}\n\n`;
    await writeFile(csrJson, text('"127.0.0.1",\n    "172.72.0.96",\n    "a.b"'), { mode: 0o600 });
    const params = { ...leaf, ca, csrJson, minus: ['172.72.0.96'] };

    const first = await changesOnce(() => reissue(params), on);
    expect(first.changes).toContainEqual({ resource: csrJson, property: 'hosts', from: '127.0.0.1, 172.72.0.96, a.b', to: '127.0.0.1, a.b' });
    expect(await textOf(csrJson)).toBe(text('"127.0.0.1",\n    "a.b"'));
    expect((await stat(csrJson)).mode & 0o777).toBe(0o600);

    await rm(csrJson);
    const { serial } = first.value.leaf;
    const second = await changesOnce(() => reissue(params), on);
    expect(second.changes.map(({ property, from }) => [property, from])).toEqual([['hosts', null]]);
    expect(second.value.leaf.serial).toBe(serial);
    expect(JSON.parse(await textOf(csrJson))).toEqual({
      CN: 'etcd', hosts: ['127.0.0.1', 'a.b'], key: { algo: 'ecdsa', size: 256 }, names: [{ C: 'CN', ST: 'ShangHai', L: 'ShangHai', O: 'k8s', OU: 'System' }],
    });
    await rm(csrJson);
    await applyAndTakeBack(reissue(params), on);
    expect(await readdir(dir)).not.toContain('etcd-csr.json');
  });

  dirTest('keeps what follows the certificate in its file, and the link to the file', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1,IP:10.0.0.1' });
    await writeFile(leaf.cert, `a comment\n${await textOf(leaf.cert)}${await textOf(ca.cert)}trailer`);
    const link = join(dir, 'link.pem');
    await symlink('etcd.pem', link);
    await changesOnce(() => reissue({ cert: link, key: leaf.key, ca, minus: ['10.0.0.1'] }), on);
    const text = await textOf(leaf.cert);
    expect(text.startsWith('a comment\n-----BEGIN')).toBe(true);
    expect(text.endsWith(`${await textOf(ca.cert)}trailer`)).toBe(true);
    expect((await carryOut(certificate({ path: link }), on)).value.chain.map(one => one.subject.text)).toEqual([`CN=kubernetes,OU=System,O=k8s,L=ShangHai,ST=ShangHai,C=CN`]);
    expect((await stat(join(dir, `link.pem-bak-${on.runId}`))).isFile()).toBe(true);
  });

  dirTest.for<Kind>(['rsa', 'p256'])('repeats subjects and extensions of every kind to the byte (%s)', async (kind, { dir }) => {
    const ca = await makeCa(dir, { kind, subject: '/O=Ünïcödé/CN=the CA' });
    const extensions = 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=critical,clientAuth,1.2.3.4\ncertificatePolicies=1.2.3.4\n1.2.3.4.5=critical,ASN1:UTF8String:kept\nnsComment=as it is\n';
    const subject = '/C=CN/O=Zürich, "Bahn" + Söhne/OU=a+OU=b/DC=example/emailAddress=a@b.c/serialNumber=7/CN=x\\/y';
    const leaf = await makeLeaf(dir, 'odd', ca, { kind, subject, extensions, names: 'DNS:a,DNS:b,dirName:dir\n[dir]\nCN=inside' });
    const before = await factsOf(leaf.cert);
    await changesOnce(() => reissue({ ...leaf, ca, minus: ['b'] }), on);
    const after = await factsOf(leaf.cert);
    expect(rawSubject(after)).toEqual(rawSubject(before));
    expect(after.subject).toEqual(before.subject);
    expect(after.issuer.sha256).toBe(before.issuer.sha256);
    const own = ['2.5.29.17', '2.5.29.19', '2.5.29.14', '2.5.29.35'];
    expect(after.extensions.filter(one => !own.includes(one.oid))).toEqual(before.extensions.filter(one => !own.includes(one.oid)));
    expect(after.names).toEqual(before.names.filter(name => name.value !== 'b'));
    expect(after.names.map(({ type }) => type)).toEqual(['dns', 'other']);
    // It lives as long as before where nobody says otherwise.
    expect(Date.parse(after.notAfter) - Date.parse(after.notBefore)).toBe(3650 * 86_400_000);
  });

  dirTest.for<Kind>(['rsa', 'p256'])('never outlives its CA, whose end is after 2050 (%s)', async (kind, { dir }) => {
    const ca = await makeCa(dir, { kind, days: 12_000 });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind, names: 'IP:127.0.0.1,IP:10.0.0.1' });
    const config = await makeConfig(dir, '876000h');
    const { value } = await changesOnce(() => reissue({ ...leaf, ca: { ...ca, config }, minus: ['10.0.0.1'], renewBeforeDays: 20_000 }), on);
    expect(value.leaf.notAfter).toBe((await factsOf(ca.cert)).notAfter);
    expect(value.leaf.notAfter > '2050').toBe(true);
    expect(await opensslVerify(ca.cert, leaf.cert)).toBe('OK');
  });

  dirTest('signs with a CA that lies on another host, and takes usages from its profile', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1' });
    const config = await makeConfig(dir, '24h', ['signing', 'server auth']);
    const { value: elsewhere } = await carryOut(authority({ ...ca, config, profile: 'kubernetes' }), on);
    expect(JSON.stringify(elsewhere)).not.toContain((await textOf(ca.key)).split('\n')[1]);
    const { value, changes } = await changesOnce(() => reissue({ ...leaf, ca: elsewhere, plus: ['10.0.0.9', 'new.example'], usages: 'profile' }), on);
    expect(changes.map(({ property, to }) => [property, to])).toEqual([['names', '127.0.0.1, 10.0.0.9, new.example'], ['usages', 'digitalSignature, serverAuth']]);
    expect(value.leaf).toMatchObject({ keyUsage: ['digitalSignature'], extendedKeyUsage: ['serverAuth'] });
    expect(await opensslVerify(ca.cert, leaf.cert)).toBe('OK');
  });

  dirTest('signs again what will end soon, once', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', days: 5 });
    const config = await makeConfig(dir);
    expect(await planned(reissue({ ...leaf, ca: { ...ca, config }, renewBeforeDays: 4 }), on)).toEqual([]);
    const { value } = await changesOnce(() => reissue({ ...leaf, ca: { ...ca, config }, renewBeforeDays: 30 }), on);
    expect(Date.parse(value.leaf.notAfter)).toBeGreaterThan(Date.now() + 3600 * 86_400_000);
    const expired = await makeLeaf(dir, 'expired', ca, { kind: 'p256', days: -1 });
    expect((await changesOnce(() => reissue({ ...expired, ca: { ...ca, config } }), on)).changes.map(({ property }) => property)).toEqual(['notAfter']);
  });

  describe('refuses', () => {
    interface Case { readonly title: string; readonly reason: RegExp; readonly params: (dir: string, ca: Pair, leaf: Pair) => Promise<Partial<Parameters<typeof reissue>[0]>> }
    const refusals: readonly Case[] = [
      { title: 'a CA', reason: /it is a CA/, params: (_dir, ca) => Promise.resolve({ cert: ca.cert, key: ca.key }) },
      { title: 'a key of another certificate', reason: /etcd2-key\.pem is not its key .*-bak-<run>/, params: async (dir, ca) => ({ key: (await makeLeaf(dir, 'etcd2', ca, { kind: 'p256' })).key }) },
      { title: 'to take the last name', reason: /no name would be left/, params: () => Promise.resolve({ minus: ['127.0.0.1', '10.0.0.1'] }) },
      { title: 'a CA that did not issue it', reason: /other\.pem did not issue it/, params: async dir => ({ ca: await makeCa(dir, { kind: 'p256', name: 'other' }) }) },
      { title: 'a profile that is not there', reason: /no profile "etcd", only kubernetes/, params: async (dir, ca) => ({ ca: { ...ca, config: await makeConfig(dir), profile: 'etcd' } }) },
      { title: 'a configuration that is none', reason: /etcd-key\.pem is no JSON/, params: (_dir, ca, leaf) => Promise.resolve({ ca: { ...ca, config: leaf.key } }) },
      { title: 'a certificate that is not there', reason: /there is no certificate .*nowhere/, params: dir => Promise.resolve({ cert: join(dir, 'nowhere') }) },
    ];
    for (const { title, reason, params } of refusals) {
      dirTest(title, async ({ dir }) => {
        const ca = await makeCa(dir, { kind: 'p256' });
        const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1,IP:10.0.0.1' });
        const call = reissue({ ...leaf, ca, minus: ['10.0.0.1'], ...await params(dir, ca, leaf) });
        await expect(see(call.look as Extract<typeof call.look, { kind: 'live' }>, on)).rejects.toThrow(reason);
      });
    }

    dirTest('a CA whose key is another\'s, and leaves the file as it is', async ({ dir }) => {
      const ca = await makeCa(dir, { kind: 'p256' });
      const other = await makeCa(dir, { kind: 'p256', name: 'other' });
      const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1,IP:10.0.0.1' });
      const before = await textOf(leaf.cert);
      await expect(carryOut(reissue({ ...leaf, ca: { cert: ca.cert, key: other.key }, minus: ['10.0.0.1'] }), on)).rejects.toThrow(/other-key\.pem is not the key of/);
      await writeFile(join(dir, 'bundle.pem'), `${await textOf(ca.cert)}${await textOf(other.cert)}`);
      await expect(carryOut(reissue({ ...leaf, ca: { cert: join(dir, 'bundle.pem'), key: other.key }, minus: ['10.0.0.1'] }), on)).rejects.toThrow(/belongs to another CA/);
      expect(await textOf(leaf.cert)).toBe(before);
    });

    dirTest('an expired CA', async ({ dir }) => {
      const ca = await makeCa(dir, { kind: 'p256' });
      const leaf = await makeLeaf(dir, 'etcd', ca, { kind: 'p256', names: 'IP:127.0.0.1,IP:10.0.0.1' });
      await openssl('x509', '-in', ca.cert, '-signkey', ca.key, '-days', '-1', '-out', ca.cert);
      await expect(carryOut(reissue({ ...leaf, ca, minus: ['10.0.0.1'] }), on)).rejects.toThrow(/its CA expired at/);
      expect(await planned(reissue({ ...leaf, ca, minus: ['10.0.0.2'] }), on)).toEqual([]);
    });

    test('parameters that cannot be meant', () => {
      const ca = { cert: 'ca.pem', key: '/k' };
      expect(reissue({ cert: 'etcd.pem', key: '/k', ca, newKey: true, backup: false }).problems).toEqual([
        'pki.reissue: "etcd.pem" is no absolute path', 'pki.reissue: "ca.pem" is no absolute path', expect.stringContaining('needs the backup'),
      ]);
    });
  });
});
