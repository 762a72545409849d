/** Directory trees on the disk, for the tests of file.tree. */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Writes a tree with all that is awkward in one: names, links, an empty directory, an executable file. */
export function fillSource(from: string): void {
  fill(from, { 'a.conf': 'a\n', 'conf.d/': '', 'conf.d/b 1.conf': 'b\n', 'conf.d/.hidden': '', 'bin/run': '#!/bin/sh\n', 'empty/': '', 'deep/er/x\\y "q" $z *': 'é\n', '-n': 'dash' });
  chmodSync(join(from, 'bin/run'), 0o750);
  symlinkSync('../a.conf', join(from, 'conf.d/link to a'));
  symlinkSync('/nowhere/at all', join(from, 'dangling'));
  symlinkSync('conf.d', join(from, 'to directory'));
}

/** Writes files; a name with a slash at its end is a directory. */
export function fill(top: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(name.endsWith('/') ? join(top, name) : dirname(join(top, name)), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(join(top, name), content);
  }
}

/** All that is in a directory: types, contents, link targets, and whether files can be executed. */
export function contents(top: string): Record<string, string> {
  const names = readdirSync(top, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(names.map(name => {
    const at = join(top, name);
    const stats = lstatSync(at);
    if (stats.isSymbolicLink()) return [name, `-> ${readlinkSync(at)}`];
    return [name, stats.isDirectory() ? 'directory' : `${(stats.mode & 0o100) === 0 ? '' : 'x '}${readFileSync(at, 'latin1')}`];
  }));
}

/** Where a test brings a tree from and to; the names need quoting, and the tree's directory is still to be made. */
export interface Place { readonly folder: string; readonly from: string; readonly path: string }

/** A folder of its own with a source in it. Whoever makes it removes `folder`. */
export function newPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "runsheet tree's "));
  const from = join(folder, 'source');
  const path = join(folder, 'host', 'it\'s "a" $tree');
  mkdirSync(dirname(path));
  fillSource(from);
  return { folder, from, path };
}
