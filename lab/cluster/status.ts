import type { Lab } from '../lab';
import { isOn, runOnHost } from '../lab';
import { endpointsOf, etcdctl, kubeName, kubectl, leaseHolders, liveMaster, loadCluster } from './cluster';
import type { ClusterOptions } from './options';
import { clusterHosts } from './options';
import { unitsOn } from './units';

/** A member of etcd as it is listed. */
export interface MemberStatus {
  readonly id: string;
  readonly name: string;
  readonly isLeader: boolean;
}

/** What a lab's cluster looks like now. What could not be asked is empty. */
export interface ClusterStatus {
  /** What plays Kubernetes, in words. */
  readonly kube: string;
  readonly members: readonly MemberStatus[];
  /** State of each unit by host, as `systemctl is-active` says it. */
  readonly units: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Names of the nodes that are Ready, and of those that are not. */
  readonly ready: readonly string[];
  readonly notReady: readonly string[];
  /** Addresses behind the service `kubernetes`. */
  readonly endpoints: readonly string[];
  /** Who holds the lease of each. */
  readonly holders: { readonly controllerManager: string; readonly scheduler: string };
}

/**
 * Looks at the cluster of a lab.
 * @returns undefined when the lab has none.
 */
export async function clusterStatus(lab: Lab): Promise<ClusterStatus | undefined> {
  const options = await loadCluster(lab).catch(() => undefined);
  if (options === undefined) return undefined;
  const on: string[] = [];
  for (const host of clusterHosts(options)) if (await isOn(lab, host)) on.push(host);
  const units = await Promise.all(on.map(async (host) => [host, await unitStates(lab, options, host)] as const));
  const nothing = { ready: [], notReady: [], endpoints: [], holders: { controllerManager: '', scheduler: '' } };
  const kube = options.kube === 'none' ? nothing : await kubeStatus(lab, options).catch(() => nothing);
  return { kube: kubeName(options), members: await members(lab, options, on), units: Object.fromEntries(units), ...kube };
}

/** The status as lines of text. */
export function statusLines(status: ClusterStatus): string[] {
  const members = status.members.map((member) => `${member.name} ${member.id}${member.isLeader ? ' leader' : ''}`);
  const broken = Object.entries(status.units).flatMap(([host, units]) =>
    Object.entries(units).filter(([, state]) => state !== 'active').map(([unit, state]) => `${host} ${unit} ${state}`),
  );
  const row = (title: string, items: readonly string[]): string => `${title.padEnd(17)}${items.length === 0 ? '-' : items.join(', ')}`;
  const kubernetes = [
    row('nodes ready', status.ready),
    ...(status.notReady.length === 0 ? [] : [row('nodes not ready', status.notReady)]),
    row('endpoints', status.endpoints),
    row('leases', [`controller-manager ${status.holders.controllerManager || '-'}`, `scheduler ${status.holders.scheduler || '-'}`]),
  ];
  return [
    row('kubernetes', [status.kube]),
    row('etcd members', members),
    ...(status.kube === kubeName({ kube: 'none' }) ? [] : kubernetes),
    row('units not active', broken),
  ];
}

async function unitStates(lab: Lab, options: ClusterOptions, host: string): Promise<Record<string, string>> {
  const units = unitsOn(options, host);
  const { stdout } = await runOnHost(lab, host, `systemctl is-active ${units.join(' ')}`, { expect: 'any' });
  const states = stdout.trim().split('\n');
  return Object.fromEntries(units.map((unit, i) => [unit, states[i] ?? 'unknown']));
}

/** The members and the leader as the first member that answers sees them. */
async function members(lab: Lab, options: ClusterOptions, on: readonly string[]): Promise<MemberStatus[]> {
  for (const master of options.masters.filter((each) => on.includes(each))) {
    const list = await runOnHost(lab, master, etcdctl(options, 'member list'), { expect: 'any' });
    const status = await runOnHost(lab, master, etcdctl(options, 'endpoint status --write-out=json'), { expect: 'any' });
    if (list.code !== 0 || status.code !== 0) continue;
    const leader = /"leader":(\d+)/.exec(status.stdout)?.[1] ?? '0';
    const lines = list.stdout.trim().split('\n').map((line) => line.split(', '));
    return lines.map(([id = '', , name = '']) => ({ id, name, isLeader: BigInt(`0x${id}`) === BigInt(leader) }));
  }
  return [];
}

async function kubeStatus(lab: Lab, options: ClusterOptions): Promise<Pick<ClusterStatus, 'ready' | 'notReady' | 'endpoints' | 'holders'>> {
  const master = await liveMaster(lab, options);
  const at = `--server=https://${master}:6443`;
  const path = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
  const nodes = (await kubectl(lab, master, `${at} get nodes -o 'jsonpath=${path}'`)).trim().split('\n');
  const names = (isReady: boolean): string[] => nodes.filter((line) => line.endsWith('=True') === isReady).map((line) => line.split('=')[0] ?? '');
  const endpoints = await endpointsOf(lab, master, at);
  return { ready: names(true), notReady: names(false), endpoints, holders: await leaseHolders(lab, options) };
}
