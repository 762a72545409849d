/** Owed handlers as files on a host: a name and since when, never a command. */
import { createHash } from 'node:crypto';
import { cmd, lines } from '../transport/command';
import type { Connection, OpenConnection } from '../transport/connection';
import { stateFolder } from '../transport/host-state';

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
  const { stdout } = await on.look(cmd`cd ${stateFolder(on.host, 'owed')} 2>/dev/null || exit 0; for f in *.json; do [ -f "$f" ] && cat -- "$f" && echo; done; exit 0`);
  return stdout.split('\n').flatMap(parseOwed);
}

/** Writes it down, readable for this user alone; one that is there stays as it is. It is on the disk when this resolves. @throws CommandError */
export async function writeOwed(on: Connection, owed: readonly OwedHandler[]): Promise<void> {
  const files = owed.map(each => {
    const file = fileOf(each);
    return cmd`[ -f ${file} ] || { printf %s ${JSON.stringify(each)} >${`.${file}`}; sync -- ${`.${file}`}; mv -f -- ${`.${file}`} ${file}; }`;
  });
  const folder = stateFolder(on.host, 'owed');
  await on.run(lines(cmd`set -e; umask 077; mkdir -p -- ${folder}; cd -- ${folder}`, ...files));
}

/** Strikes it out. @throws CommandError */
export async function clearOwed(on: Connection, owed: Pick<OwedHandler, 'playbook' | 'handler'>): Promise<void> {
  await on.run(cmd`rm -f -- ${stateFolder(on.host, 'owed')}/${fileOf(owed)}`);
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
