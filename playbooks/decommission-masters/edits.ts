/** What is to be edited in a kept master's units, and whether it can be: known before anything is changed. Pure. */
import { addressOf, type Host } from '../../core';
import { editRefusal, type Unit } from '../../modules/systemd';
import type { EtcdFacts, MasterFacts, SettingPlace } from '../steps/masters';
import { isOneOf, keptPeers, keptServers } from '../steps/urls';
import type { World } from './world';

/** What is known beforehand about the edits of one kept master. */
export interface EditFindings {
  /** Why `--etcd-servers` cannot be edited. */
  readonly etcdServers: string | undefined;
  /** Why `--initial-cluster` or `--initial-cluster-state` cannot be edited; it is then left to the user. */
  readonly bootstrap: Readonly<Partial<Record<BootstrapSetting['name'], string>>>;
  /** What else on the command lines names a leaving master, and is not edited: `kube-apiserver: --etcd-servers-overrides=...`. */
  readonly mentions: readonly string[];
}

/** What etcd reads only where it has no data. */
export interface BootstrapSetting {
  readonly name: 'initial-cluster' | 'initial-cluster-state';
  /** As it is to be. */
  readonly value: string;
  /** `undefined` where it is not said. */
  readonly now: string | undefined;
  /** Where it stands, or is to be added. */
  readonly place: SettingPlace;
}

/** `--etcd-servers` as it is to be. */
export function etcdServersOf(facts: MasterFacts, host: Host, world: Pick<World, 'leavingNames'>): string {
  return keptServers(facts.apiserver.etcdServers, world.leavingNames, addressOf(host)).join(',');
}

/**
 * The settings for the next rebuild of a kept member: its cluster without those who leave, which exists. With `new` a member that lost its data would
 * make an empty cluster of its own. None where etcd has no `--initial-cluster`: then it finds the others in another way.
 * @see https://etcd.io/docs/v3.4/op-guide/configuration/#--initial-cluster-state
 */
export function bootstrapOf({ etcd }: MasterFacts, world: Pick<World, 'leavingNames'>): readonly BootstrapSetting[] {
  if (etcd.initialCluster === undefined) return [];
  return [
    { name: 'initial-cluster', value: keptPeers(etcd.initialCluster, world.leavingNames).join(','), now: etcd.initialCluster, place: etcd.initialClusterIn },
    { name: 'initial-cluster-state', value: 'existing', now: etcd.initialState, place: etcd.initialStateIn },
  ];
}

export interface KeptUnits { readonly host: Host; readonly facts: MasterFacts; /** etcd, API server, controller-manager, scheduler. */ readonly units: readonly Unit[] }

/** Looks at the texts of a kept master's units. */
export function editFindings({ host, facts, units }: KeptUnits, world: Pick<World, 'leavingNames'>): EditFindings {
  const [etcd, apiserver] = units;
  return {
    etcdServers: apiserver === undefined ? undefined : editRefusal(apiserver, { flag: '--etcd-servers', value: etcdServersOf(facts, host, world) }),
    bootstrap: etcd === undefined ? {} : Object.fromEntries(bootstrapOf(facts, world).filter(({ value, now }) => value !== now).flatMap(setting => {
      const refusal = bootstrapRefusal(etcd, facts.etcd, setting);
      return refusal === undefined ? [] : [[setting.name, refusal]];
    })),
    mentions: units.flatMap(unit => mentionsIn(unit, world.leavingNames).map(text => `${unit.unit}: ${text}`)),
  };
}

function bootstrapRefusal(unit: Unit, { initialClusterIn }: EtcdFacts, { name, value, now, place }: BootstrapSetting): string | undefined {
  switch (place.kind) {
    case 'flag': return editRefusal(unit, { flag: `--${name}`, value });
    case 'variable': return editRefusal(unit, { variable: place.name, value });
    case 'file': {
      // What is not said yet goes below the members.
      const [needed, line] = now === undefined && initialClusterIn.kind === 'file' ? ['initial-cluster', initialClusterIn.line] : [name, place.line];
      return line === undefined ? `${place.path} does not hold ${needed} with its value on one line` : undefined;
    }
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
