/** How a path looks on a host now: one command for all that the file modules compare. @see stat(1), sha256sum(1) */
import type { Secret } from '../../core/secret';
import { cmd, raw, type Command } from '../../core/transport/command';
import type { CommandResult, Connection } from '../../core/transport/connection';
import { parentOf } from './paths';

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

export interface LookOptions {
  /** Look at what a symbolic link points to instead of the link. */
  readonly follow: boolean;
  /** Ask for the checksum of a regular file. */
  readonly sha256?: boolean;
  /** Ask for the content of a regular file of at most `MAX_CONTENT` bytes: always, or unless its checksum is this one. */
  readonly content?: 'always' | { readonly unless: string };
}

/** Largest content that is read to show a difference, in bytes. */
export const MAX_CONTENT = 256 * 1024;

/** How a path looks now, whatever is planned. */
export async function hostState(on: Pick<Connection, 'run'>, path: string, options: LookOptions): Promise<PathState> {
  return parsePathState(await on.run(lookCommand(path, options)));
}

/** Larger files are hashed only when a task's turn has come, in bytes: what the others print would wait for it. */
const MOST_AHEAD = 1024 * 1024;

/** What prints it. @param most exit with 75 where a larger file would have to be hashed, in bytes */
export function lookCommand(path: string, options: LookOptions, most?: number): Command {
  const wantsContent = options.content !== undefined;
  const unless = typeof options.content === 'object' ? options.content.unless : '';
  return cmd`p=${path}
if [ -d ${parentOf(path)} ]; then echo parent; fi
if [ -L "$p" ]; then printf 'link %s\n' "$(readlink -n -- "$p" | base64 | tr -d '\n')"; fi
if s=$(stat ${options.follow ? raw('-L ') : raw('')}-c '%f %u %g %s %Y %U %G' -- "$p" 2>&1); then
  printf 'stat %s\n' "$s"
else
  case $s in *'No such file or directory'*|*'Not a directory'*) exit 0;; *) printf '%s\n' "$s" >&2; exit 1;; esac
fi
${most === undefined ? raw(':') : cmd`case $s in 8*) set -- $s; [ "$4" -le ${most} ] || exit 75;; esac`}
${isHashed(options) ? checksum : raw(':')}
${wantsContent ? content(unless) : raw(':')}`;
}

/** The same, to be sent ahead of its turn; `undefined` where it is as quick as that anyway. */
export function lookCommandAhead(path: string, options: LookOptions): Command | undefined {
  return isHashed(options) ? lookCommand(path, options, MOST_AHEAD) : undefined;
}

function isHashed({ sha256 = false, content }: LookOptions): boolean {
  return sha256 || content !== undefined;
}

// A link that is not followed has no checksum of its own.
const checksum = raw(String.raw`case $s in 8*) h=$(sha256sum < "$p") || exit 1; h=${'${h%% *}'}; printf 'sha256 %s\n' "$h";; *) h=;; esac`);

function content(unless: string): Command {
  return cmd`set -- $s
if [ -n "$h" ] && [ "$h" != ${unless} ] && [ "$4" -le ${MAX_CONTENT} ]; then printf 'content '; base64 < "$p" | tr -d '\n'; echo; fi`;
}

/** Reads what the command above printed. */
export function parsePathState(result: CommandResult): PathState {
  const said = new Map(result.stdout.split('\n').map(line => splitOnce(line)));
  const link = said.get('link');
  const stat = said.get('stat');
  return {
    link: link === undefined ? undefined : Buffer.from(link, 'base64').toString(),
    parent: said.has('parent'),
    facts: stat === undefined ? undefined : parseFacts(stat, said),
  };
}

function parseFacts(stat: string, said: ReadonlyMap<string, string>): FileFacts {
  const [raw = '', uid = '', gid = '', size = '', mtime = '', owner = '', group = ''] = stat.split(' ');
  const bits = Number.parseInt(raw, 16);
  const content = said.get('content');
  return {
    type: TYPES.get(bits & 0o170000) ?? 'other',
    mode: bits & 0o7777,
    uid: Number(uid), gid: Number(gid), size: Number(size), mtime: Number(mtime), owner, group,
    sha256: said.get('sha256'),
    content: content === undefined ? undefined : Buffer.from(content, 'base64'),
  };
}

/** Bits of st_mode, inode(7). */
const TYPES: ReadonlyMap<number, FileType> = new Map([[0o100000, 'file'], [0o040000, 'directory'], [0o120000, 'link']]);

function splitOnce(line: string): readonly [string, string] {
  const blank = line.indexOf(' ');
  return blank === -1 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
