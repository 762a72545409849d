import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cmd, raw } from '../../../core/transport/command';
import { startSshServer } from '../../support/ssh-server';
import { childrenOf, connectTo, NEVER, processesWith, stateOf, testTransport, uniqueSleep, until } from '../../support/transport';

describe.each(['shell', 'own'] as const)('what runs on the %s channel', channel => {
  test('is killed when the link is closed, and the run is told', async () => {
    await using server = await startSshServer();
    await using opened = await connectTo(server.host());
    const seconds = uniqueSleep();
    const running = opened.on.run(cmd`trap '' HUP TERM; sleep ${seconds} & timeout 1000 sleep ${seconds}`, { channel });
    const ended = expect(running).rejects.toMatchObject({ kind: 'interrupted' });
    await until(() => processesWith(seconds).length >= 2);
    await opened.transport.close();
    await ended;
    expect(processesWith(seconds)).toEqual([]);
  });

  test('is killed on the host when the link is cut; the outcome is called unknown', async () => {
    await using server = await startSshServer();
    await using opened = await connectTo(server.host());
    const seconds = uniqueSleep();
    const running = opened.on.run(cmd`trap '' HUP TERM; sleep ${seconds} & timeout 1000 sleep ${seconds}`, { channel });
    const ended = expect(running).rejects.toMatchObject({ kind: 'connection', message: expect.stringMatching(/web1: .*outcome of "trap.*unknown.*link dropped/) as string });
    await until(() => processesWith(seconds).length >= 2);
    server.cut();
    await ended;
    await until(() => processesWith(seconds).length === 0);
  });

  test('is killed on the host when the controller falls silent without a word', async () => {
    await using server = await startSshServer();
    await using opened = await connectTo(server.host(), { limits: { silenceMs: 1_000, beatMs: 300, closeMs: 500 } });
    const seconds = uniqueSleep();
    const running = opened.on.run(cmd`sleep ${seconds}`, { channel });
    const ended = expect(running).rejects.toThrow();
    await until(() => processesWith(seconds).length > 0);
    server.freeze();
    await until(() => processesWith(seconds).length === 0);
    server.cut();
    await ended;
  });
});

test('beats keep the guard content: nothing is killed while the controller lives', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host(), { limits: { silenceMs: 1_000, beatMs: 200 } });
  expect((await opened.on.run(raw('sleep 2.5; echo through'))).stdout).toBe('through\n');
});

test.for([0, 5, 10, 20, 40, 80])('what is just starting when the link is closed ends with it, after %i ms', async ms => {
  await using server = await startSshServer();
  const opened = await connectTo(server.host());
  const seconds = uniqueSleep();
  const running = expect(opened.on.run(cmd`sleep ${seconds}`, { channel: 'own' })).rejects.toMatchObject({ kind: 'interrupted' });
  await new Promise(resolve => setTimeout(resolve, ms));
  await opened.transport.close();
  await running;
  expect(processesWith(seconds)).toEqual([]);
});

/** The sleep of whoever watches over a guard. */
function watchOf(guard: number): number[] {
  return childrenOf(guard).flatMap(childrenOf);
}

test('a guard whose watch is killed ends, and there is another one for the next command', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host(), { limits: { silenceMs: 3_000_000_000 } });
  const guards = (): number[] => server.pids.filter(pid => watchOf(pid).length > 0);
  await until(() => guards().length === 1);
  const [guard = 0] = guards();
  for (const pid of watchOf(guard)) process.kill(pid, 'SIGKILL');
  // If it had heard of the shell it takes it along, and with it a command that is sent before the shell's end is heard of.
  const says = async (): Promise<string> => (await opened.on.run(raw('echo on'))).stdout;
  await until(() => !server.pids.includes(guard));
  expect(await says().catch(says)).toBe('on\n');
  await until(() => guards().length === 1 && guards()[0] !== guard);
});

test('a guard takes with it who watches over it, and the idle shell', async () => {
  await using server = await startSshServer();
  const opened = await connectTo(server.host(), { limits: { silenceMs: 3_000_000_000 } });
  const watch = (): number[] => server.pids.flatMap(pid => [...childrenOf(pid), ...watchOf(pid)]);
  await until(() => watch().length === 2);
  const pids = [...server.pids, ...watch()];
  await opened.transport.close();
  // The watcher is told to end with the guard's last breath.
  await vi.waitFor(() => expect(pids.map(stateOf).filter(state => !/^(gone|Z)/.test(state))).toEqual([]), 5000);
});

test('a link that dies without a word is noticed by keep-alive', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host(), { limits: { keepaliveMs: 100 } });
  const running = expect(opened.on.run(raw('sleep 1000'))).rejects.toThrow(/unknown.*link dropped: Keepalive timeout/);
  server.freeze();
  await running;
  await expect(opened.on.run(raw('true'))).rejects.toThrow('the link dropped');
});

test('after a drop there is no other link: the lock went with it', async () => {
  await using server = await startSshServer();
  await using transport = testTransport();
  const host = server.host();
  const first = await transport.link(host, NEVER);
  expect(await transport.link(host, NEVER)).toBe(first);
  const on = await first.as(undefined);
  server.cut();
  await expect(on.run(raw('sleep 5'))).rejects.toMatchObject({ kind: 'connection' });
  expect(await transport.link(host, NEVER)).toBe(first);
  await expect(first.as(undefined)).rejects.toThrow('the link dropped');
});

test('a guard that is killed on the host is replaced, and still guards', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const [, guard] = server.pids;
  const seconds = uniqueSleep();
  const running = opened.on.run(cmd`sleep ${seconds}`, { channel: 'own' }).catch(() => undefined);
  await until(() => processesWith(seconds).length > 0);
  const before = server.executed.length;
  if (guard !== undefined) process.kill(guard, 'SIGKILL');
  await until(() => server.executed.length > before);
  expect(processesWith(seconds)).not.toEqual([]);
  await opened.transport.close();
  await running;
  expect(processesWith(seconds)).toEqual([]);
});

test('SIGKILL of the controller leaves no command on the host', async () => {
  await using server = await startSshServer();
  const seconds = uniqueSleep();
  const script = join(server.dir, 'controller.ts');
  const host = JSON.stringify(server.host());
  const root = join(__dirname, '../../..');
  writeFileSync(script, `
    const { createTransport } = require('${root}/core/transport/open');
    const { raw } = require('${root}/core/transport/command');
    (async () => {
      const transport = createTransport({ hostKey: 'strict', connectTimeoutMs: 10000, notice: () => undefined, runId: 'KILLED' });
      const link = await transport.link(${host}, new AbortController().signal);
      const on = await link.as(undefined);
      await Promise.all([on.run(raw('sleep ${seconds} & sleep ${seconds}')), on.run(raw('sleep ${seconds}'), { channel: 'own' })]);
    })();
  `);
  const controller = spawn(process.execPath, ['-r', join(root, 'bin/register.js'), script], { cwd: root });
  await until(() => processesWith(seconds).length >= 3);
  controller.kill('SIGKILL');
  await until(() => processesWith(seconds).length === 0);
});
