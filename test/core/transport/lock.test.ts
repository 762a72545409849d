import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cmd, raw } from '../../../core/transport/command';
import type { LockClaim } from '../../../core/transport/connection';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo, NEVER, processesWith, testTransport, uniqueSleep, until } from '../../support/transport';

function claim(run: string, changes: Partial<LockClaim> = {}): LockClaim {
  return { run, playbook: 'site', holder: 'me@controller', waitMs: 0, say: () => undefined, ...changes };
}

/** A shell in whose PATH everything is but flock. */
function withoutFlock(server: SshServer): string {
  const bin = join(server.dir, 'bin');
  mkdirSync(bin);
  const tools = new Map(['/bin', '/sbin', '/usr/bin', '/usr/sbin'].flatMap(dir => readdirSync(dir).map(name => [name, join(dir, name)] as const)));
  for (const [name, path] of tools) if (name !== 'flock') symlinkSync(path, join(bin, name));
  const shell = join(server.dir, 'sh-without-flock');
  // The session sets PATH itself: what it evaluates gets another one before it starts.
  writeFileSync(shell, `#!/bin/sh\nif [ "$1" = -c ]; then c=$2; shift 2; exec /bin/sh -c "alias export=:; PATH=${bin}; LC_ALL=C; $c" "$@"; fi\nexec /bin/sh "$@"\n`, { mode: 0o755 });
  return shell;
}

describe.each([['flock', () => undefined], ['the stand-in for flock', withoutFlock]] as const)('the lock with %s', (_name, shellOf) => {
  async function start(limits: object = {}): Promise<{ server: SshServer; options: object; open: () => ReturnType<typeof connectTo> } & AsyncDisposable> {
    const server = await startSshServer();
    const shell = shellOf(server);
    const options = { lockDirectory: server.dir, limits: { lockRetryMs: 100, ...limits }, ...(shell === undefined ? {} : { shell }) };
    const open = (): ReturnType<typeof connectTo> => connectTo(server.host(), options);
    return { server, options, open, [Symbol.asyncDispose]: () => server.close() };
  }

  test('is held by one run; the other is told who, which run and since when', async () => {
    await using world = await start();
    await using first = await world.open();
    await using second = await world.open();
    const lock = await first.link.lock(claim('RUN-1'), undefined);
    await expect(second.link.lock(claim('RUN-2'), undefined)).rejects.toMatchObject({
      kind: 'refused', message: expect.stringMatching(/^web1: another run holds the lock: me@controller, run RUN-1, since \d{4}-\d\d-\d\dT[\d:]+Z$/) as string,
    });
    await lock.release();
    const again = await second.link.lock(claim('RUN-2'), undefined);
    await again.release();
  });

  test('is waited for, saying so once', async () => {
    await using world = await start();
    await using first = await world.open();
    await using second = await world.open();
    const lock = await first.link.lock(claim('RUN-1'), undefined);
    const said: string[] = [];
    const waiting = second.link.lock(claim('RUN-2', { waitMs: 15_000, say: line => said.push(line) }), undefined);
    await until(() => said.length > 0);
    await new Promise(resolve => setTimeout(resolve, 500));
    await lock.release();
    await (await waiting).release();
    expect(said).toEqual([expect.stringMatching(/^waiting up to 1[45] s for the lock held by me@controller, run RUN-1/)]);
  });

  test('is free when the holder\'s link is closed or cut', async () => {
    await using world = await start();
    const first = await world.open();
    await first.link.lock(claim('RUN-1'), undefined);
    await first.transport.close();
    const second = await world.open();
    await second.link.lock(claim('RUN-2'), undefined);
    world.server.cut();
    await using third = await world.open();
    await (await third.link.lock(claim('RUN-3', { waitMs: 10_000 }), undefined)).release();
    await second.transport.close();
  });

  test('is free after the silence of a frozen holder, whose link is then useless', async () => {
    await using world = await start({ silenceMs: 1_000, beatMs: 60_000 });
    await using frozen = await world.open();
    const on = await frozen.link.as(undefined);
    await frozen.link.lock(claim('RUN-1'), undefined);
    await using second = await world.open();
    await (await second.link.lock(claim('RUN-2', { waitMs: 15_000 }), undefined)).release();
    await vi.waitFor(() => expect(on.run(raw('true'))).rejects.toThrow('lock was lost'), 10_000);
  });

  test('is kept by beats', async () => {
    await using world = await start({ silenceMs: 4_000, beatMs: 200 });
    await using first = await world.open();
    await using second = await world.open();
    const lock = await first.link.lock(claim('RUN-1'), undefined);
    await expect(second.link.lock(claim('RUN-2', { waitMs: 6_000 }), undefined)).rejects.toMatchObject({ kind: 'refused' });
    await lock.release();
  });

  test('is not held by what the work leaves behind', async () => {
    await using world = await start();
    const first = await world.open();
    await first.link.lock(claim('RUN-1'), undefined);
    await first.on.run(raw('sleep 3 & echo'), { channel: 'own' });
    await first.transport.close();
    await using second = await world.open();
    await (await second.link.lock(claim('RUN-2'), undefined)).release();
  });

  test('is taken with the first word to a host, or later; whoever is refused reads any name as it is', async () => {
    await using world = await start();
    const names = ['a "quoted" \'name\' with \\ and \\\\', '!csh $HOME `id` ${x}', 'Zürich \u{1F680} -5 +7 lock unlock', '100 %s %d'];
    for (const playbook of names) {
      await using transport = testTransport(world.options);
      const link = await transport.link(world.server.host(), NEVER);
      const lock = await link.lock(claim('RUN-1', { playbook, holder: playbook }), undefined);
      const written = (file: string): unknown => JSON.parse(readFileSync(join(world.server.dir, file), 'utf8'));
      const file = existsSync(join(world.server.dir, 'runsheet.lock.d')) ? 'runsheet.lock.d/info' : 'runsheet.lock';
      expect(written(file)).toMatchObject({ run: 'RUN-1', playbook });
      await using second = await world.open();
      await expect(second.link.lock(claim('RUN-2'), undefined)).rejects.toThrow(playbook);
      await lock.release();
      // The same link, after what was given back.
      const again = await link.lock(claim('RUN-3', { playbook }), undefined);
      expect(written(file)).toMatchObject({ run: 'RUN-3', playbook });
      await again.release();
    }
  });

  test('lost with its guard, the link is useless, and what runs there is still killed', async () => {
    await using world = await start();
    await using opened = await world.open();
    await opened.link.lock(claim('RUN-1'), undefined);
    const seconds = uniqueSleep();
    const running = opened.on.run(cmd`sleep ${seconds}`, { channel: 'own' }).catch(() => undefined);
    await until(() => processesWith(seconds).length > 0);
    const guard = world.server.pids.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('unlock'));
    expect(guard).toBeDefined();
    process.kill(guard ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(opened.on.run(raw('true'))).rejects.toThrow('lock was lost'), 10_000);
    await opened.transport.close();
    await running;
    expect(processesWith(seconds)).toEqual([]);
  });

  test('shows nothing that moves the cursor', async () => {
    await using world = await start();
    await using first = await world.open();
    await using second = await world.open();
    await first.link.lock(claim('RUN\u001b[2J\u0007'), undefined);
    await expect(second.link.lock(claim('RUN-2'), undefined)).rejects.toThrow('run RUN?[2J?');
  });
});

