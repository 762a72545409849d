/** What is at a path. */
import { withOpen } from '../../core/foreseen';
import { mapLook, query, type Query } from '../../core/module';
import type { FileType } from '../../core/path-facts';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';

export interface StatParams {
  /** Absolute. */
  readonly path: string;
  /** Tell about what a symbolic link points to instead of the link. Default: no. */
  readonly follow?: boolean;
  /** Also read a regular file and give its checksum. Default: no. */
  readonly sha256?: boolean;
}

/** Nothing is at the path. */
export interface NoFile { readonly exists: false; readonly path: string }

/** What is at the path. */
export interface FileStat {
  readonly exists: true;
  readonly path: string;
  readonly type: FileType;
  /** Permission bits as a number; print them with `toString(8)`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names; `UNKNOWN` where the host has none for the number. */
  readonly owner: string;
  readonly group: string;
  /** Bytes. */
  readonly size: number;
  /** Time of the last change of content, seconds since 1970. */
  readonly mtime: number;
  /** What a symbolic link at the path says. */
  readonly target: string | undefined;
  /** Hexadecimal, of a regular file, where it was asked for. */
  readonly sha256: string | undefined;
}

const look = query<StatParams, FileStat | NoFile>({
  name: 'file.stat',
  subject: params => params.path,
  validate: params => pathProblems(params.path),
  inspect: params => mapLook(lookAt(params.path, { follow: params.follow ?? false, sha256: params.sha256 ?? false }), state => toStat(params.path, state)),
});

/** What is at a path: a file, a directory, a link, something else or nothing. A path that may not be looked at is an error. @see stat(1) */
export function stat(params: StatParams): Query<FileStat | NoFile> {
  return look(params);
}

function toStat(path: string, { link, facts }: PathState): FileStat | NoFile {
  if (facts === undefined) return { exists: false, path };
  const { type, mode, uid, gid, owner, group, size, mtime, sha256 } = facts;
  const found: FileStat = { exists: true, path, type, mode, uid, gid, owner, group, size, mtime, target: link, sha256 };
  const open = (['mode', 'uid', 'gid', 'owner', 'group', 'size', 'mtime'] as const).filter(name => found[name] === '' || Number.isNaN(found[name]));
  return open.length === 0 ? found : withOpen(found, path, open);
}
