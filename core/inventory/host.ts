/** The people's side of an inventory: hosts, groups and how to reach them. Loaders make these values; everybody else only reads them. */
import type { Secret } from '../secret';

/** How a host is reached. Every value has a default; the Ansible variable that sets it stands beside it. */
export interface HostConnection {
  /** `ansible_connection`: `ssh` (default) or `local` (commands run on the controller). */
  readonly type: 'ssh' | 'local';
  /** `ansible_host`, else the host's name. */
  readonly address: string;
  /** `ansible_port`, 22. */
  readonly port: number;
  /** `ansible_user`, else `-u`, else the user who runs the controller. */
  readonly user?: string;
  /** `ansible_ssh_private_key_file`; without one the agent and the usual files in ~/.ssh are tried. */
  readonly privateKeyFile?: string;
  /** `ansible_password` / `ansible_ssh_pass`. */
  readonly password?: Secret;
  /** `ansible_become`. */
  readonly become?: boolean;
  /** `ansible_become_user`, root. */
  readonly becomeUser?: string;
  /** `ansible_become_password`. */
  readonly becomePassword?: Secret;
  /** `runsheet_host_key`: pinned fingerprints, `SHA256:...`. */
  readonly hostKeys?: readonly string[];
  /** `runsheet_known_hosts`: known_hosts files to use instead of the user's and the system's. */
  readonly knownHosts?: readonly string[];
  /** `runsheet_state_dir`: where Runsheet keeps what a later run must know; /var/lib/runsheet for root, ~/.local/state/runsheet for others. */
  readonly stateDirectory?: string;
}

/** One host of the inventory. There is one object per host in a run, so hosts may be compared and used as map keys. */
export interface Host {
  readonly name: string;
  readonly connection: HostConnection;
  /** Names of all groups that hold it, parents included, `all` not. */
  readonly groups: readonly string[];
  /** Its variables, groups' values merged by Ansible's order, connection variables left out. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/** The address of a host as others reach it: `ansible_host`, else its name. */
export function addressOf(host: Host): string {
  return host.connection.address;
}

/** The whole inventory of a run. */
export interface Inventory {
  /** Where it came from, for messages: file names. */
  readonly sources: readonly string[];
  /** All hosts, in the order of the inventory. */
  readonly hosts: readonly Host[];
  /** Hosts per group, in the order of the inventory; `all` is among them. */
  readonly groups: ReadonlyMap<string, readonly Host[]>;
  /**
   * The hosts that a pattern names, in the order of the inventory: names, groups, addresses, `all`, globs, `~regex`, joined by `,` or `:`,
   * with `&` for and, `!` for not.
   * @throws InventoryError for a name that is no host or group (with "did you mean").
   */
  select(pattern: string): readonly Host[];
  /** The host of this name or address, matched whole. */
  find(nameOrAddress: string): Host | undefined;
  /** Every variable of a host, connection variables too, with the places that set it. */
  origins(host: Host): readonly VariableOrigin[];
}

/** A variable of a host and where its value comes from. */
export interface VariableOrigin {
  readonly name: string;
  /** The value that counts comes first, `hosts.ini:7`; then what it overrides, the nearest first. */
  readonly values: readonly Setting[];
}

/** A variable's value and where it was set, `hosts.ini:7`. */
export interface Setting {
  readonly value: unknown;
  readonly at: string;
  /** As it was written, in an inventory whose values are literals (INI). */
  readonly text?: string;
}
