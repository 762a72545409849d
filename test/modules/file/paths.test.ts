import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';

const on = localTarget();
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runsheet file's "));
  path = join(folder, 'it\'s "a" $path');
});

afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (of: string): string => (statSync(of).mode & 0o7777).toString(8);

describe('file.present', () => {
  test('makes an empty file, once, and leaves content alone', async () => {
    const { changes } = await changesOnce(() => file.present({ path, mode: 0o600, owner: 12345 }), on);
    expect(changes[0]).toEqual({ resource: path, property: 'state', from: null, to: 'file' });
    expect(readFileSync(path, 'utf8')).toBe('');
    writeFileSync(path, 'kept');
    await changesOnce(() => file.present({ path, mode: 0o640, owner: 12345 }), on);
    expect(readFileSync(path, 'utf8')).toBe('kept');
    expect(statSync(path).uid).toBe(12345);
  });

  test('is undone', async () => {
    await applyAndTakeBack(file.present({ path }), on);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '', { mode: 0o600 });
    await applyAndTakeBack(file.present({ path, mode: 0o777 }), on);
    expect(modeOf(path)).toBe('600');
  });

  test('refuses a directory in its place', async () => {
    await expect(planned(file.present({ path: folder }), on)).rejects.toThrow('is to be a file and is a directory');
    await expect(carryOut(file.present({ path: join(path, 'x') }), on)).rejects.toThrow(`the directory ${path} does not exist`);
  });
});

describe('file.directory', () => {
  test('makes a directory and its parents, once', async () => {
    const below = join(path, 'a', 'b');
    await changesOnce(() => file.directory({ path: below, mode: 0o2750, owner: 12345, group: 23456 }), on);
    expect(modeOf(below)).toBe('2750');
    expect(modeOf(path)).toBe('755');
    expect(statSync(below)).toMatchObject({ uid: 12345, gid: 23456 });
    await changesOnce(() => file.directory({ path: below, mode: 0o755 }), on);
  });

  test('takes a link to a directory for one', async () => {
    mkdirSync(join(folder, 'real'), { mode: 0o755 });
    symlinkSync('real', path);
    await changesOnce(() => file.directory({ path, mode: 0o700 }), on);
    expect(modeOf(join(folder, 'real'))).toBe('700');
  });

  test('refuses a file and a broken link in its place', async () => {
    writeFileSync(path, '');
    await expect(planned(file.directory({ path }), on)).rejects.toThrow('is to be a directory and is a file');
    rmSync(path);
    symlinkSync('nowhere', path);
    await expect(planned(file.directory({ path }), on)).rejects.toThrow('is a link to nowhere, which does not exist');
  });

  test('is undone', async () => {
    await applyAndTakeBack(file.directory({ path }), on);
    expect(existsSync(path)).toBe(false);
    mkdirSync(path, { mode: 0o711 });
    await applyAndTakeBack(file.directory({ path, mode: 0o700, owner: 12345 }), on);
    expect(modeOf(path)).toBe('711');
  });
});

describe('file.link', () => {
  test('makes a link and changes it, once', async () => {
    await changesOnce(() => file.link({ path, to: "it's no/where" }), on);
    expect(readlinkSync(path)).toBe("it's no/where");
    const { changes } = await changesOnce(() => file.link({ path, to: folder }), on);
    expect(changes).toEqual([{ resource: path, property: 'target', from: "it's no/where", to: folder }]);
    await changesOnce(() => file.link({ path, to: 'x' }), on);
    expect(readdirSync(folder)).toEqual(['it\'s "a" $path']);
  });

  test('is undone', async () => {
    await applyAndTakeBack(file.link({ path, to: 'a' }), on);
    expect(readdirSync(folder)).toEqual([]);
    symlinkSync('old', path);
    await applyAndTakeBack(file.link({ path, to: 'a' }), on);
    expect(readlinkSync(path)).toBe('old');
  });

  test('refuses a file and a directory in its place, and a missing directory', async () => {
    writeFileSync(path, '');
    await expect(planned(file.link({ path, to: 'a' }), on)).rejects.toThrow('is to be a link and is a file');
    await expect(planned(file.link({ path: folder, to: 'a' }), on)).rejects.toThrow('is to be a link and is a directory');
    await expect(carryOut(file.link({ path: join(folder, 'no', 'x'), to: 'a' }), on)).rejects.toThrow('does not exist');
    expect(file.link({ path, to: '' }).problems).toEqual(['file.link: `to` is empty']);
  });
});

describe('file.absent', () => {
  test('removes a file, a link and not what it points to, once', async () => {
    writeFileSync(path, '');
    const { changes } = await changesOnce(() => file.absent({ path }), on);
    expect(changes).toEqual([{ resource: path, property: 'state', from: 'file', to: null }]);
    writeFileSync(join(folder, 'target'), '');
    symlinkSync('target', path);
    await changesOnce(() => file.absent({ path }), on);
    mkdirSync(join(folder, 'full', 'x'), { recursive: true });
    symlinkSync('full', path);
    await changesOnce(() => file.absent({ path, recursive: true }), on);
    expect(readdirSync(folder).sort()).toEqual(['full', 'target']);
  });

  test('removes a directory with all that is in it only when told', async () => {
    mkdirSync(join(path, 'a'), { recursive: true });
    writeFileSync(join(path, 'a', 'b'), '');
    await expect(planned(file.absent({ path }), on)).rejects.toThrow('is a directory and is not removed');
    await changesOnce(() => file.absent({ path, recursive: true }), on);
    expect(existsSync(path)).toBe(false);
  });

  test('is done where the directory is missing too', async () => {
    expect(await carryOut(file.absent({ path: join(path, 'a', 'b') }), on)).toMatchObject({ changed: false });
  });

  test('refuses where something is mounted', async () => {
    // /dev/shm is a mount wherever these tests run; it is only looked at.
    await expect(planned(file.absent({ path: '/dev/shm', recursive: true }), on)).rejects.toThrow('/dev/shm is mounted there');
  });

  test.each(['/', '', '.', '/etc', '/usr/lib', '/var/lib', '/proc/1', '/tmp/..', '/tmp/', '//', 'tmp', '/tmp/../etc'])('refuses %o', candidate => {
    expect(file.absent({ path: candidate, recursive: true }).problems).not.toEqual([]);
  });
});

