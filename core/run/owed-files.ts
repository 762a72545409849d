/** Owed handlers as files on a host: a name and since when, never a command. */
import { createHash } from 'node:crypto';
import { cmd, lines, raw } from '../transport/command';
import type { Connection, OpenConnection } from '../transport/connection';
import { findStateFolder } from '../transport/host-state';

/** A handler that a change called for and that has not run since. */
export interface OwedHandler {
  /** Name of the playbook that declares it. */
  readonly playbook: string;
  readonly handler: string;
  /** The run that made the change. */
  readonly run: string;
  /** ISO time of the change. */
  readonly since: string;
}

/** All that is owed on the connection's host, as its user knows it. @throws CommandError when it cannot be read */
export async function readOwed(on: OpenConnection): Promise<readonly OwedHandler[]> {
  const { stdout } = await on.look(lines(findStateFolder(on.host, 'owed'), raw(`cd -- "$state" 2>/dev/null || exit 0
for f in *.json; do if [ -f "$f" ]; then line=; IFS= read -r line <"$f"; printf '%s\\n' "$line"; fi; done
exit 0`)));
  return stdout.split('\n').flatMap(parseOwed);
}

/** Writes it down, readable for this user alone; one that is there stays as it is. It is on the disk when this resolves. @throws CommandError */
export async function writeOwed(on: Connection, owed: readonly OwedHandler[]): Promise<void> {
  const notes = owed.map(each => cmd`note ${fileOf(each)} ${JSON.stringify(each)}`);
  // Also what is there: whoever wrote it may have been killed before it was on the disk.
  await on.run(lines(findStateFolder(on.host, 'owed'), NOTE, ...notes, cmd`sync -- ${owed.map(fileOf)}`));
}

/** A file that a dead host left empty or cut off is none. Nothing was changed then, for that begins after this. */
const NOTE = raw(`set -e; umask 077; [ -d "$state" ] || mkdir -p -- "$state"; cd -- "$state"
note() {
  line=
  if [ -f "$1" ]; then IFS= read -r line <"$1" || :; fi
  case $line in *'"}') ;; *) printf '%s\\n' "$2" >"$1" ;; esac
}`);

/** Strikes it out. @throws CommandError */
export async function clearOwed(on: Connection, owed: Pick<OwedHandler, 'playbook' | 'handler'>): Promise<void> {
  await on.run(lines(findStateFolder(on.host, 'owed'), cmd`rm -f -- "$state"/${fileOf(owed)}`));
}

/** One handler of a playbook is owed once, however many changes called for it. */
function fileOf({ playbook, handler }: Pick<OwedHandler, 'playbook' | 'handler'>): string {
  return `${createHash('sha256').update(JSON.stringify([playbook, handler])).digest('hex').slice(0, 16)}.json`;
}

function parseOwed(line: string): readonly OwedHandler[] {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null) return [];
    const { playbook, handler, run, since } = parsed as Partial<Record<keyof OwedHandler, unknown>>;
    return [playbook, handler, run, since].every(text => typeof text === 'string') ? [{ playbook, handler, run, since } as OwedHandler] : [];
  } catch {
    // An empty line, or a file that is not ours.
    return [];
  }
}
