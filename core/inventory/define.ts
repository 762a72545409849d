/** Inventories in TypeScript: `export default inventory({...})`. */
import type { Secret } from '../secret';
import { addChild, addGroup, addHost, setting, type Draft, type Settings } from './draft';
import type { HostConnection } from './host';
import { NAMES } from './variables';

/** How a host is reached, as far as it is not said elsewhere: in the host's groups, by default values. */
export interface Reached extends Partial<Omit<HostConnection, 'password' | 'becomePassword'>> {
  readonly password?: Secret;
  readonly becomePassword?: Secret;
}

export type Vars = Readonly<Record<string, unknown>>;

export interface HostEntry extends Reached {
  readonly vars?: Vars;
}

export interface GroupEntry<H extends string, G extends string> extends Reached {
  /** Names of its hosts. */
  readonly hosts?: readonly H[];
  /** Names of the groups below it. */
  readonly children?: readonly G[];
  readonly vars?: Vars;
}

export interface InventoryEntries<H extends string, G extends string> extends Reached {
  /** All hosts by name, in the order in which they are worked on. */
  readonly hosts: Readonly<Record<H, HostEntry>>;
  readonly groups?: Readonly<Record<G, GroupEntry<NoInfer<H>, NoInfer<G>>>>;
  /** Variables of all hosts. */
  readonly vars?: Vars;
}

/** What an inventory file exports. */
export interface InventoryModule {
  readonly kind: 'inventory';
  readonly entries: InventoryEntries<string, string>;
}

/**
 * Declares an inventory. Names in `hosts` and `children` of a group must be names of this inventory, or it does not compile.
 *
 *     export default inventory({
 *       hosts: { m1: { address: '10.0.0.1' }, m2: { address: '10.0.0.2' } },
 *       groups: { masters: { hosts: ['m1', 'm2'], user: 'admin', become: true } },
 *     });
 */
export function inventory<const H extends string, const G extends string = never>(entries: InventoryEntries<H, G>): InventoryModule {
  return { kind: 'inventory', entries };
}

/** Is this what `inventory` made? */
export function isInventoryModule(value: unknown): value is InventoryModule {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'inventory' && 'entries' in value;
}

/** Adds a typed inventory to a draft. @param file its name, for messages */
export function readEntries(draft: Draft, entries: InventoryEntries<string, string>, file: string): void {
  setAll(addGroup(draft, 'all').vars, entries, `${file}, all hosts`);
  for (const [name, host] of Object.entries(entries.hosts)) setAll(addHost(draft, name, 'all').vars, host, `${file}, host ${name}`);
  for (const [name, group] of Object.entries(entries.groups ?? {})) {
    setAll(addGroup(draft, name).vars, group, `${file}, group ${name}`);
    for (const host of group.hosts ?? []) addHost(draft, host, name);
  }
  for (const [name, group] of Object.entries(entries.groups ?? {})) {
    for (const child of group.children ?? []) {
      addGroup(draft, child);
      addChild(draft, name, { name: child, at: file });
    }
  }
}

/** Every property of `Reached` becomes the variable of the same meaning, so that both kinds of inventory are merged by one rule. @param at the entry, since values have no lines here */
function setAll(vars: Settings, entry: HostEntry, at: string): void {
  const reached = { ...entry.vars, ...renamed(entry) };
  for (const [name, value] of Object.entries(reached)) {
    if (value !== undefined) vars.set(name, setting(name, value, at));
  }
}

function renamed(entry: Reached): Vars {
  return Object.fromEntries(PROPERTIES.map(property => [NAMES[property].at(-1) ?? property, entry[property]]));
}

const PROPERTIES = ['type', 'address', 'port', 'user', 'privateKeyFile', 'password', 'become', 'becomeUser', 'becomePassword', 'hostKeys', 'knownHosts', 'stateDirectory'] as const;
