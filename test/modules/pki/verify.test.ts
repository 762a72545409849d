import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { describe, expect } from 'vitest';
import { Secret } from '../../../core/secret';
import { certificate, certificates, key, secureConnect, served, serves, verifyCertificate } from '../../../modules/pki';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';
import { makeCa, makeLeaf, openssl, SUBJECT, textOf, type Kind, type LeafOptions, type Pair } from './openssl';
import { dirTest } from './temporary';

const on = localTarget();

describe('verifyCertificate', () => {
  interface Case { readonly title: string; readonly leaf: LeafOptions; readonly name?: string; readonly at?: Date; readonly problem?: RegExp }
  const cases: readonly Case[] = [
    { title: 'an address', leaf: {}, name: '127.0.0.1' },
    { title: 'an IPv6 address in another form', leaf: { names: 'IP:fd00::1' }, name: 'fd00:0:0:0:0:0:0:1' },
    { title: 'a name', leaf: { names: 'DNS:kubernetes.default' }, name: 'kubernetes.default' },
    { title: 'CA and leaf with one subject, and no key ids', leaf: { subject: `${SUBJECT}/CN=kubernetes`, keyIds: false }, name: '127.0.0.1' },
    { title: 'no usage at all', leaf: { extensions: 'basicConstraints=CA:FALSE\n' }, name: '127.0.0.1' },
    { title: 'any usage', leaf: { extensions: 'extendedKeyUsage=anyExtendedKeyUsage\n' }, name: '127.0.0.1' },
    { title: 'another address', leaf: {}, name: '127.0.0.10', problem: /^is not for 127\.0\.0\.10 but for 127\.0\.0\.1$/ },
    { title: 'a common name only', leaf: { names: '', subject: '/CN=kubernetes.default' }, name: 'kubernetes.default', problem: /is not for kubernetes\.default but for no name/ },
    { title: 'the wrong usage', leaf: { extensions: 'extendedKeyUsage=clientAuth\n' }, problem: /may not be used for serverAuth, only for clientAuth/ },
    { title: 'a time before it', leaf: {}, at: new Date('2020-01-01'), problem: /is not valid before/ },
    { title: 'a time after it', leaf: {}, at: new Date('2050-01-01'), problem: /^expired at/ },
  ];
  for (const { title, leaf, name, at, problem } of cases) {
    dirTest(`${problem === undefined ? 'accepts' : 'refuses'} ${title}`, async ({ dir }) => {
      const ca = await makeCa(dir, { kind: 'p256', keyIds: leaf.keyIds ?? true });
      const { cert } = await makeLeaf(dir, 'leaf', ca, { kind: 'p256', ...leaf });
      const problems = verifyCertificate(await textOf(cert), { ca: await textOf(ca.cert), purpose: 'serverAuth', ...(name === undefined ? {} : { name }), ...(at === undefined ? {} : { at }) });
      expect(problems).toEqual(problem === undefined ? [] : expect.arrayContaining([expect.stringMatching(problem)]));
    });
  }

  dirTest('refuses another CA of the same name, a leaf as CA, and an expired CA', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const other = await makeCa(dir, { kind: 'p256', name: 'other' });
    const leaf = await makeLeaf(dir, 'leaf', ca, { kind: 'p256' });
    const below = await makeLeaf(dir, 'below', leaf, { kind: 'p256' });
    expect(verifyCertificate(await textOf(leaf.cert), { ca: await textOf(other.cert) })).toEqual([expect.stringMatching(/^was not issued by the trusted CA/)]);
    expect(verifyCertificate(await textOf(below.cert), { ca: await textOf(leaf.cert) })).toHaveLength(1);
    await openssl('x509', '-in', ca.cert, '-signkey', ca.key, '-days', '-1', '-out', ca.cert);
    expect(verifyCertificate(await textOf(leaf.cert), { ca: await textOf(ca.cert) })).toEqual([expect.stringMatching(/^has an issuer, CN=kubernetes.*, that expired at/)]);
    expect(() => verifyCertificate(Buffer.from('x'), { ca: '' })).toThrow();
  });

  dirTest('finds the way over intermediates, in a bundle of several CAs', async ({ dir }) => {
    const [root, unused] = [await makeCa(dir, { kind: 'p256', name: 'root', subject: '/CN=root' }), await makeCa(dir, { kind: 'p256', name: 'unused' })];
    const middle = await makeLeaf(dir, 'middle', root, { kind: 'p256', names: '', extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n' });
    const leaf = await makeLeaf(dir, 'leaf', middle, { kind: 'p256' });
    const ca = `${await textOf(unused.cert)}${await textOf(root.cert)}`;
    const intermediates = [Buffer.from(await textOf(leaf.cert)), Buffer.from(await textOf(middle.cert))];
    expect(verifyCertificate(await textOf(leaf.cert), { ca, intermediates })).toEqual([]);
    expect(verifyCertificate(await textOf(leaf.cert), { ca })).toHaveLength(1);
    expect(verifyCertificate(await textOf(leaf.cert), { ca: await textOf(unused.cert), intermediates })).toHaveLength(1);
  });
});

interface Listening extends AsyncDisposable { readonly port: number; readonly received: string[] }

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A TLS server that keeps what it is told and answers `hello`. */
async function startTls(pair: Pair, options: TlsOptions = {}): Promise<Listening> {
  const received: string[] = [];
  const server = createServer({ cert: await readFile(pair.cert), key: await readFile(pair.key), ...options }, socket => {
    socket.on('data', (data: Buffer) => received.push(data.toString())).on('error', () => undefined);
    socket.write('hello');
  });
  const port = await listen(server);
  return { port, received, [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())) };
}

