/** Where Runsheet keeps what a later run must know on a host: what is owed there, and copies for going back. */
import type { Host } from '../inventory/host';
import { cmd, lines, raw, type Command } from './command';

/** Sets `state` to the folder above all. Starts no process where there is a /proc: the second word of `Uid:` is the effective user. @see proc(5) */
const FIND_STATE = raw(`
uid=
{ while read -r word real uid rest && [ "$word" != Uid: ]; do uid=; done </proc/self/status; } 2>/dev/null || uid=
[ -n "$uid" ] || uid=$(id -u)
if [ "$uid" = 0 ]; then state=/var/lib/runsheet; else state=\${XDG_STATE_HOME:-$HOME/.local/state}/runsheet; fi`);

/** Sets the shell variable `state` to the folder of this name: in `runsheet_state_dir`, else in /var/lib/runsheet for root and ~/.local/state/runsheet for others. */
export function findStateFolder({ connection: { stateDirectory } }: Host, name: string): Command {
  if (stateDirectory !== undefined) return cmd`state=${`${stateDirectory}/${name}`}`;
  return lines(FIND_STATE, cmd`state=$state/${name}`);
}

/** The same folder as a shell word, which costs a process each time. */
export function stateFolder(host: Host, name: string): Command {
  const { stateDirectory } = host.connection;
  if (stateDirectory !== undefined) return cmd`${`${stateDirectory}/${name}`}`;
  return cmd`"$(${findStateFolder(host, name)}
printf %s "$state")"`;
}
