/** Who is who: known from variables and inventory, before any connection. */
import { addressOf, type Host, type Inventory } from '../../core';
import type { Vars } from './vars';

/** A leaving master that is gone. */
export interface DeadMaster { readonly name: string; readonly address: string }

export interface World {
  /** Masters that stay. */
  readonly kept: readonly Host[];
  /** Masters that leave and answer. */
  readonly leaving: readonly Host[];
  readonly dead: readonly DeadMaster[];
  /** Kept and leaving masters. */
  readonly masters: readonly Host[];
  /** Every host with an nginx in front of the API: masters stay in the cluster as workers. */
  readonly proxies: readonly Host[];
  /** Addresses and names of all that leave, dead ones too. */
  readonly leavingNames: readonly string[];
}

/** Lays out the roles. A host that is `dead` is in no list of hosts. */
export function worldOf(vars: Pick<Vars, 'leaving' | 'dead'>, inventory: Inventory): World {
  const dead = vars.dead.map(name => deadMaster(name, inventory));
  const isDead = (host: Host): boolean => dead.some(each => each.name === host.name || each.address === addressOf(host));
  const all = inventory.groups.get('masters') ?? [];
  const leaving = vars.leaving.filter(host => !isDead(host));
  const kept = all.filter(host => !isDead(host) && !leaving.includes(host));
  const masters = [...kept, ...leaving];
  const workers = (inventory.groups.get('nodes') ?? []).filter(host => !masters.includes(host) && !isDead(host));
  return {
    kept, leaving, dead, masters,
    proxies: [...masters, ...workers],
    leavingNames: [...new Set([...leaving.flatMap(host => [addressOf(host), host.name]), ...dead.flatMap(each => [each.address, each.name])])],
  };
}

/** What is wrong with the choice itself; the run is refused with all of it. */
export function wrongChoice(world: World, vars: Pick<Vars, 'leaving' | 'dead'>, context: { readonly inventory: Inventory; readonly selected: readonly Host[] }): string[] {
  const masters = context.inventory.groups.get('masters') ?? [];
  if (masters.length === 0) return ['the inventory has no group "masters"; it names the hosts that run etcd and the API servers'];
  const strangers = vars.leaving.filter(host => !masters.includes(host)).map(host => `leaving: ${host.name} is not in the group "masters"`);
  const nobody = vars.leaving.length + vars.dead.length === 0 ? ['leaving: name the masters that leave, as in --set leaving=172.72.0.96,172.72.0.97'] : [];
  const none = world.kept.length === 0 ? ['leaving: all masters would leave; at least one must stay'] : [];
  const missing = world.proxies.filter(host => !context.selected.includes(host));
  const limited = missing.length === 0 ? [] : [
    `--limit leaves out ${missing.map(host => host.name).join(', ')}: every node's nginx and every master takes part, or the cluster is left half changed; run it without --limit`,
  ];
  return [...nobody, ...strangers, ...none, ...limited];
}

function deadMaster(name: string, inventory: Inventory): DeadMaster {
  const host = inventory.find(name);
  return host === undefined ? { name, address: name } : { name: host.name, address: addressOf(host) };
}
