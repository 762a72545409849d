import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { cmd, raw } from '../../../core/transport/command';
import { canSudo, startSudoServer, SUDO_PASSWORD } from '../../support/sudo-server';
import { connectTo, processesWith, uniqueSleep, until } from '../../support/transport';

const password = new Secret(SUDO_PASSWORD);
const becomePassword = (): Promise<Secret> => Promise.resolve(password);
const ALL = 'tester ALL=(ALL:ALL) ALL';
const plainAndPty = [['with use_pty', `Defaults use_pty\n${ALL}`], ['without use_pty', `Defaults !use_pty\n${ALL}`]] as const;

describe.runIf(canSudo()).each(plainAndPty)('become by sudo %s', (_name, sudoers) => {
  test('runs commands in the shell and on own channels as root', async () => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword });
    const root = await opened.link.as('root');
    expect(root.user).toBe('root');
    const who = raw('id -un; echo "$HOME $LC_ALL $PATH"; umask; echo err >&2; exit 3');
    const expected = { code: 3, stderr: 'err\n', stdout: 'root\n/root C /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0022\n' };
    expect(await root.run(who, { expect: [3] })).toMatchObject(expected);
    expect(await root.run(who, { expect: [3], channel: 'own' })).toMatchObject(expected);
    expect((await opened.on.run(raw('id -un'))).stdout).toBe('tester\n');
    expect((await (await opened.link.as('daemon')).run(raw('id -un'))).stdout).toBe('daemon\n');
  });

  test('hands input and files over, secrets too', async () => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword });
    const root = await opened.link.as('root');
    expect((await root.run(raw('cat'), { stdin: new Secret('first line\nsecond') })).stdout).toBe('first line\nsecond');
    const large = Buffer.alloc(1_000_000, 'x\n');
    expect((await root.run(raw('cat'), { stdin: large })).bytes.equals(large)).toBe(true);
    const file = join(world.server.dir, 'owned');
    await root.write(file, new Secret('private key'), { owner: 'daemon', mode: 0o640 });
    expect([readFileSync(file, 'utf8'), statSync(file).uid, statSync(file).mode & 0o777]).toEqual(['private key', 1, 0o640]);
    await expect(opened.on.read(file)).rejects.toThrow('Permission denied');
    expect(await root.fetch(file, join(world.server.dir, 'fetched'))).toMatch(/^[0-9a-f]{64}$/);
  });

  test('kills what runs as root, on time-out and at the end', async () => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword });
    const root = await opened.link.as('root');
    for (const channel of ['shell', 'own'] as const) {
      const seconds = uniqueSleep();
      await expect(root.run(cmd`sleep ${seconds} & timeout 1000 sleep ${seconds}`, { channel, timeoutMs: 300 })).rejects.toMatchObject({ result: { timedOut: true } });
      await until(() => processesWith(seconds).length === 0);
    }
    const seconds = uniqueSleep();
    const running = expect(Promise.allSettled([root.run(cmd`sleep ${seconds}`), root.run(cmd`sleep ${seconds}`, { channel: 'own' })])).resolves.toBeDefined();
    await until(() => processesWith(seconds).length === 2);
    await opened.transport.close();
    expect(processesWith(seconds)).toEqual([]);
    await running;
  });

  test('kills what runs as root when the link is cut', async () => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword });
    const root = await opened.link.as('root');
    const seconds = uniqueSleep();
    const running = Promise.allSettled([root.run(cmd`sleep ${seconds}`), root.run(cmd`sleep ${seconds}`, { channel: 'own' })]);
    await until(() => processesWith(seconds).length === 2);
    world.server.cut();
    await running;
    await until(() => processesWith(seconds).length === 0);
  });

  test('the password shows nowhere', async () => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword });
    const root = await opened.link.as('root');
    const { stdout, stderr } = await root.run(raw('cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"'), { channel: 'own', expect: 'any' });
    expect((stdout + stderr + world.server.executed.join('\n')).includes(SUDO_PASSWORD)).toBe(false);
  });
});