test('the stand-in takes over from a holder that died long ago, and from a broken take-over', async () => {
  await using server = await startSshServer();
  const shell = withoutFlock(server);
  const directory = join(server.dir, 'runsheet.lock.d');
  const past = new Date(Date.now() - 3_600_000);
  for (const [name, file] of [[directory, 'beat'], [`${directory}.takeover`, undefined]] as const) {
    mkdirSync(name);
    if (file !== undefined) writeFileSync(join(name, file), '');
    if (file !== undefined) utimesSync(join(name, file), past, past);
    utimesSync(name, past, past);
  }
  await using opened = await connectTo(server.host(), { shell, lockDirectory: server.dir, limits: { lockRetryMs: 100 } });
  const lock = await opened.link.lock(claim('RUN-9', { waitMs: 5_000 }), undefined);
  expect(readFileSync(join(directory, 'info'), 'utf8')).toContain('RUN-9');
  await lock.release();
  expect(existsSync(directory)).toBe(false);
});

test('the stand-in takes what its holder let go of between two looks at it', async () => {
  await using server = await startSshServer();
  const shell = withoutFlock(server);
  const mkdir = join(server.dir, 'bin/mkdir');
  rmSync(mkdir);
  writeFileSync(mkdir, '#!/bin/sh\n/bin/mkdir "$@" && exit 0\n/bin/rmdir "$1"\nexit 1\n', { mode: 0o755 });
  mkdirSync(join(server.dir, 'runsheet.lock.d'));
  await using opened = await connectTo(server.host(), { shell, lockDirectory: server.dir });
  await (await opened.link.lock(claim('RUN-1'), undefined)).release();
});

test('a lock that cannot be taken says why', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host(), { lockDirectory: '/proc' });
  await expect(opened.link.lock(claim('RUN-1'), undefined)).rejects.toThrow(/lock cannot be taken: .*runsheet\.lock/);
});
