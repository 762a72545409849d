/** Where Runsheet keeps what a later run must know on a host: what is owed there, and copies for going back. */
import type { Host } from '../inventory/host';
import { cmd, raw, type Command } from './command';

/** The folder of this name as a shell word: `runsheet_state_dir`, else /var/lib/runsheet for root and ~/.local/state/runsheet for others. */
export function stateFolder(host: Host, name: string): Command {
  const { stateDirectory } = host.connection;
  if (stateDirectory !== undefined) return cmd`${`${stateDirectory}/${name}`}`;
  return raw(`"$(if [ "$(id -u)" = 0 ]; then echo /var/lib; else echo "\${XDG_STATE_HOME:-$HOME/.local/state}"; fi)/runsheet/${name}"`);
}
