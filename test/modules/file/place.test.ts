import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { cmd } from '../../../core/transport/command';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';

const on = localTarget();
const run = on.runId;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runsheet file's "));
  path = join(folder, 'it\'s "a" $file');
});

afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (of: string): string => (statSync(of).mode & 0o7777).toString(8);

describe('file.copy', () => {
  test.each([
    ['text', 'a\nb\n'],
    ['nothing', ''],
    ['no final newline', 'a'],
    ['quotes and dollars', `it's "a" $HOME \`b\` \\n %s é\n`],
    ['CRLF', 'a\r\nb\r\n'],
    ['lines that look like what the probe prints', 'stat 81a4 0 0 1 1 a b\ncontent eA==\nparent\n'],
    ['bytes', Buffer.from([0, 1, 2, 255, 10, 0])],
    ['much', Buffer.alloc(700_000, 'x')],
  ])('writes %s, once', async (_, content) => {
    await changesOnce(() => file.copy({ path, content }), on);
    expect(readFileSync(path).equals(Buffer.from(content))).toBe(true);
    expect(modeOf(path)).toBe('644');
    writeFileSync(path, 'other');
    await changesOnce(() => file.copy({ path, content }), on);
    expect(readFileSync(path).equals(Buffer.from(content))).toBe(true);
  });

  test('shows what it will change and changes nothing in check mode', async () => {
    writeFileSync(path, 'a\nold\nz\n', { mode: 0o600 });
    const changes = await planned(file.copy({ path, content: 'a\nnew\nz\n', mode: 0o640, owner: 12345, group: '23456' }), on);
    expect(changes).toEqual([
      { resource: path, property: 'content', from: expect.stringMatching(/^sha256:[0-9a-f]{12}$/) as string, to: expect.stringMatching(/^sha256:/) as string, diff: `--- ${path}\n+++ ${path}\n@@ -1,3 +1,3 @@\n a\n-old\n+new\n z\n` },
      { resource: path, property: 'mode', from: '0600', to: '0640' },
      { resource: path, property: 'owner', from: '0', to: '12345' },
      { resource: path, property: 'group', from: '0', to: '23456' },
    ]);
    expect(readFileSync(path, 'utf8')).toBe('a\nold\nz\n');
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('shows a new file against nothing, binary content not at all, a huge difference in one line', async () => {
    const [change] = await planned(file.copy({ path, content: 'a\n' }), on);
    expect(change).toMatchObject({ from: null, diff: `--- /dev/null\n+++ ${path}\n@@ -0,0 +1,1 @@\n+a\n` });
    writeFileSync(path, '\x1b[31m');
    expect((await planned(file.copy({ path, content: 'a\n' }), on))[0]).not.toHaveProperty('diff');
    const many = (word: string): string => Array.from({ length: 9000 }, (_, i) => `${word} ${i * 7919 % 9000}`).join('\n');
    writeFileSync(path, many('a'));
    expect((await planned(file.copy({ path, content: many('b') }), on))[0]?.diff).toContain('too different to compare: 9000 lines are replaced by 9000');
  });

  test('sets mode, owner and group alone, once', async () => {
    writeFileSync(path, 'a', { mode: 0o600 });
    await changesOnce(() => file.copy({ path, content: 'a', mode: 0o4755, owner: 12345, group: 23456 }), on);
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 23456 });
    expect(modeOf(path)).toBe('4755');
    await changesOnce(() => file.copy({ path, content: 'a', mode: 0o4755, owner: 'root', group: 'daemon' }), on);
    expect(modeOf(path)).toBe('4755');
  });

  test('keeps mode and owner that are not asked for', async () => {
    writeFileSync(path, 'a');
    chownSync(path, 12345, 23456);
    chmodSync(path, 0o640);
    await changesOnce(() => file.copy({ path, content: 'b' }), on);
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 23456 });
    expect(modeOf(path)).toBe('640');
  });

  test('keeps a link and replaces what it points to', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, 'a');
    symlinkSync('target', path);
    await changesOnce(() => file.copy({ path, content: 'b', mode: 0o600, backup: true }), on);
    expect(readlinkSync(path)).toBe('target');
    expect(readFileSync(target, 'utf8')).toBe('b');
    expect(modeOf(target)).toBe('600');
    expect(lstatSync(`${path}-bak-${run}`).isFile()).toBe(true);
  });

  test('copies a file of the controller', async () => {
    const from = join(folder, 'from');
    writeFileSync(from, Buffer.from([1, 0, 2]));
    await changesOnce(() => file.copy({ path, from }), on);
    expect(readFileSync(path)).toEqual(Buffer.from([1, 0, 2]));
  });

  test('keeps one backup a run, of the oldest content, with mode and owner', async () => {
    writeFileSync(path, 'oldest');
    chownSync(path, 12345, 23456);
    await carryOut(file.copy({ path, content: 'newer', backup: true }), on);
    await carryOut(file.copy({ path, content: 'newest', backup: true }), on);
    expect(readFileSync(`${path}-bak-${run}`, 'utf8')).toBe('oldest');
    expect(statSync(`${path}-bak-${run}`)).toMatchObject({ uid: 12345, gid: 23456 });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('makes no backup when nothing changes or nothing was there', async () => {
    await carryOut(file.copy({ path, content: 'a', backup: true }), on);
    await carryOut(file.copy({ path, content: 'a', backup: true }), on);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('never shows a secret, neither the new nor the old one', async () => {
    writeFileSync(path, 'password=old-password-1234\n');
    const make = (): ReturnType<typeof file.copy> => file.copy({ path, content: new Secret('password=new-password-5678\n') });
    expect(JSON.stringify(await planned(make(), on))).toBe(JSON.stringify([{ resource: path, property: 'content', from: '[other secret]', to: '[secret]' }]));
    await changesOnce(make, on);
    expect(readFileSync(path, 'utf8')).toBe('password=new-password-5678\n');
    rmSync(path);
    await changesOnce(make, on);
    expect(modeOf(path)).toBe('600');
  });

  test('masks known secrets in the difference of other texts', async () => {
    const secret = new Secret('correct-horse-battery');
    writeFileSync(path, `a=${secret.reveal()}\n`);
    const [change] = await planned(file.copy({ path, content: 'a=1\n' }), on);
    expect(change?.diff).toContain('-a=[secret]\n+a=1');
  });

  test('says in one sentence what is in the way', async () => {
    const below = join(folder, 'no', 'file');
    await expect(carryOut(file.copy({ path: below, content: 'a' }), on)).rejects.toThrow(`${below} cannot be made: the directory ${join(folder, 'no')} does not exist`);
    mkdirSync(path);
    await expect(planned(file.copy({ path, content: 'a' }), on)).rejects.toThrow(`${path} is to be a file and is a directory`);
    writeFileSync(join(folder, 'f'), '');
    await expect(carryOut(file.copy({ path: join(folder, 'f', 'x'), content: 'a' }), on)).rejects.toThrow('does not exist');
  });

  test('does not take what may not be seen for absent', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    await expect(planned(file.copy({ path: join(folder, 'loop'), content: 'a' }), on)).rejects.toThrow('Too many levels of symbolic links');
  });

  test('puts a candidate to the test before it replaces the file', async () => {
    writeFileSync(path, 'good\n', { mode: 0o640 });
    const validate = (candidate: string): ReturnType<typeof cmd> => cmd`test "$(stat -c %a -- ${candidate})" = 640 && { grep good ${candidate} || { echo 'no good' >&2; exit 4; }; }`;
    await expect(carryOut(file.copy({ path, content: 'bad\n', validate }), on)).rejects.toThrow(/was left as it is: the new content does not pass .* \(exit code 4\): no good/);
    expect(readFileSync(path, 'utf8')).toBe('good\n');
    await changesOnce(() => file.copy({ path, content: 'good again\n', validate }), on);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test.each([
    ['an empty path', { path: '', content: '' }, 'the path is empty'],
    ['a relative path', { path: 'etc/motd', content: '' }, 'must be absolute'],
    ['a path with dots', { path: '/etc/../motd', content: '' }, 'must be written out: /motd'],
    ['a path with a slash at the end', { path: '/etc/', content: '' }, 'must not end with a slash'],
    ['a decimal mode', { path: '/a', content: '', mode: 644 }, 'write 0o644'],
    ['a mode that is none', { path: '/a', content: '', mode: 0o100644 }, 'the mode 33188 is none'],
    ['an owner that is none', { path: '/a', content: '', owner: 'a b' }, 'the owner "a b" is no name'],
    ['a relative source', { path: '/a', from: 'files/a' }, "write join(__dirname, 'files/a')"],
    ['a missing source', { path: '/a', from: '/nonexistent/a' }, 'the file to copy cannot be read: ENOENT'],
  ])('refuses %s before any connection', (_, params, problem) => {
    expect(file.copy(params as file.CopyParams).problems.join()).toContain(problem);
  });

  test.each([
    ['content, mode and owner', 'old', 0o640, {}],
    ['what is no text', '\0old', 0o600, {}],
    ['what is too large to keep, from the backup', 'x'.repeat(300_000), 0o600, { backup: true }],
  ])('puts back %s', async (_, content, mode, more) => {
    writeFileSync(path, content, { mode });
    chownSync(path, 12345, 23456);
    await applyAndTakeBack(file.copy({ path, content: 'new', mode: 0o777, owner: 0, group: 0, ...more }), on);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(modeOf(path)).toBe(mode.toString(8));
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 23456 });
  });

  test('puts back attributes alone, a secret, and nothing', async () => {
    writeFileSync(path, 'same', { mode: 0o600 });
    await applyAndTakeBack(file.copy({ path, content: 'same', mode: 0o777, owner: 12345 }), on);
    expect(modeOf(path)).toBe('600');
    expect(statSync(path).uid).toBe(0);
    await applyAndTakeBack(file.copy({ path, content: new Secret('other-secret') }), on);
    expect(readFileSync(path, 'utf8')).toBe('same');
    rmSync(path);
    await applyAndTakeBack(file.copy({ path, content: 'new' }), on);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('puts back also what is too large to be shown', async () => {
    writeFileSync(path, 'x'.repeat(300_000));
    await applyAndTakeBack(file.copy({ path, content: 'new' }), on);
    expect(readFileSync(path, 'utf8')).toHaveLength(300_000);
  });
});

describe('file.template', () => {
  test('writes what the template gives, once', async () => {
    const template = join(folder, 'x.hbs');
    writeFileSync(template, '{{#each servers}}\nserver {{ip}}:{{../port}};\n{{/each}}\n');
    const make = (port: number) => (): ReturnType<typeof file.template> => file.template({ path, template, values: { port, servers: [{ ip: '10.0.0.1' }] }, mode: 0o600 });
    await changesOnce(make(6443), on);
    expect(readFileSync(path, 'utf8')).toBe('server 10.0.0.1:6443;\n');
    const { changes } = await changesOnce(make(7443), on);
    expect(changes).toEqual([expect.objectContaining({ property: 'content', diff: expect.stringContaining('-server 10.0.0.1:6443;\n+server 10.0.0.1:7443;') as string })]);
  });

  test('makes a secret file of secret values', async () => {
    const template = join(folder, 'x.hbs');
    writeFileSync(template, 'password={{password}}\n');
    const { changes } = await changesOnce(() => file.template({ path, template, values: { password: new Secret('tr0ub4dor&3') } }), on);
    expect(changes).toEqual([{ resource: path, property: 'content', from: null, to: '[secret]' }]);
    expect(readFileSync(path, 'utf8')).toBe('password=tr0ub4dor&3\n');
    expect(modeOf(path)).toBe('600');
  });

  test('reports a template that does not fit before any connection', () => {
    const template = join(folder, 'x.hbs');
    writeFileSync(template, 'a\n{{nope}}\n');
    expect(file.template({ path, template, values: {} }).problems).toEqual([`file.template: ${template}: line 2: "nope" is not defined`]);
    expect(file.template({ path, template: 'x.hbs', values: {} }).problems.join()).toContain("write join(__dirname, 'x.hbs')");
  });
});
