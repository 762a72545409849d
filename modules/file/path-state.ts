/** How a path looks on a host now: all that the file modules compare. */
import { factsOf, statOf } from '../../core/path-facts';
import { pathLook, type LookOptions } from '../../core/path-look';
import type { Secret } from '../../core/secret';
import type { CommandResult, Connection } from '../../core/transport/connection';

export type FileType = 'file' | 'directory' | 'link' | 'other';

/** What stat(1) says, and what the file holds. */
export interface FileFacts {
  readonly type: FileType;
  /** Permission bits, `0o644`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Their names; `UNKNOWN` where the host has none. */
  readonly owner: string;
  readonly group: string;
  /** Bytes. */
  readonly size: number;
  /** Seconds since 1970; `NaN` of what is only planned. */
  readonly mtime: number;
  /** Of a regular file, hexadecimal, where it was asked for. */
  readonly sha256: string | undefined;
  /** Of a regular file, where it was asked for and is not too large; a secret where a secret is wanted in its place. */
  readonly content: Buffer | Secret | undefined;
}

/** How a path looks. */
export interface PathState {
  /** What a symbolic link at the path says; `undefined` when there is none. */
  readonly link: string | undefined;
  /** Is the directory there that holds the path? */
  readonly parent: boolean;
  /** `undefined` when nothing is there, or a followed link leads nowhere. */
  readonly facts: FileFacts | undefined;
}

/** How a path looks now, whatever is planned. */
export async function hostState(on: Pick<Connection, 'run'>, path: string, options: LookOptions): Promise<PathState> {
  const question = { ...options, path };
  return parsePathState(await on.run(pathLook(question), { ahead: question }));
}

/** Reads what `pathLook` printed. */
export function parsePathState(result: Pick<CommandResult, 'bytes'>): PathState {
  const said = new Map(factsOf(result).map(({ what, value }) => [what, value]));
  const stat = said.get('stat');
  return {
    link: said.get('link')?.toString(),
    parent: said.has('parent'),
    facts: stat === undefined ? undefined : parseFacts(stat, said),
  };
}

function parseFacts(stat: Buffer, said: ReadonlyMap<string, Buffer>): FileFacts {
  const { raw, uid, gid, size, seconds, owner, group } = statOf(stat);
  const bits = Number.parseInt(raw, 16);
  return {
    type: TYPES.get(bits & 0o170000) ?? 'other',
    mode: bits & 0o7777,
    uid: Number(uid), gid: Number(gid), size, mtime: seconds, owner, group,
    sha256: said.get('sha256')?.toString(),
    content: said.get('content'),
  };
}

/** Bits of st_mode, inode(7). */
const TYPES: ReadonlyMap<number, FileType> = new Map([[0o100000, 'file'], [0o040000, 'directory'], [0o120000, 'link']]);