describe.runIf(canSudo())('become', () => {
  test('under NOPASSWD no password is asked for, and none is sent', async () => {
    await using world = await startSudoServer('tester ALL=(ALL:ALL) NOPASSWD: ALL');
    const trap = join(world.server.dir, 'trap');
    let asked = 0;
    const answer = (): Promise<Secret> => {
      asked += 1;
      return Promise.resolve(new Secret(`touch ${trap}`));
    };
    await using opened = await connectTo(world.host(), { becomePassword: answer });
    const root = await opened.link.as('root');
    expect((await root.run(raw('id -un'))).stdout).toBe('root\n');
    expect((await root.run(raw('id -un'), { channel: 'own' })).stdout).toBe('root\n');
    expect([asked, existsSync(trap)]).toEqual([0, false]);
  });

  test('the host\'s own password goes first', async () => {
    await using world = await startSudoServer(`Defaults lecture=always\n${ALL}`);
    await using opened = await connectTo(world.host({ becomePassword: password }), { becomePassword: () => Promise.resolve(new Secret('not-this-one')) });
    expect((await (await opened.link.as('root')).run(raw('id -un'))).stdout).toBe('root\n');
  });

  test('a wrong password is one clear sentence, tried once, and nothing of ours becomes a password', async () => {
    await using world = await startSudoServer(ALL);
    await using opened = await connectTo(world.host(), { becomePassword: () => Promise.resolve(new Secret('wrong-password')) });
    await expect(opened.link.as('root')).rejects.toMatchObject({
      kind: 'connection', message: 'web1: the password for becoming root by sudo is wrong', hint: expect.stringContaining('--become-password-file') as string,
    });
    expect(world.server.executed.filter(line => line.includes('sudo')).length).toBe(1);
    expect((await opened.on.run(raw('id -un'))).stdout).toBe('tester\n');
  });

  test('lock and shell at the same time try a password once', async () => {
    await using world = await startSudoServer(ALL);
    const claim = { run: 'R', playbook: 'p', holder: 'h', waitMs: 0, say: () => undefined };
    for (const [secret, status, times] of [[new Secret('wrong-password'), 'rejected', 1], [password, 'fulfilled', 2]] as const) {
      const before = world.server.executed.length;
      await using opened = await connectTo(world.host(), { becomePassword: () => Promise.resolve(secret), lockDirectory: world.server.dir });
      const both = await Promise.allSettled([opened.link.lock(claim, 'root'), opened.link.as('root')]);
      expect(both.map(each => each.status)).toEqual([status, status]);
      expect(world.server.executed.slice(before).filter(line => line.includes('sudo')).length).toBe(times);
    }
  });

  test.each([
    ['no password given', ALL, undefined, 'root', 'web1: sudo asks for a password and none was given'],
    ['not in sudoers', 'root ALL=(ALL) ALL', password, 'root', 'web1: user tester may not become root by sudo'],
    ['not this user', 'tester ALL=(daemon) ALL', password, 'root', 'web1: user tester may not become root by sudo'],
    ['a user that does not exist', ALL, password, 'nobody-here', 'web1: there is no user nobody-here to become'],
    ['requiretty', `Defaults requiretty\n${ALL}`, password, 'root', 'web1: sudo wants a terminal (requiretty)'],
  ])('%s is one clear sentence with what to do', async (_case, sudoers, secret, user, message) => {
    await using world = await startSudoServer(sudoers);
    await using opened = await connectTo(world.host(), { becomePassword: () => Promise.resolve(secret) });
    await expect(opened.link.as(user)).rejects.toMatchObject({ kind: 'connection', message, hint: expect.stringMatching(/./) as string });
  });

  test('a host without sudo is one clear sentence', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'runsheet-no-sudo-'));
    chmodSync(bin, 0o755);
    symlinkSync('/bin/sh', join(bin, 'sh'));
    await using world = await startSudoServer(ALL, { loginShell: ['/bin/sh', '-c', `PATH=${bin} exec sh "$@"`, 'sh'] });
    await using opened = await connectTo(world.host());
    await expect(opened.link.as('root')).rejects.toMatchObject({ message: 'web1: sudo is not installed', hint: expect.stringContaining('Install sudo') as string });
    rmSync(bin, { recursive: true });
  });

  test('who is already that user needs no sudo', async () => {
    await using world = await startSudoServer('root ALL=(ALL) ALL');
    await using opened = await connectTo(world.host());
    expect(await opened.link.as('tester')).toBe(opened.on);
    expect(world.server.executed.some(line => line.includes('sudo'))).toBe(false);
  });

  test('the lock is root\'s', async () => {
    await using world = await startSudoServer(ALL);
    await using opened = await connectTo(world.host(), { becomePassword, lockDirectory: world.server.dir });
    const lock = await opened.link.lock({ run: 'R', playbook: 'p', holder: 'h', waitMs: 0, say: () => undefined }, 'root');
    expect(readdirSync(world.server.dir)).toContain('runsheet.lock');
    await lock.release();
  });
});
