import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { raw } from '../../../core/transport/command';
import { fingerprint } from '../../../core/transport/host-key';
import { newHostKey, publicLine } from '../../support/ssh-keys';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo } from '../../support/transport';

async function loggedIn(connection: ReturnType<typeof connectTo>): Promise<string> {
  await using opened = await connection;
  return (await opened.on.run(raw('echo in'))).stdout;
}

function print(line: string | undefined): string {
  return fingerprint(Buffer.from(line?.split(' ')[1] ?? '', 'base64'));
}

function knownHosts(server: SshServer, ...lines: string[]): { knownHosts: string[] } {
  const file = join(server.dir, 'other_known_hosts');
  writeFileSync(file, lines.map(line => `${line}\n`).join(''));
  return { knownHosts: [file] };
}

test('the fingerprint is the one that ssh-keygen prints', async () => {
  await using server = await startSshServer();
  const file = join(server.dir, 'key.pub');
  writeFileSync(file, `${server.hostKeyLines[0] ?? ''}\n`);
  const { stdout } = spawnSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' });
  expect(stdout).toContain(print(server.hostKeyLines[0]));
});

test('an unknown key is refused, with its fingerprint and what to do', async () => {
  await using server = await startSshServer();
  const connection = connectTo(server.host('web1', knownHosts(server)));
  await expect(connection).rejects.toMatchObject({
    kind: 'connection',
    message: `web1: host key refused: its ssh-ed25519 key ${print(server.hostKeyLines[0])} is not known as [127.0.0.1]:${server.port} in ${server.dir}/other_known_hosts`,
    hint: expect.stringContaining('--host-key accept-new') as string,
  });
  expect(server.executed).toEqual([]);
});

test('accept-new remembers an unknown key, says so, and from then on it must be that one', async () => {
  await using server = await startSshServer();
  const file = join(server.dir, 'fresh/known_hosts');
  const host = server.host('web1', { knownHosts: [file] });
  const notices: string[] = [];
  expect(await loggedIn(connectTo(host, { hostKey: 'accept-new', notice: (_host, text) => notices.push(text) }))).toBe('in\n');
  expect(notices).toEqual([expect.stringMatching(/^its ssh-ed25519 key SHA256:.* was new and is now in /)]);
  expect(readFileSync(file, 'utf8')).toBe(`[127.0.0.1]:${server.port} ${server.hostKeyLines[0] ?? ''}\n`);
  expect([statSync(file).mode & 0o777, statSync(join(server.dir, 'fresh')).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(await loggedIn(connectTo(host))).toBe('in\n');
  writeFileSync(file, `[127.0.0.1]:${server.port} ${publicLine(newHostKey('ed25519'))}`);
  await expect(connectTo(host, { hostKey: 'accept-new' })).rejects.toThrow('is not the one in');
});

test('accept-new begins a line of its own behind a file without a final line break', async () => {
  await using server = await startSshServer();
  const file = join(server.dir, 'ragged');
  writeFileSync(file, '# no line break');
  await loggedIn(connectTo(server.host('web1', { knownHosts: [file] }), { hostKey: 'accept-new' }));
  expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('# no line break');
});

test.each(['strict', 'accept-new'] as const)('a changed key is refused under %s, with file, line and the way out', async hostKey => {
  await using server = await startSshServer();
  const connection = connectTo(server.host('web1', knownHosts(server, '# first line', `[127.0.0.1]:${server.port} ${publicLine(newHostKey('ed25519'))}`)), { hostKey });
  await expect(connection).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`key SHA256:.* is not the one in .*other_known_hosts line 2`)) as string,
    hint: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${server.port}'`) as string,
  });
});

test.each(['strict', 'accept-new'] as const)('a revoked key is refused under %s, though it is known', async hostKey => {
  await using server = await startSshServer();
  const line = `[127.0.0.1]:${server.port} ${server.hostKeyLines[0] ?? ''}`;
  for (const lines of [[line, `@revoked * ${server.hostKeyLines[0] ?? ''}`], [`@revoked ${line}`]]) {
    await expect(connectTo(server.host('web1', knownHosts(server, ...lines)), { hostKey })).rejects.toThrow('marked as revoked');
  }
});

test('a key of another host, or of a certificate authority, does not count', async () => {
  await using server = await startSshServer();
  const key = server.hostKeyLines[0] ?? '';
  for (const line of [`web1 ${key}`, `[127.0.0.1]:${server.port + 1} ${key}`, `@cert-authority * ${key}`, `*,!*127.0.0.1* ${key}`]) {
    await expect(connectTo(server.host('web1', knownHosts(server, line)))).rejects.toThrow('is not known');
  }
});

test('the key of the bare name counts for another port too, as with ssh', async () => {
  await using server = await startSshServer();
  expect(await loggedIn(connectTo(server.host('web1', knownHosts(server, `127.0.0.1 ${server.hostKeyLines[0] ?? ''}`))))).toBe('in\n');
});

test('the server is asked for a type of key that is known, whatever it would rather show', async () => {
  await using server = await startSshServer({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
  for (const line of server.hostKeyLines) {
    expect(await loggedIn(connectTo(server.host('web1', knownHosts(server, `[127.0.0.1]:${server.port} ${line}`))))).toBe('in\n');
  }
});

test('several files are looked through', async () => {
  await using server = await startSshServer();
  const { knownHosts: [empty] } = knownHosts(server);
  expect(await loggedIn(connectTo(server.host('web1', { knownHosts: [empty ?? '', '/no/such/file', server.knownHostsFile] })))).toBe('in\n');
});

test('pinned fingerprints replace known_hosts', async () => {
  await using server = await startSshServer();
  const right = print(server.hostKeyLines[0]);
  const nothingKnown = knownHosts(server);
  expect(await loggedIn(connectTo(server.host('web1', { ...nothingKnown, hostKeys: ['SHA256:other', right] })))).toBe('in\n');
  await expect(connectTo(server.host('web1', { hostKeys: ['SHA256:other'] }))).rejects.toThrow(`${right} is none of those pinned in the inventory (SHA256:other)`);
});

test('a known_hosts file that cannot be read closes the door', async () => {
  await using server = await startSshServer();
  const file = join(server.dir, 'directory');
  mkdirSync(file);
  chmodSync(file, 0o700);
  await expect(connectTo(server.host('web1', { knownHosts: [file, server.knownHostsFile] }), { hostKey: 'accept-new' })).rejects.toMatchObject({
    kind: 'connection', message: expect.stringContaining('directory cannot be read') as string, hint: expect.stringContaining('cannot be checked') as string,
  });
  expect(server.connections).toBe(0);
});

test('there is one place that opens SSH connections, and it cannot do so without a verifier', () => {
  const dir = join(__dirname, '../../../core/transport');
  const sources = readdirSync(dir).map(name => readFileSync(join(dir, name), 'utf8'));
  const connects = sources.flatMap(text => text.match(/client\.connect\([^)]*\)/g) ?? []);
  expect(connects).toEqual(['client.connect(config)']);
  expect(sources.join('\n')).toContain("type Verified = ConnectConfig & Required<Pick<ConnectConfig, 'hostVerifier'>>;");
});
