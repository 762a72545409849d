/** A directory tree of the controller, as it is to be on hosts. */
import { readdirSync, readlinkSync, statSync, type Dirent } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { messageOf } from '../../core/errors';
import { sha256OfFile } from './controller-files';

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
  /** Without the top itself; a directory stands before what is in it, names of one directory in the order of their code units. */
  readonly entries: readonly TreeEntry[];
  /** What cannot be brought to a host, each a sentence. */
  readonly problems: readonly string[];
}

/** Node keeps no more in one piece of memory for sure. */
const MOST_BYTES = 2 ** 31;

/** Reads a directory with all that is in it; files are hashed, once in a process as long as they stay the same. Links are not followed, but the top may be one. */
export function scanTree(from: string): SourceTree {
  if (!isAbsolute(from)) {
    return { entries: [], problems: [`the directory "${from}" has a relative path; write join(__dirname, '${from}'), which starts at the playbook's own folder`] };
  }
  const found: Found = { top: from, entries: [], problems: [] };
  try {
    if (!statSync(from).isDirectory()) return { entries: [], problems: [`${from} is no directory; file.copy brings single files`] };
    scan(found, '');
  } catch (error) {
    found.problems.push(`the directory to copy cannot be read: ${messageOf(error)}`);
  }
  return found;
}

interface Found {
  readonly top: string;
  readonly entries: TreeEntry[];
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
    found.entries.push({ kind: 'directory', name });
    scan(found, name);
  } else if (item.isSymbolicLink()) {
    const target = readlinkSync(from, 'buffer');
    if (Buffer.from(target.toString()).equals(target)) found.entries.push({ kind: 'link', name, target: target.toString() });
    else found.problems.push(`the link ${from} leads to a name that is no UTF-8`);
  } else if (item.isFile()) {
    const { size, mode } = statSync(from);
    if (size > MOST_BYTES) found.problems.push(`${from} has more than 2 GiB, the most that is sent of one file`);
    else found.entries.push({ kind: 'file', name, from, size, sha256: sha256OfFile(from), isExecutable: (mode & 0o100) !== 0 });
  } else {
    found.problems.push(`${from} is neither a file nor a directory nor a link`);
  }
}

function nameProblem(path: string, name: Buffer): string | undefined {
  if (!Buffer.from(name.toString()).equals(name)) return `${path} has a name that is no UTF-8`;
  return name.includes('\n') ? `${JSON.stringify(path)} has a line break in its name` : undefined;
}
