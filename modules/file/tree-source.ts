/** A directory tree of the controller, as it is to be on hosts. */
import { accessSync, constants, readdirSync, readlinkSync, statSync, type Dirent } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { breather } from './breather';
import { LARGE, measure, measureNow, whyUnread } from './controller-files';

/** One path of a tree. `name` is relative to the tree's top, `conf.d/a.conf`. */
export type TreeEntry = TreeFile | TreeDirectory | TreeLink;

export interface TreeFile {
  readonly kind: 'file';
  readonly name: string;
  /** On the controller, absolute. */
  readonly from: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** May its owner on the controller execute it? */
  readonly isExecutable: boolean;
}

export interface TreeDirectory { readonly kind: 'directory'; readonly name: string }

export interface TreeLink { readonly kind: 'link'; readonly name: string; readonly target: string }

/** What stands in a directory of the controller. */
export interface SourceTree {
  /** Relative to the top, without the top itself; a directory stands before what is in it, names of one directory in the order of their code units. */
  readonly names: readonly string[];
  /** In the same order; of a large tree, what hashes its files when it is first called, and gives the same to all who call it. */
  readonly entries: readonly TreeEntry[] | (() => Promise<readonly TreeEntry[]>);
  /** What cannot be brought to a host, each a sentence. */
  readonly problems: readonly string[];
}

/** Node keeps no more in one piece of memory for sure. */
const MOST_BYTES = 2 ** 31;

/** Files of a tree that are hashed in one go. */
const MOST_FILES = 1000;

/**
 * Reads a directory with all that is in it; files are hashed, once in a process as long as they stay the same, and those of a large tree while the event loop
 * goes on. Links are not followed, but the top may be one.
 */
export function scanTree(from: string): SourceTree {
  if (!isAbsolute(from)) return nothing(`the directory "${from}" has a relative path; write join(__dirname, '${from}'), which starts at the playbook's own folder`);
  const found: Found = { top: from, items: [], problems: [] };
  try {
    if (!statSync(from).isDirectory()) return nothing(`${from} is no directory; file.copy brings single files`);
    scan(found, '');
    return { names: found.items.map(({ name }) => name), entries: hashed(found.items), problems: found.problems };
  } catch (error) {
    return nothing(...found.problems, `the directory to copy cannot be read: ${whyUnread(error)}`);
  }
}

function nothing(...problems: readonly string[]): SourceTree {
  return { names: [], entries: [], problems };
}

/** A path that is not hashed yet. */
type Scanned = Omit<TreeFile, 'sha256'> | TreeDirectory | TreeLink;

function hashed(items: readonly Scanned[]): SourceTree['entries'] {
  const files = items.filter(item => item.kind === 'file');
  if (files.length <= MOST_FILES && files.reduce((sum, { size }) => sum + size, 0) <= LARGE) {
    return items.map(item => (item.kind === 'file' ? { ...item, ...measureNow(item.from) } : item));
  }
  // What cannot be read is said before any host is touched.
  for (const { from } of files) accessSync(from, constants.R_OK);
  let hashing: Promise<readonly TreeEntry[]> | undefined;
  return () => hashing ??= hashLater(items);
}

async function hashLater(items: readonly Scanned[]): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const breathe = breather();
  for (const item of items) {
    entries.push(item.kind === 'file' ? { ...item, ...await measure(item.from) } : item);
    await breathe();
  }
  return entries;
}

interface Found {
  readonly top: string;
  readonly items: Scanned[];
  readonly problems: string[];
}

function scan(found: Found, directory: string): void {
  const items = readdirSync(join(found.top, directory), { withFileTypes: true, encoding: 'buffer' });
  const named = items.map(item => ({ item, name: posix.join(directory, item.name.toString()) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { item, name } of named) {
    const problem = nameProblem(join(found.top, name), item.name);
    if (problem !== undefined) found.problems.push(problem);
    else add(found, item, name);
  }
}

function add(found: Found, item: Dirent<Buffer>, name: string): void {
  const from = join(found.top, name);
  if (item.isDirectory()) {
    found.items.push({ kind: 'directory', name });
    scan(found, name);
  } else if (item.isSymbolicLink()) {
    const target = readlinkSync(from, 'buffer');
    if (Buffer.from(target.toString()).equals(target)) found.items.push({ kind: 'link', name, target: target.toString() });
    else found.problems.push(`the link ${from} leads to a name that is no UTF-8`);
  } else if (item.isFile()) {
    const { size, mode } = statSync(from);
    if (size > MOST_BYTES) found.problems.push(`${from} has more than 2 GiB, the most that is sent of one file`);
    else found.items.push({ kind: 'file', name, from, size, isExecutable: (mode & 0o100) !== 0 });
  } else {
    found.problems.push(`${from} is neither a file nor a directory nor a link`);
  }
}

function nameProblem(path: string, name: Buffer): string | undefined {
  if (!Buffer.from(name.toString()).equals(name)) return `${path} has a name that is no UTF-8`;
  return name.includes('\n') ? `${JSON.stringify(path)} has a line break in its name` : undefined;
}
