import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { kubectl, loadCluster } from '../cluster/cluster';
import type { ClusterOptions } from '../cluster/options';
import { clusterHosts, proxyUrl } from '../cluster/options';
import { hostNode, toolPath } from '../cluster/tools';
import type { Lab } from '../lab';
import { hostRoot, runOnHost } from '../lab';
import type { ClientConfig, Sample } from './host/protocol';
import type { ClientTotals } from './totals';
import { totalsOf } from './totals';

export type { ClientTotals, FailureSummary } from './totals';

/** What clients are started with. */
export interface ClientOptions {
  /** Addresses or names of the hosts; every one that stays reachable for the run. The first three unless said. */
  readonly hosts?: readonly string[];
  /** Requests a second on each host; 10 unless said. */
  readonly rate?: number;
  /** Every which request is a write; 2 unless said, 0: none. */
  readonly writeEvery?: number;
  /** When a client stops by itself, in seconds; 900 unless said. */
  readonly seconds?: number;
  /** When a request counts as failed, in milliseconds; 10,000 unless said. */
  readonly timeoutMs?: number;
}

/** Clients that run on a lab's hosts. */
export interface Clients {
  readonly hosts: readonly string[];
  /** What they saw so far. Nothing is read back, so nothing counts as lost. */
  totals(): Promise<ClientTotals>;
  /** Stops them and reads every acknowledged write back through `readThrough`, a host's proxy (the first host's unless said). */
  stop(readThrough?: string): Promise<ClientTotals>;
}

const namespace = 'runsheet-clients';
const unit = 'runsheet-lab-client';
const log = '/var/log/runsheet-lab-client.jsonl';

const namespaceTries = 12;

/** A cluster that has just lost a master answers some requests late: clients are there for what comes after that. */
async function makeNamespace(lab: Lab, host: string): Promise<void> {
  for (let left = namespaceTries; ; left--) {
    try {
      await kubectl(lab, host, `get namespace ${namespace} -o name || kubectl create namespace ${namespace}`);
      return;
    } catch (error) {
      if (left <= 1) throw error;
      await sleep(5000);
    }
  }
}

/**
 * Starts clients on hosts of a lab's cluster: each reads and writes through its own proxy at a fixed rate, with a new
 * connection for each request and no second try. They run in the host as a unit of their own, so they outlive this
 * process, and stop by themselves. Clients of an earlier start are stopped, their log is dropped.
 * @throws when the hosts have no cluster or a client does not start.
 */
export async function startClients(lab: Lab, options: ClientOptions = {}): Promise<Clients> {
  const cluster = await loadCluster(lab);
  const hosts = options.hosts ?? defaultHosts(cluster);
  const [first = ''] = hosts;
  await makeNamespace(lab, first);
  const run = randomBytes(3).toString('hex');
  await Promise.all(
    hosts.map(async (host, index) => {
      const config: ClientConfig = {
        id: `c${run}-${index}`,
        url: proxyUrl,
        ca: join(cluster.certDir, 'ca.pem'),
        cert: join(cluster.certDir, 'admin.pem'),
        key: join(cluster.certDir, 'admin-key.pem'),
        namespace,
        rate: options.rate ?? 10,
        writeEvery: options.writeEvery ?? 2,
        timeoutMs: options.timeoutMs ?? 10_000,
        seconds: options.seconds ?? 900,
        log,
      };
      const command = `systemd-run --quiet --collect --unit=${unit} ${hostNode} ${toolPath('client/client.js')} '${JSON.stringify(config)}'`;
      await runOnHost(lab, host, `systemctl stop ${unit} 2>/dev/null; rm -f ${log}; ${command}`);
    }),
  );
  const clients = attachClients(lab, hosts);
  await firstAnswers(clients);
  return clients;
}

/** The hosts that clients run on when nobody says which: the first three. */
export function defaultHosts(cluster: ClusterOptions): readonly string[] {
  return clusterHosts(cluster).slice(0, 3);
}

/** Takes hold of clients that another process started on these hosts. */
export function attachClients(lab: Lab, hosts: readonly string[]): Clients {
  return {
    hosts,
    totals: async () => totalsOf(await readLogs(lab, hosts)),
    stop: async (readThrough = hosts[0] ?? '') => {
      await Promise.all(hosts.map((host) => runOnHost(lab, host, `systemctl stop ${unit} 2>/dev/null || true`)));
      const names = await kubectl(lab, readThrough, `-n ${namespace} get configmaps -o name`);
      const present = new Set(names.split('\n').map((line) => line.replace(/^configmap\//, '')));
      return totalsOf(await readLogs(lab, hosts), present);
    },
  };
}

async function readLogs(lab: Lab, hosts: readonly string[]): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const logs = await Promise.all(hosts.map(async (host) => [host, parseLog(await readFile(join(hostRoot(lab, host), log), 'utf8').catch(() => ''))] as const));
  return new Map(logs);
}

/** A last line that is not yet whole is left out. */
function parseLog(text: string): Sample[] {
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Sample);
}

async function firstAnswers(clients: Clients): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const { perHost } = await clients.totals();
    const silent = clients.hosts.filter((host) => (perHost[host]?.sent ?? 0) === 0);
    if (silent.length === 0) return;
    if (Date.now() > until) throw new Error(`The clients on ${silent.join(', ')} sent nothing in 20 s: see journalctl -u ${unit} there.`);
    await sleep(200);
  }
}
