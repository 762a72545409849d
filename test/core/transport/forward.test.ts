import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forwardToSocket } from '../../../core/transport/forward';
import { startSshServer } from '../../support/ssh-server';
import { connectTo } from '../../support/transport';

/** Sends back what it gets. */
let echo: Server;
let port = 0;
beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, socket => void socket.pipe(socket));
  await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve));
  port = (echo.address() as AddressInfo).port;
});
afterAll(() => void echo.close());

async function say(path: string, text: string): Promise<string> {
  const socket = connect(path);
  socket.end(text);
  let heard = '';
  for await (const chunk of socket) heard += String(chunk);
  return heard;
}

test('a stream reaches what the host reaches', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const stream = await opened.on.forward('127.0.0.1', port);
  stream.end('hello');
  let heard = '';
  for await (const chunk of stream) heard += String(chunk);
  expect(heard).toBe('hello');
});

test('where forwarding is off, the error says which setting', async () => {
  await using server = await startSshServer({ forwarding: false });
  await using opened = await connectTo(server.host());
  await expect(opened.on.forward('127.0.0.1', port)).rejects.toMatchObject({ kind: 'connection', hint: expect.stringContaining('AllowTcpForwarding') as string });
});

test('a local socket, private to the user, carries many connections and leaves nothing', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const forward = await forwardToSocket(opened.on, '127.0.0.1', port);
  expect(statSync(dirname(forward.path)).mode & 0o777).toBe(0o700);
  const large = 'x'.repeat(300_000);
  expect(await Promise.all(['a', large, 'c'].map(text => say(forward.path, text)))).toEqual(['a', large, 'c']);
  await forward.close();
  expect(existsSync(dirname(forward.path))).toBe(false);
});

test('what a killed run left is removed by the next, what a living one has is not', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const dead = spawnSync('true').pid;
  const [left, other] = [dead, process.pid].map(pid => mkdtempSync(join(tmpdir(), `runsheet-forward-${pid}-`)));
  await using first = await forwardToSocket(opened.on, '127.0.0.1', port);
  await using second = await forwardToSocket(opened.on, '127.0.0.1', port);
  expect([left, other, dirname(first.path), dirname(second.path)].map(dir => existsSync(dir ?? ''))).toEqual([false, true, true, true]);
  rmSync(other ?? '', { recursive: true });
});

test('a forwarding that cannot work is refused at once and leaves nothing', async () => {
  await using server = await startSshServer({ forwarding: false });
  await using opened = await connectTo(server.host());
  await expect(forwardToSocket(opened.on, '127.0.0.1', port)).rejects.toThrow(`forwards no connection to 127.0.0.1 port ${port}`);
});

test('an open socket whose link drops ends its clients', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  await using forward = await forwardToSocket(opened.on, '127.0.0.1', port);
  const socket = connect(forward.path);
  socket.on('error', () => undefined);
  socket.write('ping');
  await new Promise(resolve => socket.once('data', resolve));
  const ended = new Promise(resolve => socket.once('close', resolve));
  server.cut();
  await ended;
  expect(await say(forward.path, 'again').catch(() => '')).toBe('');
});
