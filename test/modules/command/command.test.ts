import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redact, Secret } from '../../../core/secret';
import { cmd } from '../../../core/transport/command';
import * as command from '../../../modules/command';
import { localTarget } from '../../support/local-target';
import { carryOut, changesOnce, planned } from '../../support/module';

const on = localTarget();
let folder: string;
let path: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "runsheet command's ")));
  path = join(folder, 'made "by" $it');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('command.run', () => {
  test('runs a command each time, shows what it prints and gives the result', async () => {
    const make = (): ReturnType<typeof command.run> => command.run({ command: cmd`echo ${"it's"}; echo two >> ${path}; echo warn >&2` });
    for (const count of [1, 2]) {
      expect(await planned(make(), on)).toHaveLength(1);
      const { value } = await carryOut(make(), on);
      expect(value).toMatchObject({ ran: true, code: 0, stdout: "it's\n", stderr: 'warn\n' });
      expect(readFileSync(path, 'utf8')).toBe('two\n'.repeat(count));
    }
    expect(on.said).toContain("it's");
  });

  test('takes a program and its arguments as they are', async () => {
    const { value } = await carryOut(command.run({ command: ['printf', '%s|', "it's", '$HOME', '*', '', '-n', 'a\nb'] }), on);
    expect(value.stdout).toBe("it's|$HOME|*||-n|a\nb|");
  });

  test('runs once where it creates something', async () => {
    const { changes } = await changesOnce(() => command.run({ command: cmd`touch ${path}`, creates: path }), on);
    expect(changes[0]?.to).toBe(`run touch '${path.replaceAll("'", String.raw`'\''`)}'`.slice(0, 81).replace(/^(run .{77}).*$/, '$1...'));
    expect((await carryOut(command.run({ command: cmd`false`, creates: path }), on)).value).toMatchObject({ ran: false, code: 0, stdout: '' });
  });

  test.each(['creates', 'removes'] as const)('what may not be seen is not absent: %s', async which => {
    const dark = join(folder, 'dark');
    mkdirSync(dark, { mode: 0o700 });
    writeFileSync(join(dark, 'there'), '');
    chmodSync(folder, 0o755);
    const nobody = localTarget(['setpriv', '--reuid=65534', 'sh']);
    await expect(carryOut(command.run({ command: cmd`true`, [which]: join(dark, 'there') }), nobody)).rejects.toThrow('Permission denied');
    rmSync(dark, { recursive: true });
  });

  test('runs once where it removes something, a broken link too', async () => {
    symlinkSync('nowhere', path);
    await changesOnce(() => command.run({ command: cmd`rm ${path}`, removes: path }), on);
  });

  test('needs both to be so where both are given', async () => {
    writeFileSync(join(folder, 'old'), '');
    const make = (): ReturnType<typeof command.run> => command.run({ command: cmd`mv ${join(folder, 'old')} ${path}`, removes: join(folder, 'old'), creates: path });
    await changesOnce(make, on);
    expect(existsSync(path)).toBe(true);
  });

  test('does not believe a command that did not do what it should', async () => {
    await expect(carryOut(command.run({ command: cmd`true`, creates: path }), on)).rejects.toThrow(`${path} does not exist afterwards`);
    writeFileSync(path, '');
    await expect(carryOut(command.run({ command: cmd`true`, removes: path }), on)).rejects.toThrow(`${path} still exists afterwards`);
  });

  test('passes environment, directory and input', async () => {
    const { value } = await carryOut(command.run({ command: cmd`pwd; echo "$GREETING"; cat`, env: { GREETING: "it's $HOME" }, chdir: folder, stdin: 'a\nb' }), on);
    expect(value.stdout).toBe(`${folder}\nit's $HOME\na\nb`);
    expect((await carryOut(command.run({ command: cmd`cat` }), on)).value.stdout).toBe('');
  });

  test('keeps a secret input out of the command and a secret output out of what is shown', async () => {
    on.said.length = 0;
    const { value } = await carryOut(command.run({ command: cmd`cat; echo; echo ${'generated-'}'token-42'`, stdin: new Secret('in-password-1'), secretOutput: true }), on);
    expect(value.command).not.toContain('in-password-1');
    expect(redact(value.stdout)).not.toContain('generated-token-42');
    expect(on.said).toEqual([]);
  });

  test('takes only the named exit codes for answers', async () => {
    await expect(carryOut(command.run({ command: cmd`echo no >&2; exit 3` }), on)).rejects.toThrow(/exited with code 3: no/);
    expect((await carryOut(command.run({ command: cmd`exit 3`, expect: [0, 3] }), on)).value.code).toBe(3);
    await expect(carryOut(command.run({ command: cmd`pwd`, chdir: join(folder, 'no') }), on)).rejects.toThrow('no');
  });

  test('ends at its time limit', async () => {
    await expect(carryOut(command.run({ command: cmd`sleep 300`, timeout: '300ms' }), on)).rejects.toThrow('time limit');
  });

  test.each([
    ['an empty command', { command: [] }, 'the command is empty'],
    ['a relative path', { command: cmd`true`, creates: 'x' }, '`creates` must be an absolute path'],
    ['a relative directory', { command: cmd`true`, chdir: 'x' }, '`chdir` must be absolute'],
    ['a bad name', { command: cmd`true`, env: { 'a-b': '' } }, '"a-b" is no name'],
    ['no exit code', { command: cmd`true`, expect: [] }, '`expect` names no exit code'],
    ['no duration', { command: cmd`true`, timeout: '-5s' as const }, '"-5s" is no duration'],
  ])('refuses %s before any connection', (_, params, problem) => {
    expect(command.run(params).problems.join()).toContain(problem);
  });

  test('is named in one short line', () => {
    expect(command.run({ command: cmd`set -e
      echo a` }).subject).toBe('set -e echo a');
    expect(command.run({ command: cmd`echo ${'x'.repeat(200)}` }).subject).toHaveLength(80);
  });
});

describe('command.read', () => {
  test('reads, and never counts as a change', async () => {
    for (const stdin of ['x', 'x']) {
      const outcome = await carryOut(command.read({ command: cmd`cat; exit 1`, stdin, expect: [1] }), on);
      expect(outcome).toMatchObject({ changed: false, changes: [], value: { code: 1, stdout: 'x' } });
    }
    expect(command.read({ command: cmd`true` }).effect).toBe('read');
  });

  test('fails where the command does', async () => {
    await expect(carryOut(command.read({ command: cmd`cat ${path}` }), on)).rejects.toThrow('No such file or directory');
  });

  test('masks a secret output', async () => {
    const { value } = await carryOut(command.read({ command: cmd`printf %s%s read-token -77`, secretOutput: true }), on);
    expect(value.stdout).toBe('read-token-77');
    expect(redact('it is read-token-77')).toBe('it is [secret]');
  });
});
