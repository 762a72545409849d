/** How a path looks on a host now: all that the file modules compare. */
import { factOf, factsOf, statOf, type FileType, type PathFact } from '../../core/path-facts';
import { pathLook, type LookOptions } from '../../core/path-look';
import type { Secret } from '../../core/secret';
import type { CommandResult, Connection } from '../../core/transport/connection';

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
  const said = factsOf(result);
  return { link: factOf(said, 'link')?.toString(), parent: factOf(said, 'parent') !== undefined, facts: fileFacts(said) };
}

function fileFacts(said: readonly PathFact[]): FileFacts | undefined {
  const stat = statOf(said);
  if (stat === undefined) return undefined;
  const { type, mode, uid, gid, owner, group, size, seconds } = stat;
  return { type, mode, uid, gid, owner, group, size, mtime: seconds, sha256: factOf(said, 'sha256')?.toString(), content: factOf(said, 'content') };
}
