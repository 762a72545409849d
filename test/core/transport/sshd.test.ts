import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forwardToSocket } from '../../../core/transport/forward';
import { cmd, raw } from '../../../core/transport/command';
import { canSshd, startSshd } from '../../support/sshd';
import { connectTo, NEVER, processesWith, testTransport, uniqueSleep, until } from '../../support/transport';

describe.runIf(canSshd())('a real OpenSSH server', () => {
  test('runs commands, with megabytes on both streams at once', async () => {
    await using sshd = await startSshd();
    await using opened = await connectTo(sshd.host());
    expect(await opened.on.run(raw('echo out; echo err >&2; exit 7'), { expect: [7] })).toMatchObject({ stdout: 'out\n', stderr: 'err\n', code: 7 });
    const file = join(sshd.dir, 'bytes');
    const bytes = randomBytes(5 * 1024 * 1024);
    writeFileSync(file, bytes);
    for (const channel of ['shell', 'own'] as const) {
      const { bytes: read, stderr } = await opened.on.run(cmd`cat ${file} & yes err | head -c 3000000 >&2; wait`, { channel });
      expect(read.equals(bytes)).toBe(true);
      expect(stderr.length).toBe(3_000_000);
    }
    await opened.on.write(join(sshd.dir, 'copy'), bytes);
    expect(await opened.on.fetch(file, join(sshd.dir, 'a'))).toBe(await opened.on.fetch(join(sshd.dir, 'copy'), join(sshd.dir, 'b')));
  });

  test('a hundred commands on channels of their own all open', async () => {
    await using sshd = await startSshd();
    await using opened = await connectTo(sshd.host());
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const results = await Promise.all(numbers.map(i => opened.on.run(cmd`echo ${i}`, { channel: 'own' })));
    expect(results.map(result => result.stdout)).toEqual(numbers.map(i => `${i}\n`));
  });

  test.each(['closed', 'cut from the far side'])('leaves no command when the link is %s', async how => {
    await using sshd = await startSshd();
    await using opened = await connectTo(sshd.host());
    const seconds = uniqueSleep();
    const script = cmd`trap '' HUP TERM; sleep ${seconds} & timeout 1000 sleep ${seconds}`;
    const running = Promise.allSettled([opened.on.run(script), opened.on.run(script, { channel: 'own' })]);
    await until(() => processesWith(seconds).length >= 4);
    if (how === 'closed') await opened.transport.close();
    else sshd.cut();
    expect((await running).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await until(() => processesWith(seconds).length === 0);
  });

  test('the lock is free when its holder is gone', async () => {
    await using sshd = await startSshd();
    const claim = { run: 'R1', playbook: 'p', holder: 'me', waitMs: 10_000, say: () => undefined };
    await using first = await connectTo(sshd.host(), { lockDirectory: sshd.dir });
    await first.link.lock(claim, undefined);
    sshd.cut();
    await using second = await connectTo(sshd.host(), { lockDirectory: sshd.dir });
    await (await second.link.lock({ ...claim, run: 'R2' }, undefined)).release();
  });

  test('MaxStartups that drops logins is ridden out', async () => {
    await using sshd = await startSshd('MaxStartups 2:80:4');
    await using transport = testTransport();
    const links = await Promise.all(Array.from({ length: 16 }, (_, i) => transport.link(sshd.host(`web${i}`), NEVER)));
    expect(links.length).toBe(16);
  });

  test('few sessions are enough, and too few are named', async () => {
    await using three = await startSshd('MaxSessions 3');
    await using opened = await connectTo(three.host());
    const results = await Promise.all([1, 2, 3].map(i => opened.on.run(cmd`echo ${i}`, { channel: 'own' })));
    expect(results.map(result => result.stdout)).toEqual(['1\n', '2\n', '3\n']);
    await using one = await startSshd('MaxSessions 1');
    await expect(connectTo(one.host())).rejects.toMatchObject({ hint: expect.stringContaining('MaxSessions') as string });
  });

  test('forwards, and says which setting is off where it does not', async () => {
    const echo = createServer({ allowHalfOpen: true }, socket => void socket.pipe(socket));
    await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve));
    const { port } = echo.address() as AddressInfo;
    await using open = await startSshd();
    await using opened = await connectTo(open.host());
    await using forward = await forwardToSocket(opened.on, '127.0.0.1', port);
    expect(forward.path.length).toBeLessThan(100);
    const stream = await opened.on.forward('127.0.0.1', port);
    stream.end('hello');
    let heard = '';
    for await (const chunk of stream) heard += String(chunk);
    expect(heard).toBe('hello');
    await new Promise(resolve => echo.close(resolve));
    await expect(opened.on.forward('127.0.0.1', port)).rejects.toThrow('does not answer');
    await using shut = await startSshd('AllowTcpForwarding no');
    await using other = await connectTo(shut.host());
    await expect(other.on.forward('127.0.0.1', port)).rejects.toMatchObject({ hint: expect.stringContaining('AllowTcpForwarding') as string });
  });

  test('a forced command is told as what it is', async () => {
    await using sshd = await startSshd('ForceCommand echo Only backups here.');
    await expect(connectTo(sshd.host())).rejects.toMatchObject({
      message: expect.stringContaining('runs no shell (exit code 0): Only backups here.') as string, hint: expect.stringContaining('forced command') as string,
    });
  });

  test('a host key that is not known opens nothing, and the login is never tried', async () => {
    await using sshd = await startSshd();
    await expect(connectTo(sshd.host('web1', { knownHosts: [join(sshd.dir, 'none')] }))).rejects.toThrow('host key refused');
  });
});
