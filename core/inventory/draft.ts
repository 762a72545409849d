/** What the loaders fill: groups, hosts and variables as they were written, each with its place, before they are merged. */
import { InventoryError } from '../errors';
import { Secret } from '../secret';
import type { Setting } from './host';
import { PASSWORDS } from './variables';

export type Settings = Map<string, Setting>;

export interface DraftGroup {
  readonly name: string;
  /** Names, in the order in which they were written. */
  readonly hosts: Set<string>;
  /** Names of the groups below it, with the place that says so. */
  readonly children: Map<string, string>;
  /** Variables of the inventory itself. */
  readonly vars: Settings;
  /** Variables of the group_vars folder, which win over those of the inventory. */
  readonly fileVars: Settings;
}

export interface DraftHost {
  readonly name: string;
  readonly vars: Settings;
  /** Variables of the host_vars folder. */
  readonly fileVars: Settings;
}

/** An inventory that is being read. */
export interface Draft {
  readonly hosts: Map<string, DraftHost>;
  readonly groups: Map<string, DraftGroup>;
}

/** An empty inventory with Ansible's two groups that are always there. */
export function newDraft(): Draft {
  const draft: Draft = { hosts: new Map(), groups: new Map() };
  addGroup(draft, 'all');
  addGroup(draft, 'ungrouped');
  return draft;
}

/** The group of this name, made when it is not there yet. */
export function addGroup(draft: Draft, name: string): DraftGroup {
  const known = draft.groups.get(name);
  if (known !== undefined) return known;
  const group: DraftGroup = { name, hosts: new Set(), children: new Map(), vars: new Map(), fileVars: new Map() };
  draft.groups.set(name, group);
  return group;
}

/** The host of this name, made when it is not there yet; a host that stands in several places is one host. */
export function addHost(draft: Draft, name: string, group: string): DraftHost {
  addGroup(draft, group).hosts.add(name);
  const known = draft.hosts.get(name);
  if (known !== undefined) return known;
  const host: DraftHost = { name, vars: new Map(), fileVars: new Map() };
  draft.hosts.set(name, host);
  return host;
}

/** Puts one group below another. @throws InventoryError where that would close a circle */
export function addChild(draft: Draft, parent: string, child: { readonly name: string; readonly at: string }): void {
  const path = pathTo(draft, child.name, parent);
  if (path !== undefined) {
    const circle = [parent, ...path].join(' -> ');
    throw new InventoryError(`${child.at}: the groups ${circle} hold each other; take one of them out of the other's children`);
  }
  addGroup(draft, parent).children.set(child.name, child.at);
}

/** A variable as it was written; a password becomes a secret before anything else can see it. */
export function setting(name: string, value: unknown, at: string, text?: string): Setting {
  if (PASSWORDS.has(name) && !(value instanceof Secret)) {
    return { value: new Secret(typeof value === 'string' ? value : (text ?? String(value))), at };
  }
  return text === undefined ? { value, at } : { value, at, text };
}

/** The groups from `from` down to `to`, or `undefined` when `to` is not below it. */
function pathTo(draft: Draft, from: string, to: string): readonly string[] | undefined {
  if (from === to) return [from];
  for (const child of draft.groups.get(from)?.children.keys() ?? []) {
    const rest = pathTo(draft, child, to);
    if (rest !== undefined) return [from, ...rest];
  }
  return undefined;
}
