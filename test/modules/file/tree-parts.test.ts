/** The pure parts of file.tree: what the look printed, what differs, what the archive holds. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../core/checksum';
import { archiveOf } from '../../../modules/file/tar';
import { differencesOf, type WantedTree } from '../../../modules/file/tree-compare';
import { parseTree, treeLookCommand, type TreeFacts, type TreeState } from '../../../modules/file/tree-look';
import { localTarget } from '../../support/local-target';

const sums = [sha256('one'), sha256('two')] as const;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const top = ['top 41ed 0 0 root/root/', `real ${base64('/srv/t\n')}`];

describe('what the look printed', () => {
  const facts: TreeFacts = { type: 'file', mode: 0o644, uid: 0, gid: 0, owner: 'root', group: 'root', sha256: sums[0], target: undefined };

  test.each<[string, string[], readonly string[], Partial<TreeState>]>([
    ['nothing there', [], ['a'], { top: undefined, real: undefined, found: new Map() }],
    ['a link that leads nowhere', [`link ${base64('no\nwhere')}`], ['a'], { link: 'no\nwhere', top: undefined }],
    ['a file in the place', ['top 81a4 0 0 root/root/'], ['a'], { top: { ...facts, sha256: undefined }, found: new Map() }],
    ['a directory, and nothing in it', [...top, 'targets '], ['a'], { real: '/srv/t', found: new Map() }],
    ['files in the order of their names', [...top, 'at 81a4 0 0 root/root/./b c', 'at 81a4 0 0 root/root/./a', 'targets ', `${sums[0]}  ./a`, `\\${sums[1]}  ./b c`], ['a', 'b c'],
      { found: new Map([['a', facts], ['b c', { ...facts, sha256: sums[1] }]]) }],
    ['groups with blanks, names like lines', [...top, 'at 81ed 5 6 UNKNOWN/domain users/./at 81a4 0 0 x/y/./z', `targets `, `${sums[0]}  x`], ['at 81a4 0 0 x/y/./z'],
      { found: new Map([['at 81a4 0 0 x/y/./z', { ...facts, mode: 0o755, uid: 5, gid: 6, owner: 'UNKNOWN', group: 'domain users' }]]) }],
    ['links and directories', [...top, 'at a1ff 0 0 root/root/./l', 'at 41c0 0 0 root/root/./d', 'at a1ff 0 0 root/root/./k', `targets ${base64('b\nc\0 \0')}`], ['d', 'k', 'l'], {
      found: new Map([['d', { ...facts, type: 'directory', mode: 0o700, sha256: undefined }], ['k', { ...facts, type: 'link', mode: 0o777, sha256: undefined, target: 'b\nc' }], ['l', { ...facts, type: 'link', mode: 0o777, sha256: undefined, target: ' ' }]]),
    }],
  ])('%s', (_, printed, names, expected) => {
    expect(parseTree('/t', { names, others: false }, { stdout: `${printed.join('\n')}\n`, stderr: '' })).toMatchObject(expected);
  });

  test('what is there besides, and what is mounted', () => {
    const printed = [...top, 'targets ', `directories ${base64('./old\0./old/deep\0./d\0/end')}`, `files ${base64('./old/x y\0./a\0./f\0/end')}`, 'mount /srv/t/old/deep'];
    const { others, mounts } = parseTree('/t', { names: ['a', 'd'], others: true }, { stdout: printed.join('\n'), stderr: '' });
    expect([...others]).toEqual([['f', 'file'], ['old', 'directory'], ['old/deep', 'directory'], ['old/x y', 'file']]);
    expect(mounts).toEqual(['/srv/t/old/deep']);
  });

  test.each([
    ['a list that is cut off', [`directories ${base64('./a\0')}`, `files ${base64('/end')}`], 'could not be listed: find: no'],
    ['a file that came meanwhile', ['targets ', `${sums[0]}  ./a`, `directories ${base64('/end')}`, `files ${base64('/end')}`], 'changed while it was looked at'],
    ['a file that went meanwhile', ['at 81a4 0 0 root/root/./a', 'targets '], 'changed while it was looked at'],
    ['a link that went meanwhile', ['at a1ff 0 0 root/root/./a', 'targets '], 'changed while it was looked at'],
  ])('%s is an error', (_, printed, words) => {
    expect(() => parseTree('/t', { names: ['a'], others: true }, { stdout: [...top, ...printed].join('\n'), stderr: 'find: no\n' })).toThrow(words);
  });

  test('a mount is seen by its real path', async () => {
    const on = localTarget();
    const command = treeLookCommand({ path: '/dev', names: [], others: true });
    const { mounts, others } = parseTree('/dev', { names: [], others: true }, await on.run(command));
    expect(mounts).toContain('/dev/shm');
    expect(others.get('shm')).toBe('directory');
  });
});

describe('what differs', () => {
  const wanted: WantedTree = { path: '/t', entries: [{ kind: 'file', name: 'a', from: '/x/a', size: 3, sha256: sums[0], isExecutable: false }], prune: true };
  const directory: TreeFacts = { type: 'directory', mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', sha256: undefined, target: undefined };
  const state: TreeState = { top: directory, link: undefined, real: '/srv/t', found: new Map(), others: new Map(), mounts: [] };
  const file = (mode: number): TreeState => ({ ...state, found: new Map([['a', { ...directory, type: 'file', mode, sha256: sums[0] }]]) });

  test('what goes is named with its directory', () => {
    const others = new Map([['old', 'directory'], ['old/x', 'file'], ['older', 'file']] as const);
    expect(differencesOf({ ...file(0o644), others }, wanted).map(({ act, change }) => [act, change.resource, change.from])).toEqual([['remove', '/t/old', 'directory'], ['remove', '/t/older', 'file']]);
  });

  test.each(['/srv/t/old', '/srv/t/old/deep/er'])('what holds %s, a mount, does not go', mount => {
    const others = new Map([['old', 'directory']] as const);
    expect(() => differencesOf({ ...state, others, mounts: [mount] }, wanted)).toThrow(`/t/old is not in the tree and is not removed: ${mount} is mounted there`);
    expect(differencesOf({ ...state, others, mounts: ['/srv/t', '/srv/t/older', '/srv/t/a'] }, wanted)).toHaveLength(2);
  });

  test.each([
    ['a plain file keeps its bits', 0o600, false, undefined, undefined],
    ['a plain file that can be executed', 0o751, false, undefined, '0640'],
    ['an executable file keeps its bits', 0o700, true, undefined, undefined],
    ['an executable file gets a bit for whoever reads it', 0o640, true, undefined, '0750'],
    ['a plain file with bits that are asked for', 0o644, false, 0o600, '0600'],
    ['an executable file with bits that are asked for', 0o644, true, 0o600, '0700'],
    ['bits that are there', 0o755, true, 0o644, undefined],
  ])('%s', (_, is, isExecutable, mode, to) => {
    const entries = wanted.entries.map(entry => ({ ...entry, isExecutable }));
    const differences = differencesOf(file(is), { ...wanted, entries, ...(mode === undefined ? {} : { mode }) });
    expect(differences.map(({ act, change }) => [act, change.property, change.to])).toEqual(to === undefined ? [] : [['keep', 'mode', to]]);
  });

  test('a new directory is told by what it holds', () => {
    const told = (entries: WantedTree['entries']): string | null | undefined => differencesOf({ ...state, top: undefined, real: undefined }, { ...wanted, entries })[0]?.change.to;
    const [entry] = wanted.entries;
    if (entry?.kind !== 'file') throw new Error('it is a file');
    const all = [wanted.entries, [{ ...entry, sha256: sums[1] }], [{ ...entry, name: 'b' }], [{ ...entry, isExecutable: true }], [{ kind: 'link', name: 'a', target: 'x' }] as const, []].map(told);
    expect(new Set(all).size).toBe(6);
    expect(all[0]).toMatch(/^directory with 1 file, sha256:/);
  });
});

test.each([[['tar']], [['busybox', 'tar']]])('%s unpacks the archive', async tar => {
  const folder = mkdtempSync(join(tmpdir(), 'runsheet-tar-'));
  try {
    const names = ['n', 'b'.repeat(100), 'c'.repeat(101), `${'d'.repeat(99)}é`, 'é'.repeat(120)];
    const from = join(folder, 'from');
    writeFileSync(from, 'x'.repeat(513));
    const file = { kind: 'file', from, size: 513, sha256: sha256('x'.repeat(513)) } as const;
    const archive = await archiveOf([...names.map(name => ({ ...file, name, mode: 0o751 })), ...names.map(target => ({ kind: 'link', name: `l${target}`, target: `${target}/x` } as const))]);
    execFileSync(tar[0] ?? '', [...tar.slice(1), '-xpmof', '-'], { cwd: folder, input: archive });
    for (const name of names) {
      expect([readFileSync(join(folder, name)).length, statSync(join(folder, name)).mode & 0o7777, readlinkSync(join(folder, `l${name}`))]).toEqual([513, 0o751, `${name}/x`]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
