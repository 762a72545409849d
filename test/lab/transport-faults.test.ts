/** What goes wrong on hosts, against real sshd and sudo through the command line: what the user reads, and what is left on the host. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOnHost, type Lab } from '../../lab/lab';
import { runsheet, type RunsheetResult } from '../../lab/scenario';
import { useLab } from './support/lab';

const user = { name: 'ops', sudoPassword: 'correct horse' };
const playbook = join(__dirname, 'support/faults.ts');
const everyday = join(__dirname, '../../lab/everyday/everyday.ts');

let cwd: string;
beforeAll(async () => { cwd = await mkdtemp(join(tmpdir(), 'runsheet-test-')); });
afterAll(async () => { await rm(cwd, { recursive: true, force: true }); });

describe('a host', () => {
  const lab = useLab({ plain: 1 }, { user });
  const run = (tag: string, of: Lab = lab()): Promise<RunsheetResult> => runsheet(of, ['run', playbook, '--tags', tag], { cwd });
  const onHost = async (script: string): Promise<string> => (await runOnHost(lab(), 'p1', script)).stdout.trim();
  const sleepers = (seconds: number): Promise<string> => onHost(`pgrep -cfx 'sleep ${seconds}' || true`);

  test('a child that a command leaves behind holds nothing up, and its late words go nowhere', async () => {
    const { code, stdout } = await run('background');
    expect(stdout).toContain('Write a file after it  1 changed');
    expect(stdout).not.toContain('late 2');
    expect(code).toBe(0);
    expect(await onHost('cat /root/after')).toBe('after');
    expect(await sleepers(4714)).toBe('1');
    await onHost(`pkill -fx 'sleep 4714'`);
  });

  test('a command that hangs is killed with its children when its time is up', async () => {
    const { code, stdout } = await run('hang');
    expect(code).toBe(2);
    expect(stdout).toMatch(/p1.*time limit|p1.*did not end within 3/s);
    expect(await sleepers(4713)).toBe('0');
  });

  test('a full disk is named, the old file stays as it was, and nothing half-done is left', async () => {
    await onHost('mkdir -p /mnt/full && mount -t tmpfs -o size=32k none /mnt/full && echo old >/mnt/full/file');
    for (const tag of ['full', 'full-of-little']) {
      const { code, stdout } = await run(tag);
      expect(code).toBe(2);
      expect(stdout).toContain('No space left on device');
      expect(await onHost('cat /mnt/full/file; ls -A /mnt/full')).toBe('old\nfile');
    }
  });

  test('a tool that is missing is one sentence', async () => {
    await onHost('mv /usr/bin/base64 /usr/bin/base64.away');
    const { code, stdout } = await run('small');
    await onHost('mv /usr/bin/base64.away /usr/bin/base64');
    expect(code).toBe(4);
    expect(stdout).toContain('the host has no base64');
  });

  test('a wrong password of sudo is one sentence, and is tried once', async () => {
    const wrong = join(cwd, 'wrong');
    await writeFile(wrong, 'battery staple\n');
    const { code, stdout } = await run('small', { ...lab(), becomePasswordFile: wrong });
    expect(code).toBe(4);
    expect(stdout).toMatch(/password.*sudo|sudo.*password/i);
    expect(stdout).not.toContain('battery staple');
    expect(await onHost(`journalctl -q -t sudo --no-pager | grep -c 'incorrect password attempt' || true`)).toBe('1');
  });

  test('under NOPASSWD the password goes nowhere', async () => {
    await onHost(`echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-nopasswd && chmod 440 /etc/sudoers.d/zz-nopasswd`);
    const { code, stdout } = await run('small');
    expect(code).toBe(0);
    expect(stdout).toContain('Write a small file  1 changed');
    expect(await onHost(`grep -rl 'correct horse' /home /root /tmp /var/log 2>/dev/null | wc -l`)).toBe('0');
  });
});

describe('dash, bash and busybox as sh', () => {
  const lab = useLab({ plain: 3 });
  const shells = ['dash', 'bash', 'busybox'];

  test('a whole playbook: changed, then unchanged', async () => {
    await Promise.all(shells.map((shell, at) => runOnHost(lab(), `p${at + 1}`, `ln -sfn "$(command -v ${shell})" /bin/sh`)));
    const first = await runsheet(lab(), ['run', everyday], { cwd });
    expect(first.stdout).toMatch(/RECAP(.|\n)*p1 .*failed=0(.|\n)*p2 .*failed=0(.|\n)*p3 .*failed=0/);
    expect(first.code).toBe(0);
    const second = await runsheet(lab(), ['run', everyday], { cwd });
    expect(second.code).toBe(0);
    expect(second.stdout).not.toMatch(/[1-9]\d* changed|changed=[1-9]/);
  });
});
