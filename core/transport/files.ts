/**
 * Files through a connection's own commands: small ones inside the open shell, large or secret ones on a channel of their own. Writing goes to
 * a temporary file in the same directory, `.<name>.runsheet-<run>`, whose checksum is compared before it is renamed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '../checksum';
import { messageOf, UsageError } from '../errors';
import { Secret } from '../secret';
import { cmd, raw, type Command } from './command';
import type { CommandResult, Connection, WriteOptions } from './connection';

/** A file as it is to be. */
export interface FileToWrite extends WriteOptions {
  readonly path: string;
  readonly content: string | Buffer | Secret;
  readonly runId: string;
}

/** Puts a file in place, see `Connection.write`. */
export async function writeFile(on: Pick<Connection, 'run'>, file: FileToWrite): Promise<void> {
  const { content, goesOn = false } = file;
  // The content goes as it is, without a copy of it: it may be large, and the same one for many hosts at a time.
  await on.run(writeCommand(file, sha256(content instanceof Secret ? content.reveal() : content)), { stdin: content, inputAsVariable: true, goesOn });
}

/** Prints a file as it is. */
export function readCommand(path: string): Command {
  return cmd`cat -- ${path}`;
}

/** Pieces that wait for a slow disk before reading pauses; a piece is at most 32 KiB. */
const MAX_WAITING = 64;

/** Runs the command that prints a file, and hands over what comes. */
type Stream = (onBytes: (bytes: Buffer) => Promise<void> | undefined, signal: AbortSignal) => Promise<CommandResult>;

/** Streams a file to the controller, see `Connection.fetch`. */
export async function fetchFile(to: string, stream: Stream): Promise<string> {
  const temporary = join(dirname(to), `.${basename(to)}.runsheet-${randomBytes(4).toString('hex')}`);
  const unwritable = (error: unknown): UsageError => new UsageError(`${to}: cannot be written on the controller: ${messageOf(error)}`);
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => { throw unwritable(error); });
  const hash = createHash('sha256');
  const stop = new AbortController();
  let waiting: Buffer[] = [];
  let writing: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const bytes = waiting;
      waiting = [];
      await file.writev(bytes);
    }
    writing = undefined;
  };
  try {
    await stream(bytes => {
      hash.update(bytes);
      waiting.push(bytes);
      writing ??= flush();
      writing.catch((error: unknown) => stop.abort(unwritable(error)));
      return waiting.length > MAX_WAITING ? writing : undefined;
    }, stop.signal);
    await writing;
    await file.sync();
    await file.close();
    await rename(temporary, to);
    return hash.digest('hex');
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

function writeCommand({ path, content, runId, mode, owner, group }: FileToWrite, sum: string): Command {
  const given = cmd`p=${path} run=${runId} sum=${sum} mode=${mode === undefined ? '' : mode.toString(8)} owner=${owner ?? ''} group=${group ?? ''} fresh=${
    content instanceof Secret ? '600' : '644'
  }`;
  return cmd`${given}
${WRITE}`;
}

/**
 * `set -C` (noclobber) creates the temporary file with O_EXCL, so nobody can lay a link in its place. Where all may read the new file, it is 0644 from the
 * beginning; that its mode is right is seen on the file, since an ACL of its directory goes before the umask. What a shell says when the disk is full differs,
 * and dash does not name the reason, so then cat tries.
 */
const WRITE = raw(`
fail() { echo "$p: $1" >&2; exit 1; }
if [ -L "$p" ]; then
  link=$p; p=$(readlink -f -- "$link") && [ -n "$p" ] || { p=$link; fail 'the symbolic link leads nowhere'; }
fi
case $p in */*) d=\${p%/*}/ ;; *) d=./ ;; esac
[ -d "$p" ] && fail 'is a directory'
[ -d "$d" ] || fail 'its directory does not exist'
n=\${p##*/}; t=$d.$n.runsheet-$run
for old in "$d.$n.runsheet-"*; do [ -e "$old" ] && rm -f -- "$old"; done
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
set --; [ -e "$p" ] && set -- "$p" || mode=\${mode:-$fresh}
[ "$mode" = 644 ] && umask 022 || umask 077
set -C
if [ "\${runsheet_input+set}" ]; then
  printf %s "$runsheet_input" 2>/dev/null >"$t" || { rm -f -- "$t"; printf %s "$runsheet_input" | cat >"$t"; }
else
  cat >"$t"
fi || fail 'cannot be written'
is=$(sha256sum <"$t"); [ "\${is%% *}" = "$sum" ] || fail 'the checksum of what arrived is wrong'
change=
if [ -n "$1$owner$group" ]; then
  is=$(stat -c %u/%g/%a/%U/%G -- "$t" "$@") || exit 1
  IFS='/
'; set -- $is
  owner=\${owner:-$6} group=\${group:-$7} mode=\${mode:-\${8:-$fresh}}
  case $owner in '' | "$1" | "$4") ;; *) change=owner ;; esac
  case $group in '' | "$2" | "$5") ;; *) change=owner ;; esac
  if [ -n "$change" ]; then
    chown -- "$owner\${group:+:$group}" "$t" || fail "cannot be given to owner '$owner' and group '$group'"
  elif [ "$mode" != "$3" ]; then
    change=mode
  fi
else
  change=mode
fi
if [ -n "$change" ]; then chmod "$mode" "$t" || exit 1; fi
if [ -e "$p" ] && [ -e /sys/fs/selinux/enforce ]; then chcon --reference="$p" -- "$t" || exit 1; fi
sync "$t" && mv -f -- "$t" "$p" && trap - EXIT && sync "$d"
`);
