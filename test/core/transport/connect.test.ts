import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { raw } from '../../../core/transport/command';
import { startSshServer } from '../../support/ssh-server';
import { connectTo, NEVER, testTransport } from '../../support/transport';

/** Something that listens and is no sshd; it says what it is told to, and hangs up after it. */
async function listening(words?: string): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => undefined).resume());
    if (words !== undefined) socket.end(words);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  } };
}

test('a port where nothing listens', async () => {
  await using server = await startSshServer();
  const port = await (async () => { await using closed = await listening(); return closed.port; })();
  await expect(connectTo(server.host('web1', { port }))).rejects.toMatchObject({
    kind: 'connection', message: `web1: 127.0.0.1 port ${port} refuses connections`, hint: expect.stringContaining('sshd') as string,
  });
});

test('a name that cannot be resolved', async () => {
  await using server = await startSshServer();
  await expect(connectTo(server.host('web1', { address: 'no-such-host.invalid' }))).rejects.toMatchObject({
    message: expect.stringMatching(/^web1: the name no-such-host\.invalid cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)$/) as string,
    hint: expect.stringContaining('ansible_host') as string,
  });
});

test('a server that says nothing', async () => {
  await using server = await startSshServer();
  await using mute = await listening();
  const connection = connectTo(server.host('web1', { port: mute.port }), { connectTimeoutMs: 300 });
  await expect(connection).rejects.toThrow(`the SSH handshake with 127.0.0.1 port ${mute.port} took longer than`);
});

test('a server that is no SSH server', async () => {
  await using server = await startSshServer();
  await using other = await listening('HTTP/1.1 400 Bad Request\r\n\r\n');
  await expect(connectTo(server.host('web1', { port: other.port }))).rejects.toThrow(/closes the connection before the SSH handshake|handshake.*failed/);
});

test('handshakes that sshd drops are tried again', async () => {
  await using server = await startSshServer({ dropFirst: 3 });
  await using opened = await connectTo(server.host());
  expect((await opened.on.run(raw('echo in'))).stdout).toBe('in\n');
  expect(server.connections).toBe(4);
});

test('forty hosts behind one address are all reached, one connection each, however often they are asked for', async () => {
  await using server = await startSshServer();
  await using transport = testTransport();
  const hosts = Array.from({ length: 40 }, (_, i) => server.host(`web${i}`));
  const links = await Promise.all([...hosts, ...hosts].map(host => transport.link(host, NEVER)));
  expect(new Set(links).size).toBe(40);
  expect(server.connections).toBe(40);
});

test('one link opens one session for each user, however often it is asked for', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const again = await Promise.all([1, 2, 3].map(() => opened.link.as(undefined)));
  expect(new Set([opened.on, ...again]).size).toBe(1);
  expect(await opened.link.as(opened.on.user)).toBe(opened.on);
  expect(server.executed.length).toBe(2);
});

test('connecting stops when the caller gives up', async () => {
  await using server = await startSshServer();
  await using mute = await listening();
  await using transport = testTransport({ connectTimeoutMs: 60_000 });
  const cancel = new AbortController();
  const connecting = transport.link(server.host('web1', { port: mute.port }), cancel.signal);
  setTimeout(() => cancel.abort(), 100);
  await expect(connecting).rejects.toMatchObject({ kind: 'interrupted' });
});

test('connecting stops when the transport is closed, and no new link is opened', async () => {
  await using server = await startSshServer();
  await using mute = await listening();
  const transport = testTransport({ connectTimeoutMs: 60_000 });
  const connecting = expect(transport.link(server.host('web1', { port: mute.port }), NEVER)).rejects.toMatchObject({ kind: 'interrupted' });
  setTimeout(() => void transport.close(), 100);
  await connecting;
  await transport.close();
  await expect(transport.link(server.host(), NEVER)).rejects.toMatchObject({ kind: 'interrupted' });
});

test('a login that runs no shell is told so', async () => {
  await using server = await startSshServer({ loginShell: ['/bin/sh', '-c', 'echo This account is closed.; exit 1', 'nologin'] });
  await expect(connectTo(server.host())).rejects.toMatchObject({
    message: expect.stringMatching(/^web1: the login of .* runs no shell \(exit code 1\): This account is closed\.$/) as string,
    hint: expect.stringContaining('nologin') as string,
  });
});

test('a login shell that greets does not disturb', async () => {
  await using server = await startSshServer({ loginShell: ['/bin/sh', '-c', 'echo "Welcome to web1!"; echo "motd" >&2; exec /bin/sh "$@"', 'sh'] });
  await using opened = await connectTo(server.host());
  expect(await opened.on.run(raw('echo mine'))).toMatchObject({ stdout: 'mine\n', stderr: '' });
  expect(await opened.on.run(raw('echo mine'), { channel: 'own' })).toMatchObject({ stdout: 'mine\n' });
});
