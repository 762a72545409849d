/**
 * From groups and hosts as they were written to the inventory of a run. Variables are merged in Ansible's order: of the inventory itself
 * `all`, groups from the top down (those of one depth by priority, then by name), then the same of group_vars, then the host's own, then host_vars.
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#how-variables-are-merged
 */
import { connectionOf, plainVars } from './connection';
import type { Draft, DraftGroup, DraftHost, Settings } from './draft';
import type { Host, Inventory, VariableOrigin } from './host';
import { findIn, selectFrom } from './pattern';
import { PRIORITY } from './variables';

/** The inventory of a run. @param sources where it came from, for messages. @throws InventoryError for connection variables that are wrong */
export function mergeDraft(draft: Draft, sources: readonly string[]): Inventory {
  const order = groupOrder(draft);
  const members = new Map(order.map(group => [group.name, membersOf(draft, group)]));
  const layered = new Map([...draft.hosts.values()].map(host => makeHost(host, order.filter(group => members.get(group.name)?.has(host.name) === true))));
  const hosts = [...layered.keys()];
  const byName = new Map(hosts.map(host => [host.name, host]));
  const named = (names: Iterable<string>): readonly Host[] => [...names].map(name => byName.get(name)).filter(host => host !== undefined);
  const groups = new Map([...draft.groups.keys()].map(name => [name, name === 'all' ? hosts : named(members.get(name) ?? [])]));
  const known = { hosts, groups };
  return { sources, ...known, select: pattern => selectFrom(known, pattern), find: name => findIn(hosts, name), origins: host => originsIn(layered.get(host) ?? []) };
}

/** Groups in the order in which their variables are laid over each other. */
function groupOrder(draft: Draft): readonly DraftGroup[] {
  const depths = new Map<string, number>();
  const sink = (name: string, depth: number): void => {
    if ((depths.get(name) ?? -1) >= depth) return;
    depths.set(name, depth);
    for (const child of draft.groups.get(name)?.children.keys() ?? []) sink(child, depth + 1);
  };
  for (const name of draft.groups.keys()) sink(name, name === 'all' ? 0 : 1);
  const rank = (group: DraftGroup): readonly [number, number] => [depths.get(group.name) ?? 1, Number(group.vars.get(PRIORITY)?.value ?? 1)];
  return [...draft.groups.values()].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left[0] - right[0] || left[1] - right[1] || (a.name < b.name ? -1 : 1);
  });
}

/** Names of the hosts of a group and of all groups below it, its own first. */
function membersOf(draft: Draft, group: DraftGroup): ReadonlySet<string> {
  if (group.name === 'all') return new Set(draft.hosts.keys());
  if (group.name === 'ungrouped') return ungrouped(draft);
  const names = new Set(group.hosts);
  for (const child of group.children.keys()) {
    const below = draft.groups.get(child);
    for (const name of below === undefined ? [] : membersOf(draft, below)) names.add(name);
  }
  return names;
}

function ungrouped(draft: Draft): ReadonlySet<string> {
  const grouped = new Set([...draft.groups.values()].filter(({ name }) => name !== 'all' && name !== 'ungrouped').flatMap(group => [...group.hosts]));
  return new Set([...draft.hosts.keys()].filter(name => !grouped.has(name)));
}

/** @param groups those that hold it, in order. @returns the host, and the layers of its variables, the strongest last */
function makeHost(host: DraftHost, groups: readonly DraftGroup[]): readonly [Host, readonly Settings[]] {
  const layers = [...groups.map(group => group.vars), ...groups.map(group => group.fileVars), host.vars, host.fileVars];
  const vars: Settings = new Map(layers.flatMap(layer => [...layer]));
  const made: Host = {
    name: host.name,
    connection: connectionOf(host.name, vars),
    groups: groups.map(group => group.name).filter(name => name !== 'all'),
    vars: plainVars(vars),
  };
  return [made, layers];
}

function originsIn(layers: readonly Settings[]): readonly VariableOrigin[] {
  const strongest = [...layers].reverse();
  const names = [...new Set(layers.flatMap(layer => [...layer.keys()]))].sort();
  return names.map(name => ({ name, values: strongest.flatMap(layer => { const set = layer.get(name); return set === undefined ? [] : [set]; }) }));
}
