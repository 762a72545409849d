/** What is to be edited in a kept master's units, and whether it can be: known before anything is changed. Pure. */
import { addressOf, type Host } from '../../core';
import { editRefusal, type Unit } from '../../modules/systemd';
import type { EtcdFacts, MasterFacts } from '../steps/masters';
import { isOneOf, keptPeers, keptServers } from '../steps/urls';
import type { World } from './world';

/** What is known beforehand about the edits of one kept master. */
export interface EditFindings {
  /** Why `--etcd-servers` cannot be edited. */
  readonly etcdServers: string | undefined;
  /** Why `--initial-cluster` cannot be edited; it is then left to the user. */
  readonly initialCluster: string | undefined;
  /** What else on the command lines names a leaving master, and is not edited: `kube-apiserver: --etcd-servers-overrides=...`. */
  readonly mentions: readonly string[];
}

/** `--etcd-servers` as it is to be. */
export function etcdServersOf(facts: MasterFacts, host: Host, world: Pick<World, 'leavingNames'>): string {
  return keptServers(facts.apiserver.etcdServers, world.leavingNames, addressOf(host)).join(',');
}

/** `--initial-cluster` as it is to be; `undefined` where etcd has none. */
export function initialClusterOf({ etcd }: MasterFacts, world: Pick<World, 'leavingNames'>): string | undefined {
  return etcd.initialCluster === undefined ? undefined : keptPeers(etcd.initialCluster, world.leavingNames).join(',');
}

export interface KeptUnits { readonly host: Host; readonly facts: MasterFacts; /** etcd, API server, controller-manager, scheduler. */ readonly units: readonly Unit[] }

/** Looks at the texts of a kept master's units. */
export function editFindings({ host, facts, units }: KeptUnits, world: Pick<World, 'leavingNames'>): EditFindings {
  const [etcd, apiserver] = units;
  const initial = initialClusterOf(facts, world);
  return {
    etcdServers: apiserver === undefined ? undefined : editRefusal(apiserver, { flag: '--etcd-servers', value: etcdServersOf(facts, host, world) }),
    initialCluster: etcd === undefined || initial === undefined || initial === facts.etcd.initialCluster ? undefined : initialClusterRefusal(etcd, facts.etcd, initial),
    mentions: units.flatMap(unit => mentionsIn(unit, world.leavingNames).map(text => `${unit.unit}: ${text}`)),
  };
}

function initialClusterRefusal(unit: Unit, { initialClusterIn: place, configFile }: EtcdFacts, value: string): string | undefined {
  switch (place.kind) {
    case 'flag': return editRefusal(unit, { flag: '--initial-cluster', value });
    case 'variable': return editRefusal(unit, { variable: place.name, value });
    case 'file': return place.line === undefined ? `${configFile ?? ''} does not hold initial-cluster with its value on one line` : undefined;
    default: return place satisfies never;
  }
}

const EDITED = /^--?(?:etcd-servers|initial-cluster)(?:=|$)/;

function mentionsIn({ args }: Pick<Unit, 'args'>, leaving: readonly string[]): string[] {
  return args.map(arg => arg.text).filter((text, i, all) => {
    if (EDITED.test(text) || (/^--?(?:etcd-servers|initial-cluster)$/.test(all[i - 1] ?? ''))) return false;
    // A bare word that equals a host's name may mean anything; with a dot or a colon it is an address.
    return text.split(/[,;#=]/).some(piece => /[.:]/.test(piece) && isOneOf(piece, leaving));
  });
}