async function streamTo(port: number): Promise<ReturnType<typeof connectTcp>> {
  const stream = connectTcp(port, '127.0.0.1');
  await once(stream, 'connect');
  return stream;
}

describe('secureConnect', () => {
  dirTest.for<TlsOptions>([{ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }])('speaks to a server that Node would refuse, with a client certificate (%o)', async (versions, { dir }) => {
    const subject = `${SUBJECT}/CN=kubernetes`;
    const ca = await makeCa(dir, { kind: 'p256', subject, keyIds: false });
    const leaf = await makeLeaf(dir, 'kubernetes', ca, { kind: 'p256', subject, keyIds: false });
    const client = await makeLeaf(dir, 'client', ca, { kind: 'p256', subject: '/CN=sre', names: '', keyIds: false });
    await using server = await startTls(leaf, { requestCert: true, rejectUnauthorized: true, ca: await readFile(ca.cert), ...versions });
    const socket = await secureConnect({ stream: await streamTo(server.port), ca: await textOf(ca.cert), name: '127.0.0.1', cert: await textOf(client.cert), key: new Secret(await textOf(client.key)) });
    socket.write('asked');
    const [answer] = await once(socket, 'data') as [Buffer];
    expect(answer.toString()).toBe('hello');
    await expect.poll(() => server.received).toEqual(['asked']);
    socket.destroy();
  });

  dirTest('sends nothing to a server that is not trusted, and closes', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const other = await makeCa(dir, { kind: 'p256', name: 'other' });
    const leaf = await makeLeaf(dir, 'leaf', ca, { kind: 'p256' });
    await using server = await startTls(leaf);
    const stream = await streamTo(server.port);
    await expect(secureConnect({ stream, ca: await textOf(other.cert), name: '127.0.0.1' })).rejects.toThrow(/not trusted: it was not issued by the trusted CA/);
    expect(stream.destroyed).toBe(true);
    await expect(secureConnect({ stream: await streamTo(server.port), ca: await textOf(ca.cert), name: 'elsewhere' })).rejects.toThrow(/it is not for elsewhere but for 127\.0\.0\.1/);
    expect(server.received).toEqual([]);
  });

  dirTest('ends with the signal, and says that a port speaks no TLS', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const silent = createTcpServer(socket => socket.on('error', () => undefined).resume());
    const plain = createTcpServer(socket => socket.on('error', () => undefined).end('SSH-2.0-x\r\n'));
    const [silentPort, plainPort] = [await listen(silent), await listen(plain)];
    await expect(secureConnect({ stream: await streamTo(silentPort), ca: await textOf(ca.cert), name: '127.0.0.1', signal: AbortSignal.timeout(50) })).rejects.toThrow(/no TLS handshake: /);
    await expect(secureConnect({ stream: await streamTo(plainPort), ca: await textOf(ca.cert), name: '127.0.0.1' })).rejects.toThrow();
    silent.close();
    plain.close();
  });
});

describe('pki.served and pki.serves', () => {
  dirTest('show a server\'s certificate, and wait for another one', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const leaf = await makeLeaf(dir, 'leaf', ca, { kind: 'p256', names: 'IP:127.0.0.1,DNS:kubernetes' });
    const next = await makeLeaf(dir, 'next', ca, { kind: 'p256' });
    await using server = await startTls(leaf);
    const at = { address: '127.0.0.1', port: server.port, ca: ca.cert };
    const { value } = await carryOut(served({ ...at, name: 'kubernetes' }), on);
    expect(value.leaf.names.map(name => name.value)).toEqual(['127.0.0.1', 'kubernetes']);
    expect(value.protocol).toBe('TLSv1.3');
    expect((await carryOut(serves({ ...at, cert: leaf.cert }), on)).value.leaf.serial).toBe(value.leaf.serial);
    expect((await carryOut(serves({ ...at, serials: ['00', value.leaf.serial.toUpperCase()] }), on)).value.leaf.serial).toBe(value.leaf.serial);
    await expect(carryOut(serves({ ...at, cert: next.cert, timeout: '10ms' }), on)).rejects.toThrow(`shows the certificate with serial ${value.leaf.serial}`);
    await expect(carryOut(served({ ...at, name: 'other' }), on)).rejects.toThrow(/not trusted: it is not for other/);
    await writeFile(join(dir, 'no.pem'), 'nothing');
    await expect(carryOut(served({ ...at, ca: join(dir, 'no.pem') }), on)).rejects.toThrow(/holds no certificate/);
  });
});

