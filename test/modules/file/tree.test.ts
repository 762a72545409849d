import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Target } from '../../../core/transport/connection';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce } from '../../support/module';
import { shells } from '../../support/shells';
import { contents, fill, newPlace } from './trees';

const on = localTarget();
let folder: string;
let from: string;
let path: string;

beforeEach(() => { ({ folder, from, path } = newPlace()); });

afterEach(() => rmSync(folder, { recursive: true }));

/** Another byte in the last file of an archive. */
function damaged(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  const at = copy.lastIndexOf('#!/bin/sh');
  return copy.fill('%', at, at + 1);
}

const modeOf = (of: string): string => (lstatSync(of).mode & 0o7777).toString(8);
const make = (more: Partial<file.TreeParams> = {}) => (): ReturnType<typeof file.tree> => file.tree({ path, from, ...more });
const shown = (changes: readonly { resource: string; property: string; from: string | null; to: string | null }[]): string[] =>
  changes.map(({ resource, property, from: is, to }) => `${resource.slice(path.length)} ${property}: ${is ?? '-'} -> ${to ?? '-'}`);

describe.each(shells)('file.tree under %s', (_name, target) => {
  test('brings a whole tree, once, and what changed of it', async () => {
    const there = target();
    const { changes } = await changesOnce(make(), there);
    expect(shown(changes)).toEqual([expect.stringMatching(/^ state: - -> directory with 9 files, sha256:[0-9a-f]{12}$/)]);
    expect(contents(path)).toEqual(contents(from));
    expect(contents(path)['bin/run']).toBe('x #!/bin/sh\n');
    expect(['', 'bin', 'bin/run', 'a.conf'].map(name => modeOf(join(path, name)))).toEqual(['755', '755', '755', '644']);

    fill(from, { 'a.conf': 'aa\n', 'deep/er/new': 'n', 'new/deep/file': 'f', 'new/.x': '' });
    rmSync(join(from, 'dangling'));
    symlinkSync('elsewhere', join(from, 'dangling'));
    chmodSync(join(from, '-n'), 0o700);
    const second = await changesOnce(make(), there);
    expect(shown(second.changes)).toEqual([
      '/-n mode: 0644 -> 0755',
      expect.stringMatching(/^\/a.conf content: sha256:[0-9a-f]{12} -> sha256:[0-9a-f]{12}$/),
      '/dangling target: /nowhere/at all -> elsewhere',
      expect.stringMatching(/^\/deep\/er\/new content: - -> sha256:/),
      expect.stringMatching(/^\/new state: - -> directory with 2 files, sha256:/),
    ]);
    expect(contents(path)).toEqual(contents(from));
    expect(readdirSync(dirname(path))).toHaveLength(1);
  });

  test('sets modes, owner and group, of what is there and of what is new', async () => {
    const there = target();
    const all = { mode: 0o640, directoryMode: 0o2750, owner: 12345, group: 23456 };
    await carryOut(file.tree({ path, from }), there);
    rmSync(join(path, 'bin'), { recursive: true });
    writeFileSync(join(path, 'a.conf'), 'other');
    const { changes } = await changesOnce(make(all), there);
    expect(shown(changes)).toContain('/conf.d mode, owner, group: 0755, 0, 0 -> 2750, 12345, 23456');
    expect(changes).toHaveLength(14);
    const names = ['', ...readdirSync(path, { recursive: true, encoding: 'utf8' })];
    for (const name of names) expect(lstatSync(join(path, name)), name).toMatchObject({ uid: 12345, gid: 23456 });
    expect(['', 'bin', 'conf.d', 'bin/run', 'a.conf', '-n'].map(name => modeOf(join(path, name)))).toEqual(['2750', '2750', '2750', '750', '640', '640']);
    await changesOnce(make({ mode: 0o4755, directoryMode: 0o755, owner: 'daemon' }), there);
    expect([modeOf(join(path, 'a.conf')), modeOf(join(path, 'empty')), statSync(path).uid, statSync(path).gid]).toEqual(['4755', '755', 1, 23456]);
  });

  test('keeps mode and owner of what it replaces', async () => {
    const there = target();
    await carryOut(make()(), there);
    for (const name of ['a.conf', 'bin/run']) {
      chmodSync(join(path, name), name === 'a.conf' ? 0o600 : 0o700);
      chownSync(join(path, name), 12345, 23456);
    }
    fill(from, { 'a.conf': 'newer', 'bin/run': 'newer' });
    await changesOnce(make(), there);
    for (const name of ['a.conf', 'bin/run']) expect(statSync(join(path, name))).toMatchObject({ uid: 12345, gid: 23456 });
    expect([modeOf(join(path, 'a.conf')), modeOf(join(path, 'bin/run'))]).toEqual(['600', '700']);
  });

  test('leaves what is not in the tree, and removes it when told', async () => {
    const there = target();
    await carryOut(make()(), there);
    fill(path, { 'foreign': '1', 'conf.d/foreign': '2', 'old/deep/er/x': '3', 'old/y': '4' });
    symlinkSync('/etc', join(path, 'conf.d', 'foreign link'));
    expect((await carryOut(make()(), there)).changed).toBe(false);
    const { changes } = await changesOnce(make({ prune: true }), there);
    expect(shown(changes)).toEqual(['/conf.d/foreign state: file -> -', '/conf.d/foreign link state: file -> -', '/foreign state: file -> -', '/old state: directory -> -']);
    expect(contents(path)).toEqual(contents(from));
    expect(existsSync('/etc/passwd')).toBe(true);
  });

  test('takes files for links and links for files', async () => {
    const there = target();
    await carryOut(make()(), there);
    const aside = join(folder, 'aside');
    writeFileSync(aside, 'a\n');
    mkdirSync(join(folder, 'directory aside'));
    for (const name of ['a.conf', 'conf.d/b 1.conf', 'dangling']) rmSync(join(path, name));
    symlinkSync(aside, join(path, 'a.conf'));
    symlinkSync(join(folder, 'directory aside'), join(path, 'conf.d/b 1.conf'));
    writeFileSync(join(path, 'dangling'), 'file');
    const { changes } = await changesOnce(make(), there);
    expect(shown(changes)).toEqual([
      expect.stringMatching(`^/a.conf content: link to ${aside} -> sha256:`), expect.stringMatching(/^\/conf.d\/b 1.conf content: link to .* -> sha256:/), '/dangling target: file -> /nowhere/at all',
    ]);
    expect(contents(path)).toEqual(contents(from));
    expect([readFileSync(aside, 'utf8'), readdirSync(join(folder, 'directory aside'))]).toEqual(['a\n', []]);
  });

  test('brings large files, long names and many files', async () => {
    const there = target();
    const long = `${'n'.repeat(120)}/${'m'.repeat(200)}`;
    fill(from, { large: Buffer.alloc(3_000_001, 'xyz'), [long]: 'long' });
    for (let i = 0; i < 400; i += 1) fill(from, { [`many/${i % 7}/file ${i}`]: `${i}` });
    symlinkSync('t'.repeat(300), join(from, 'long link'));
    await changesOnce(make(), there);
    expect(contents(path)).toEqual(contents(from));
  });
});

