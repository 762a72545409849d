import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { cmd, raw } from '../../../core/transport/command';
import { hostOf } from '../../support/ssh-server';
import { connectTo, processesWith, uniqueSleep, until } from '../../support/transport';

const dir = mkdtempSync(join(tmpdir(), 'runsheet-local-'));
afterAll(() => rmSync(dir, { recursive: true }));
const here = hostOf('here', { type: 'local', address: 'here', port: 22 });

test('commands run here, as who we are, with the environment of every host', async () => {
  await using opened = await connectTo(here);
  expect(opened.on.user).toBe(userInfo().username);
  for (const channel of ['shell', 'own'] as const) {
    const result = await opened.on.run(raw('id -un; echo "$LC_ALL"; umask; echo err >&2; exit 3'), { channel, expect: [3] });
    expect(result).toMatchObject({ stdout: `${userInfo().username}\nC\n0022\n`, stderr: 'err\n', code: 3 });
  }
  await expect(opened.on.run(raw('exit 1'))).rejects.toThrow('here: exit 1 exited with code 1');
});

test('files, input and secrets', async () => {
  await using opened = await connectTo(here);
  const large = Buffer.alloc(500_000, 'x\0\n');
  await opened.on.write(join(dir, 'large'), large);
  expect((await opened.on.read(join(dir, 'large'))).equals(large)).toBe(true);
  await opened.on.write(join(dir, 'secret'), new Secret('a secret'));
  expect([readFileSync(join(dir, 'secret'), 'utf8'), statSync(join(dir, 'secret')).mode & 0o777]).toEqual(['a secret', 0o600]);
  expect((await opened.on.run(raw('cat'), { stdin: new Secret('hush') })).stdout).toBe('hush');
  await opened.on.fetch(join(dir, 'large'), join(dir, 'fetched'));
  expect(readFileSync(join(dir, 'fetched')).equals(large)).toBe(true);
});

test.each(['shell', 'own'] as const)('what runs on the %s channel is killed by a time-out and by closing', async channel => {
  await using opened = await connectTo(here);
  const seconds = uniqueSleep();
  await expect(opened.on.run(cmd`sleep ${seconds} & timeout 1000 sleep ${seconds}`, { channel, timeoutMs: 300 })).rejects.toMatchObject({ result: { timedOut: true } });
  await until(() => processesWith(seconds).length === 0);
  const running = expect(opened.on.run(cmd`sleep ${seconds}`, { channel })).rejects.toMatchObject({ kind: 'interrupted' });
  await until(() => processesWith(seconds).length === 1);
  await opened.transport.close();
  await running;
  expect(processesWith(seconds)).toEqual([]);
});

test('thirty commands at once, each on a channel of its own', async () => {
  await using opened = await connectTo(here);
  const numbers = Array.from({ length: 30 }, (_, i) => i);
  const results = await Promise.all(numbers.map(i => opened.on.run(cmd`echo ${i}`, { channel: 'own' })));
  expect(results.map(result => result.stdout)).toEqual(numbers.map(i => `${i}\n`));
});

test('ports are reached directly', async () => {
  const echo = createServer({ allowHalfOpen: true }, socket => void socket.pipe(socket));
  await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve));
  const { port } = echo.address() as AddressInfo;
  await using opened = await connectTo(here);
  const stream = await opened.on.forward('127.0.0.1', port);
  stream.end('hello');
  let heard = '';
  for await (const chunk of stream) heard += String(chunk);
  expect(heard).toBe('hello');
  await new Promise(resolve => echo.close(resolve));
  await expect(opened.on.forward('127.0.0.1', port)).rejects.toMatchObject({ kind: 'connection' });
});

test('the lock', async () => {
  await using first = await connectTo(here, { lockDirectory: dir });
  await using second = await connectTo(here, { lockDirectory: dir });
  const claim = { playbook: 'p', holder: 'h', waitMs: 0, say: () => undefined };
  const lock = await first.link.lock({ ...claim, run: 'R1' }, undefined);
  await expect(second.link.lock({ ...claim, run: 'R2' }, undefined)).rejects.toThrow('here: another run holds the lock: h, run R1');
  await lock.release();
});

test('nothing runs on after the link is closed', async () => {
  const opened = await connectTo(here);
  await opened.transport.close();
  await expect(opened.on.run(raw('true'))).rejects.toThrow('here: the link is closed');
});