describe('pki.certificate and pki.key', () => {
  dirTest.for<Kind>(['rsa', 'p256', 'p384'])('tell what OpenSSL tells (%s)', async (kind, { dir }) => {
    const ca = await makeCa(dir, { kind });
    const { cert, key: keyPath } = await makeLeaf(dir, 'etcd', ca, { kind, names: 'IP:127.0.0.1,IP:fd00::1,DNS:a.b,URI:x://y' });
    await chmod(cert, 0o4640);
    const [{ leaf, mode, owner }] = (await carryOut(certificates({ paths: [cert, ca.cert] }), on)).value as [Awaited<ReturnType<typeof one>>, unknown];
    const said = await openssl('x509', '-in', cert, '-noout', '-subject', '-issuer', '-serial', '-fingerprint', '-sha256', '-enddate', '-nameopt', 'RFC2253,utf8,-esc_msb');
    expect(said).toContain(`subject=${leaf.subject.text}\n`);
    expect(said).toContain(`issuer=${leaf.issuer.text}\n`);
    expect(said.toLowerCase()).toContain(`serial=${leaf.serial}\n`);
    expect(said.toLowerCase().replaceAll(':', '')).toContain(`fingerprint=${leaf.fingerprint}\n`);
    expect(new Date(/notAfter=(.*)/.exec(said)?.[1] ?? '').toISOString()).toBe(leaf.notAfter);
    expect([mode, owner]).toEqual(['4640', 'root']);
    expect(leaf.names.map(({ type, value }) => `${type} ${value}`)).toEqual(['ip 127.0.0.1', 'ip fd00::1', 'dns a.b', 'uri x://y']);
    expect(leaf.key).toMatchObject(kind === 'rsa' ? { type: 'rsa', size: 2048 } : { type: 'ec', size: kind === 'p256' ? 256 : 384 });

    const { value } = await carryOut(key({ path: keyPath }), on);
    expect(value).toMatchObject({ isPrivate: true, sha256: leaf.key.sha256, type: leaf.key.type, size: leaf.key.size });
    await writeFile(join(dir, 'sa.pub'), `${await openssl('pkey', '-in', ca.key, '-pubout')}${await textOf(cert)}`);
    const several = (await carryOut(key({ path: join(dir, 'sa.pub') }), on)).value;
    expect([several.isPrivate, several.all[1]?.sha256]).toEqual([false, leaf.key.sha256]);
    expect(JSON.stringify([value, several])).not.toContain('PRIVATE');
  });

  const one = async (path: string) => (await carryOut(certificate({ path }), on)).value;

  dirTest('read DER, and a key where the host has no openssl', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    const { cert, key: keyPath } = await makeLeaf(dir, 'etcd', ca, { kind: 'p256' });
    await openssl('x509', '-in', cert, '-outform', 'DER', '-out', join(dir, 'etcd.der'));
    expect((await one(join(dir, 'etcd.der'))).leaf).toEqual((await one(cert)).leaf);
    const bare = localTarget(['env', `PATH=${join(dir, 'bin')}`, '/bin/sh']);
    await mkdir(join(dir, 'bin'));
    const tools = ['base64', 'cat', 'chmod', 'chown', 'env', 'grep', 'head', 'mv', 'readlink', 'rm', 'setsid', 'sh', 'sha256sum', 'sleep', 'stat', 'sync'];
    for (const tool of tools) await symlink(`/bin/${tool}`, join(dir, 'bin', tool));
    expect((await carryOut(key({ path: keyPath }), bare)).value.sha256).toBe((await one(cert)).leaf.key.sha256);
  });

  dirTest('say what is wrong with a file', async ({ dir }) => {
    const ca = await makeCa(dir, { kind: 'p256' });
    await writeFile(join(dir, 'text'), 'no certificate');
    await openssl('ec', '-in', ca.key, '-aes128', '-passout', 'pass:secret', '-out', join(dir, 'locked.pem'));
    await expect(one(join(dir, 'text'))).rejects.toThrow(/text: holds no certificate/);
    await expect(one(join(dir, 'none'))).rejects.toThrow(/there is no certificate .*none/);
    await expect(carryOut(key({ path: join(dir, 'text') }), on)).rejects.toThrow(/text: holds no key in PEM form/);
    await expect(carryOut(key({ path: join(dir, 'none') }), on)).rejects.toThrow(/there is no key .*none/);
    await expect(carryOut(key({ path: join(dir, 'locked.pem') }), on)).rejects.toThrow(/locked\.pem/);
    expect(certificate({ path: 'etcd.pem' }).problems).toEqual(['pki.certificate: "etcd.pem" is no absolute path']);
  });
});