describe('file.tree', () => {
  test('follows a link at its top, makes what is missing above it, and an empty tree', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('../real', path);
    await changesOnce(make(), on);
    expect(contents(join(folder, 'real'))).toEqual(contents(from));
    rmSync(from, { recursive: true });
    mkdirSync(from);
    path = join(folder, 'host', 'x', 'y', 'z');
    await changesOnce(make(), on);
    expect([contents(path), modeOf(path), modeOf(dirname(path))]).toEqual([{}, '755', '755']);
  });

  test('removes what a dead run left', async () => {
    await carryOut(make()(), on);
    fill(path, { 'a.conf': 'x', [`.${basename(path)}.runsheet-20250101T000000Z-dead/half`]: 'x' });
    await changesOnce(make(), on);
    expect(contents(path)).toEqual(contents(from));
  });

  test('a reader sees old files or new ones, and directories with all that is in them', async () => {
    for (let i = 0; i < 40; i += 1) fill(from, { [`new/${i}`]: 'x'.repeat(20_000), [`f${i}`]: 'b'.repeat(20_000) });
    for (let i = 0; i < 40; i += 1) fill(path, { [`f${i}`]: 'a'.repeat(20_000) });
    const seen = new Set<string>();
    const counts = new Set<number>();
    const reading = setInterval(() => {
      for (let i = 0; i < 40; i += 8) seen.add(readFileSync(join(path, `f${i}`), 'latin1'));
      if (existsSync(join(path, 'new'))) counts.add(readdirSync(join(path, 'new')).length);
    }, 1);
    await carryOut(make()(), on);
    clearInterval(reading);
    expect([...seen].map(text => text.slice(0, 1)).sort()).toEqual(['a', 'b']);
    expect([...seen].every(text => text.length === 20_000)).toBe(true);
    expect([...counts].filter(count => count !== 40)).toEqual([]);
  });

  test('changes nothing where a file changed meanwhile, or arrives damaged', async () => {
    fill(path, { 'a.conf': 'old' });
    const call = make()();
    for (const text of ['b\n', '']) {
      writeFileSync(join(from, 'a.conf'), text);
      await expect(carryOut(call, on)).rejects.toThrow(`${join(from, 'a.conf')} changed on the controller since it was looked at`);
    }
    const damaging: Target = { ...on, run: (command, options) => on.run(command, Buffer.isBuffer(options?.stdin) ? { ...options, stdin: damaged(options.stdin) } : options) };
    await expect(carryOut(make()(), damaging)).rejects.toThrow('the checksum of what arrived is wrong');
    expect(contents(path)).toEqual({ 'a.conf': 'old' });
  });

  test('sends nothing where nothing differs, and hashes no more than a megabyte ahead of its turn', async () => {
    const call = make()();
    const ahead = call.look.kind === 'probe' ? call.look.ahead : undefined;
    if (ahead === undefined || !('text' in ahead)) throw new Error('it is looked at by one command');
    await carryOut(call, on);
    expect(await on.run(ahead)).toMatchObject({ code: 0 });
    fill(path, { 'a.conf': Buffer.alloc(1_100_000) });
    expect(await on.run(ahead, { expect: [75] })).toMatchObject({ stdout: expect.not.stringMatching(/^[0-9a-f]{64} /m) as string });
  });

  test('is undone: what was changed, what was new, what was pruned', async () => {
    await applyAndTakeBack(make()(), on);
    expect(readdirSync(dirname(path))).toEqual([]);
    fill(path, { 'a.conf': 'old', 'conf.d/b 1.conf': 'b\n', 'old/x': '1', 'foreign': '2' });
    symlinkSync('old', join(path, 'dangling'));
    chmodSync(join(path, 'a.conf'), 0o600);
    const before = contents(path);
    await applyAndTakeBack(make({ prune: true, mode: 0o644, directoryMode: 0o700 })(), on);
    expect(contents(path)).toEqual(before);
    expect([modeOf(join(path, 'a.conf')), modeOf(join(path, 'conf.d'))]).toEqual(['600', '755']);
  });
});
