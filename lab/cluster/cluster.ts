import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Lab } from '../lab';
import { hostRoot, isOn, runOnHost } from '../lab';
import type { ClusterOptions, KubeKind } from './options';
import { clusterHosts, clusterOptions, unitNames } from './options';
import { optionsFile } from './spec';
import { unitsOn } from './units';

/** How to wait for a cluster. */
export interface StartOptions {
  /** Told each step, one line without a newline. */
  readonly progress?: (line: string) => void;
  /** How long the cluster may take to be whole, in milliseconds; 180,000 unless said. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const pauseMs = 300;

/**
 * Waits until the cluster that `clusterSpec` put onto a lab's hosts is whole: etcd healthy, every apiserver ready by
 * itself and through every host's proxy, the other units started and enabled, all nodes Ready, both leases held and all
 * masters endpoints of the service `kubernetes`.
 * It may be called again at any time.
 * @throws when the hosts carry no cluster, or when it is not whole in time; the message says what is missing.
 */
export async function startCluster(lab: Lab, start: StartOptions = {}): Promise<void> {
  const options = await loadCluster(lab);
  const deadline = Date.now() + (start.timeoutMs ?? 180_000);
  const until = (what: string, check: () => Promise<unknown>): Promise<void> => waitFor(what, check, { deadline, signal: start.signal });
  const tell = start.progress ?? (() => undefined);
  tell(`Waiting for etcd on ${options.masters.length} masters`);
  await Promise.all(options.masters.map((master) => until(`etcd on ${master}`, () => runOnHost(lab, master, etcdctl(options, 'endpoint health')))));
  if (options.kube === 'none') return;
  tell(`Waiting for the apiservers (${kubeName(options)})`);
  await Promise.all(options.masters.map((master) => until(`the apiserver on ${master}`, () => kubectl(lab, master, `--server=https://${master}:6443 get --raw /readyz`))));
  await Promise.all(clusterHosts(options).map((host) => startClients(lab, options, host)));
  tell(`Waiting for ${clusterHosts(options).length} nodes to be Ready and for both leases`);
  await Promise.all(clusterHosts(options).map((host) => until(`the apiserver through the proxy of ${host}`, () => kubectl(lab, host, 'get --raw /readyz'))));
  await until('all nodes to be Ready', () => allReady(lab, options));
  await until('both leases to be held', () => leaseHolders(lab, options));
  await until('all masters to be endpoints of the service kubernetes', () => allEndpoints(lab, options));
}

/**
 * The options of the cluster on a lab's hosts.
 * @throws when there is none.
 */
export async function loadCluster(lab: Lab): Promise<ClusterOptions> {
  const host = lab.hosts.find((each) => each.role === 'master');
  if (host === undefined) throw new Error(`The lab "${lab.name}" has no master and so no cluster.`);
  try {
    return clusterOptions.parse(JSON.parse(await readFile(join(hostRoot(lab, host.name), optionsFile), 'utf8')));
  } catch (error) {
    throw new Error(`The lab "${lab.name}" was started without a cluster: ${host.name} has no ${optionsFile}.`, { cause: error });
  }
}

/** What plays Kubernetes, in words: every output names the stand-in. */
export function kubeName({ kube }: { readonly kube: KubeKind }): string {
  return { real: 'real Kubernetes 1.20', 'stand-in': 'stand-in for Kubernetes', none: 'no Kubernetes' }[kube];
}

/** Runs kubectl as admin on a host, through that host's proxy unless the arguments name a server. */
export async function kubectl(lab: Lab, host: string, args: string): Promise<string> {
  return (await runOnHost(lab, host, `kubectl --request-timeout=10s ${args}`)).stdout;
}

/** The command line of etcdctl on a master, at its own member. */
export function etcdctl(options: ClusterOptions, args: string): string {
  const ssl = options.certDir;
  return `ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${ssl}/ca.pem --cert=${ssl}/etcd.pem --key=${ssl}/etcd-key.pem ${args}`;
}

/** Who holds the leases of the controller-manager and the scheduler: the address of the host, by name of the lease. */
export async function leaseHolders(lab: Lab, options: ClusterOptions): Promise<{ readonly controllerManager: string; readonly scheduler: string }> {
  const master = await liveMaster(lab, options);
  const holder = async (name: string): Promise<string> => {
    const identity = await kubectl(lab, master, `-n kube-system get lease ${name} -o 'jsonpath={.spec.holderIdentity}'`);
    const host = identity.split('_')[0] ?? '';
    return lab.hosts.find((each) => each.name === host)?.address ?? host;
  };
  return { controllerManager: await holder('kube-controller-manager'), scheduler: await holder('kube-scheduler') };
}

/**
 * The first master whose apiserver answers.
 * @throws when none does.
 */
export async function liveMaster(lab: Lab, options: ClusterOptions): Promise<string> {
  for (const master of options.masters) {
    if (!(await isOn(lab, master))) continue;
    const { code } = await runOnHost(lab, master, `kubectl --request-timeout=5s --server=https://${master}:6443 get --raw /readyz`, { expect: 'any' });
    if (code === 0) return master;
  }
  throw new Error(`No apiserver of the lab "${lab.name}" answers on ${options.masters.join(', ')}.`);
}

async function startClients(lab: Lab, options: ClusterOptions, host: string): Promise<void> {
  const { nginx, etcd, apiserver } = unitNames(options.units);
  const clients = unitsOn(options, host).filter((unit) => ![nginx, etcd, apiserver].includes(unit));
  await runOnHost(lab, host, `systemctl enable --now --quiet ${clients.join(' ')}`);
}

/** The addresses of the service `kubernetes`. @param at more for kubectl, before the command */
export async function endpointsOf(lab: Lab, master: string, at = ''): Promise<readonly string[]> {
  const addresses = await kubectl(lab, master, `${at} get endpoints kubernetes -o 'jsonpath={.subsets[*].addresses[*].ip}'`);
  return addresses.split(' ').filter((each) => each !== '');
}

/** Servers that start at once write over each other's list at times; the next one is written ten seconds later. */
async function allEndpoints(lab: Lab, options: ClusterOptions): Promise<void> {
  const { length } = await endpointsOf(lab, await liveMaster(lab, options));
  if (length < options.masters.length) throw new Error(`only ${length} of ${options.masters.length}`);
}

async function allReady(lab: Lab, options: ClusterOptions): Promise<void> {
  const path = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
  const lines = (await kubectl(lab, options.masters[0] ?? '', `get nodes -o 'jsonpath=${path}'`)).split('\n');
  const missing = clusterHosts(options).filter((host) => !lines.includes(`${host}=True`));
  if (missing.length > 0) throw new Error(`not Ready: ${missing.join(', ')}`);
}

async function waitFor(what: string, check: () => Promise<unknown>, limit: { deadline: number; signal: AbortSignal | undefined }): Promise<void> {
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      limit.signal?.throwIfAborted();
      const seen = error instanceof Error ? error.message : String(error);
      if (Date.now() > limit.deadline) throw new Error(`The lab's cluster did not become whole in time: still waiting for ${what}. The last answer: ${seen}`, { cause: error });
      await sleep(pauseMs);
    }
  }
}
