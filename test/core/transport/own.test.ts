import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { cmd, raw } from '../../../core/transport/command';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo, processesWith, uniqueSleep, until } from '../../support/transport';

const shells = [['dash', 'dash'], ['bash', 'bash --norc'], ['busybox', 'busybox sh']].filter(([program]) =>
  ['/bin', '/usr/bin'].some(dir => existsSync(`${dir}/${program ?? ''}`))) as [string, string][];

describe.each(shells)('an own channel under %s', (_name, shell) => {
  let server: SshServer;
  let opened: Awaited<ReturnType<typeof connectTo>>;
  beforeAll(async () => {
    server = await startSshServer();
    opened = await connectTo(server.host(), { shell });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await server.close();
  });
  const own = { channel: 'own' } as const;

  test.each([
    ['a simple command', 'echo out; echo err >&2; exit 5', 5],
    ['a syntax error', 'if then (', 2],
    ['exec', 'exec sh -c "echo out; echo err >&2; exit 5"', 5],
  ])('brings back %s', async (_case, text, code) => {
    const result = await opened.on.run(raw(text), { ...own, expect: 'any' });
    if (code === 5) expect(result).toMatchObject({ code: 5, stdout: 'out\n', stderr: 'err\n' });
    else expect(result.code).toBeGreaterThan(0);
  });

  test('starts with no arguments and nothing of our own in its variables', async () => {
    const { stdout } = await opened.on.run(raw('echo "$#:$a$b$c$d$e$g$l:$LC_ALL:$(umask)"; cat'), own);
    expect(stdout).toBe('0::C:0022\n');
  });

  test('reads input of any size, and its end', async () => {
    const bytes = randomBytes(1024 * 1024);
    expect((await opened.on.run(raw('cat'), { stdin: bytes })).bytes.equals(bytes)).toBe(true);
    expect((await opened.on.run(raw('head -c 3'), { stdin: bytes })).bytes.equals(bytes.subarray(0, 3))).toBe(true);
    expect((await opened.on.run(raw('exit 4'), { stdin: bytes, expect: [4] })).code).toBe(4);
  });

  test('hands over a secret so that no process shows it', async () => {
    const secret = new Secret(`hush-${uniqueSleep()}`);
    const result = await opened.on.run(raw('cat; cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -c "hush-[0-9]" || true'), { stdin: secret });
    expect(result.stdout).toBe(`${secret.reveal()}0\n`);
  });

  test('shows each line as it comes', async () => {
    const lines: string[] = [];
    await opened.on.run(raw('echo one; echo two >&2; printf "thr"; sleep 0.1; printf "ee\nlast"'), { ...own, onLine: line => lines.push(line) });
    expect([...lines].sort()).toEqual(['last', 'one', 'three', 'two']);
  });

  test('is over when it has ended, though a child holds its output; the child lives on', async () => {
    const seconds = uniqueSleep();
    const result = await opened.on.run(cmd`sleep ${seconds} & echo started`, own);
    expect(result).toMatchObject({ code: 0, stdout: 'started\n' });
    expect(result.ms).toBeLessThan(100_000);
    const [child] = processesWith(seconds);
    expect(child).toBeDefined();
    if (child !== undefined) process.kill(child, 'SIGKILL');
  });

  test('is killed with all its children when its time is up', async () => {
    const seconds = uniqueSleep();
    const slow = opened.on.run(cmd`echo begun; sleep ${seconds} & (trap '' TERM HUP; sleep ${seconds}) & timeout 1000 sleep ${seconds}`, { ...own, timeoutMs: 300 });
    await expect(slow).rejects.toMatchObject({ kind: 'command', result: { timedOut: true, stdout: 'begun\n' } });
    await until(() => processesWith(seconds).length === 0);
  });

  test('is killed when its caller gives up', async () => {
    const seconds = uniqueSleep();
    const cancel = new AbortController();
    const slow = opened.on.run(cmd`sleep ${seconds}`, { ...own, signal: cancel.signal });
    await until(() => processesWith(seconds).length > 0);
    cancel.abort();
    await expect(slow).rejects.toMatchObject({ kind: 'interrupted' });
    await until(() => processesWith(seconds).length === 0);
  });

  test('tells by which signal it ended', async () => {
    await expect(opened.on.run(raw('kill -9 $$'), own)).rejects.toMatchObject({ kind: 'command', result: { code: -1, signal: 'SIGKILL' } });
  });

  test('twenty at once get their answers, four at a time', async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const results = await Promise.all(numbers.map(i => opened.on.run(cmd`echo ${i}`, own)));
    expect(results.map(result => result.stdout)).toEqual(numbers.map(i => `${i}\n`));
  });
});

test('a connection of few sessions still works, one after the other', async () => {
  await using server = await startSshServer({ maxSessions: 3 });
  await using opened = await connectTo(server.host());
  const results = await Promise.all([1, 2, 3].map(i => opened.on.run(cmd`echo ${i}`, { channel: 'own' })));
  expect(results.map(result => result.stdout)).toEqual(['1\n', '2\n', '3\n']);
});

test('too few sessions are named with the setting', async () => {
  await using server = await startSshServer({ maxSessions: 1 });
  await expect(connectTo(server.host())).rejects.toMatchObject({ kind: 'connection', hint: expect.stringContaining('MaxSessions') as string });
});

test('a command that prints without end is ended', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host(), { limits: { maxOutput: 100_000 } });
  for (const channel of ['own', 'shell'] as const) {
    await expect(opened.on.run(raw('yes'), { channel })).rejects.toMatchObject({ kind: 'command', hint: expect.stringContaining('memory') as string });
  }
  expect((await opened.on.run(raw('echo fine'))).stdout).toBe('fine\n');
});
