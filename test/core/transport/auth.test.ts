import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { raw } from '../../../core/transport/command';
import type { HostConnection } from '../../../core/inventory/host';
import { newHostKey, publicLine } from '../../support/ssh-keys';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo, until } from '../../support/transport';

const kept = { HOME: process.env['HOME'], SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] };
let agents: ChildProcess[] = [];
beforeEach(() => { process.env['SSH_AUTH_SOCK'] = ''; });
afterEach(() => {
  Object.assign(process.env, kept);
  for (const agent of agents) agent.kill();
  agents = [];
});

/** A host that is given no key file. */
function without(server: SshServer, changes: Partial<HostConnection> = {}): ReturnType<SshServer['host']> {
  const { type, address, port, knownHosts = [], user = '' } = server.host().connection;
  return { ...server.host(), connection: { type, address, port, knownHosts, user, ...changes } };
}

async function loggedIn(connection: ReturnType<typeof connectTo>): Promise<string> {
  await using opened = await connection;
  return (await opened.on.run(raw('echo in'))).stdout;
}

/** An agent that holds these key files. */
async function agentWith(server: SshServer, ...files: string[]): Promise<void> {
  const socket = join(server.dir, `agent-${agents.length}`);
  agents.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }));
  await until(() => existsSync(socket));
  for (const file of files) execFileSync('ssh-add', [file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  process.env['SSH_AUTH_SOCK'] = socket;
}

function encrypted(server: SshServer): string {
  const file = join(server.dir, 'encrypted');
  writeFileSync(file, newHostKey('ed25519'), { mode: 0o600 });
  execFileSync('ssh-keygen', ['-p', '-q', '-f', file, '-N', 'a passphrase'], { stdio: 'ignore' });
  return file;
}

function emptyHome(server: SshServer): void {
  mkdirSync(join(server.dir, 'home/.ssh'), { recursive: true });
  process.env['HOME'] = join(server.dir, 'home');
}

test('logs in with the key that the inventory names', async () => {
  await using server = await startSshServer();
  expect(await loggedIn(connectTo(server.host()))).toBe('in\n');
});

test.each(['ed25519', 'rsa', 'ecdsa'] as const)('logs in with an %s key at once, without asking first whether it would do', async type => {
  const key = newHostKey(type);
  await using server = await startSshServer({ authorizedKeys: [publicLine(key)] });
  const file = join(server.dir, 'key');
  writeFileSync(file, key, { mode: 0o600 });
  expect(await loggedIn(connectTo(without(server, { privateKeyFile: file })))).toBe('in\n');
  expect(server.attempts).toEqual(['publickey signed']);
});

test('the agent is asked to sign only with a key that would do', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  const other = join(server.dir, 'other');
  writeFileSync(other, newHostKey('ed25519'), { mode: 0o600 });
  await agentWith(server, other, server.privateKeyFile);
  expect(await loggedIn(connectTo(without(server)))).toBe('in\n');
  expect(server.attempts).toEqual(['publickey asked', 'publickey asked', 'publickey signed']);
});

test('logs in with the key that --private-key names, ~ meaning home', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  execFileSync('cp', [server.privateKeyFile, join(server.dir, 'home/key')]);
  expect(await loggedIn(connectTo(without(server), { privateKey: '~/key' }))).toBe('in\n');
});

test('logs in with one of the usual files', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  execFileSync('cp', [server.privateKeyFile, join(server.dir, 'home/.ssh/id_ed25519')]);
  writeFileSync(join(server.dir, 'home/.ssh/id_rsa'), 'not a key');
  expect(await loggedIn(connectTo(without(server)))).toBe('in\n');
});

test('logs in with the agent', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  await agentWith(server, server.privateKeyFile);
  expect(await loggedIn(connectTo(without(server)))).toBe('in\n');
});

test('an encrypted key is left to the agent', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  await agentWith(server, server.privateKeyFile);
  expect(await loggedIn(connectTo(server.host('web1', { privateKeyFile: encrypted(server) })))).toBe('in\n');
});

test('an encrypted key without an agent gets one clear sentence', async () => {
  await using server = await startSshServer();
  const file = encrypted(server);
  await expect(connectTo(server.host('web1', { privateKeyFile: file }))).rejects.toMatchObject({
    message: `web1: the private key ${file} is encrypted and no agent is running`, hint: expect.stringContaining(`ssh-add ${file}`) as string,
  });
});

test.each([['is not there', undefined], ['is no key', 'hello']])('a key file that %s is named', async (_case, content) => {
  await using server = await startSshServer();
  const file = join(server.dir, 'broken');
  if (content !== undefined) writeFileSync(file, content);
  await expect(connectTo(server.host('web1', { privateKeyFile: file }))).rejects.toThrow(`the private key ${file} cannot be used`);
});

test.each([false, true])('logs in with a password (keyboard-interactive: %s)', async keyboardInteractive => {
  await using server = await startSshServer({ password: 'pass word\'s', keyboardInteractive });
  emptyHome(server);
  expect(await loggedIn(connectTo(without(server, { password: new Secret('pass word\'s') })))).toBe('in\n');
  await expect(connectTo(without(server, { password: new Secret('wrong') }))).rejects.toThrow(/refuses the login of .*; tried: password$/);
});

test('a refused login says what was tried and what was passed over', async () => {
  await using server = await startSshServer({ authorizedKeys: [] });
  emptyHome(server);
  await agentWith(server, server.privateKeyFile);
  await expect(connectTo(server.host('web1', { password: new Secret('nope-nope'), user: 'deploy' }))).rejects.toMatchObject({
    kind: 'connection',
    message: `web1: 127.0.0.1 port ${server.port} refuses the login of deploy; tried: key ${server.privateKeyFile}, the keys of the agent, password`,
    hint: expect.stringContaining('authorized_keys') as string,
  });
  const file = encrypted(server);
  await expect(connectTo(server.host('web1', { privateKeyFile: file }))).rejects.toMatchObject({ hint: expect.stringContaining(`${file} is encrypted`) as string });
});

test('with nothing to try no connection is made', async () => {
  await using server = await startSshServer();
  emptyHome(server);
  await expect(connectTo(without(server))).rejects.toThrow(/there is nothing to log in with as /);
  expect(server.connections).toBe(0);
});

test('the user comes from the inventory, else from -u', async () => {
  await using server = await startSshServer();
  const { type, address, port, knownHosts = [], privateKeyFile = '' } = server.host().connection;
  await using opened = await connectTo({ ...server.host(), connection: { type, address, port, knownHosts, privateKeyFile } }, { user: 'from-the-command-line' });
  expect(opened.on.user).toBe('from-the-command-line');
  await using named = await connectTo(server.host('web1', { user: 'from-the-inventory' }), { user: 'other' });
  expect(named.on.user).toBe('from-the-inventory');
});