describe('file.stat', () => {
  test('tells what is at a path', async () => {
    writeFileSync(path, 'abc', { mode: 0o640 });
    symlinkSync('it\'s "a" $path', join(folder, 'link\n2'));
    expect((await carryOut(file.stat({ path, sha256: true }), on)).value).toEqual({
      exists: true, path, type: 'file', mode: 0o640, uid: 0, gid: 0, owner: 'root', group: 'root', size: 3,
      mtime: Math.floor(lstatSync(path).mtimeMs / 1000), target: undefined,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
    expect((await carryOut(file.stat({ path: join(folder, 'link\n2') }), on)).value).toMatchObject({ type: 'link', target: 'it\'s "a" $path', sha256: undefined });
    expect((await carryOut(file.stat({ path: join(folder, 'link\n2'), follow: true }), on)).value).toMatchObject({ type: 'file', size: 3, sha256: undefined });
    expect((await carryOut(file.stat({ path: folder, sha256: true }), on)).value).toMatchObject({ type: 'directory' });
    expect((await carryOut(file.stat({ path: '/dev/null' }), on)).value).toMatchObject({ type: 'other' });
    expect((await carryOut(file.stat({ path: join(folder, 'no') }), on)).value).toEqual({ exists: false, path: join(folder, 'no') });
    expect((await carryOut(file.stat({ path: join(path, 'below a file') }), on)).value).toMatchObject({ exists: false });
  });
});

describe('the shells of hosts', () => {
  const shells = [['sh'], ['bash', '--norc'], ['busybox', 'sh']].filter(([program = '']) => existsSync(`/usr/bin/${program}`));

  test.each(shells.map(shell => ({ shell, name: shell.join(' ') })))('$name reads and changes a path alike', async ({ shell }) => {
    const there = localTarget(shell);
    await changesOnce(() => file.copy({ path, content: 'a\n\n', mode: 0o600, owner: 12345, backup: true }), there);
    writeFileSync(path, "it's\n");
    await changesOnce(() => file.copy({ path, content: 'b', backup: true }), there);
    expect(readFileSync(`${path}-bak-${there.runId}`, 'utf8')).toBe("it's\n");
    await changesOnce(() => file.link({ path: join(folder, 'link'), to: "it's" }), there);
    await changesOnce(() => file.link({ path: join(folder, 'link'), to: folder }), there);
    await changesOnce(() => file.link({ path: join(folder, 'link'), to: path }), there);
    await changesOnce(() => file.directory({ path: join(folder, 'a', 'b'), mode: 0o2755 }), there);
    await changesOnce(() => file.directory({ path: join(folder, 'a', 'b'), mode: 0o755 }), there);
    expect((await carryOut(file.stat({ path: join(folder, 'link'), follow: true, sha256: true }), there)).value).toMatchObject({ type: 'file', mode: 0o600, size: 1, uid: 12345 });
    await changesOnce(() => file.absent({ path: join(folder, 'a'), recursive: true }), there);
    await expect(planned(file.absent({ path: '/dev/shm', recursive: true }), there)).rejects.toThrow('is mounted');
    symlinkSync('loop', join(folder, 'loop'));
    await expect(planned(file.copy({ path: join(folder, 'loop'), content: 'a' }), there)).rejects.toThrow('Too many levels of symbolic links');
  });
});

describe('file.fetch', () => {
  test('brings a file over, once, to a folder of its own', async () => {
    writeFileSync(path, Buffer.from([0, 1, 255]));
    const to = join(folder, 'here', 'm1', 'x');
    const { value, changes } = await changesOnce(() => file.fetch({ path, to }), on);
    expect(changes[0]?.to).toBe(`fetch ${path} to ${to}`);
    expect(readFileSync(to)).toEqual(Buffer.from([0, 1, 255]));
    expect(value).toEqual({ to, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(modeOf(to)).toBe('600');
    expect(modeOf(join(folder, 'here'))).toBe('700');
    writeFileSync(path, 'newer');
    await changesOnce(() => file.fetch({ path, to }), on);
  });

  test('refuses what is no file', async () => {
    await expect(planned(file.fetch({ path, to: join(folder, 'x') }), on)).rejects.toThrow(`${path} does not exist on the host`);
    await expect(planned(file.fetch({ path: folder, to: join(folder, 'x') }), on)).rejects.toThrow('is a directory; only files are fetched');
  });
});

describe('file.backup', () => {
  test('copies a directory with all that is in it', async () => {
    mkdirSync(join(path, 'a'), { recursive: true });
    writeFileSync(join(path, 'a', 'b'), 'x');
    const copy = await file.backup(on, path);
    expect(copy).toBe(`${path}-bak-${on.runId}`);
    expect(readFileSync(join(copy ?? '', 'a', 'b'), 'utf8')).toBe('x');
    expect(await file.backup(on, join(folder, 'no'))).toBeUndefined();
  });
});
