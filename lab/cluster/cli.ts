import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

import type { ClientTotals } from '../clients/clients';
import { attachClients, defaultHosts, startClients } from '../clients/clients';
import { loadLab } from '../lab';
import { buildKube } from './build';
import { loadCluster } from './cluster';
import type { ClusterChoice } from './spec';

/** The options of `lab up` that say which cluster is put onto the hosts. */
export interface ClusterCliOptions {
  readonly kube?: 'real' | 'stand-in' | 'none';
  readonly key?: 'rsa' | 'ec';
  readonly certDir?: string;
  readonly units?: string;
  readonly saKey?: 'own' | 'apiserver';
}

/** Adds the cluster's options to a command. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(new Option('--kube <kind>', 'put a cluster on the masters and nodes: with real Kubernetes 1.20, with the stand-in for it, or etcd and nginx only').choices(['real', 'stand-in', 'none']))
    .addOption(new Option('--key <type>', 'key type of the cluster\'s certificates').choices(['rsa', 'ec']))
    .option('--cert-dir <dir>', 'where the certificates lie on the hosts (/etc/kubernetes/ssl)')
    .option('--units <prefix>', 'how the names of the units begin (kube-)')
    .addOption(new Option('--sa-key <whose>', 'whose key signs service-account tokens').choices(['own', 'apiserver']));
}

/**
 * The cluster that the options ask for.
 * @returns undefined when none of them was given: the hosts then get no cluster.
 */
export function clusterChoice(options: ClusterCliOptions): ClusterChoice | undefined {
  const { kube, key, certDir, units, saKey } = options;
  const given = Object.entries({ kube, key, certDir, units, saKey }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Adds `kube build` and `clients start|status|stop` to the lab's program. */
export function addClusterCommands(program: Command, named: (command: Command) => Command): void {
  const kube = program.command('kube').description('the real Kubernetes binaries');
  kube.command('build').description('build them from Debian\'s source package into the cache: about 15 minutes').action(build);
  const clients = program.command('clients').description('clients that read and write through the proxies of a lab\'s hosts');
  const onHosts = (command: Command): Command => named(command).option('--hosts <addresses>', 'on which hosts, separated by commas; the first three unless said');
  onHosts(clients.command('start').description('start them; they stop by themselves after 15 minutes')).option('--rate <n>', 'requests a second on each host', rate, 10).action(start);
  onHosts(clients.command('status').description('what they saw so far')).action(show);
  onHosts(clients.command('stop').description('stop them and read every acknowledged write back')).action(stop);
}

interface ClientsCliOptions {
  readonly name: string;
  readonly hosts?: string;
  readonly rate?: number;
}

function rate(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999.');
  return Number(text);
}

async function build(): Promise<void> {
  const directory = await buildKube((line) => void process.stderr.write(`${line}\n`));
  process.stdout.write(`${directory}\n`);
}

async function start(options: ClientsCliOptions): Promise<void> {
  const lab = await loadLab(options.name);
  const { hosts } = await startClients(lab, { hosts: await hostsOf(options), rate: options.rate ?? 10 });
  process.stdout.write(`clients run on ${hosts.join(', ')}\n`);
}

async function show(options: ClientsCliOptions): Promise<void> {
  print(await attachClients(await loadLab(options.name), await hostsOf(options)).totals());
}

async function stop(options: ClientsCliOptions): Promise<void> {
  print(await attachClients(await loadLab(options.name), await hostsOf(options)).stop());
}

async function hostsOf(options: ClientsCliOptions): Promise<readonly string[]> {
  if (options.hosts !== undefined) return options.hosts.split(',');
  return defaultHosts(await loadCluster(await loadLab(options.name)));
}

function print(totals: ClientTotals): void {
  process.stdout.write(`${JSON.stringify(totals, null, 2)}\n`);
}
