/** `npm run lab -- up|down|exec|ssh|status|kube|clients`. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describeError, RunnerError, UsageError } from '../core/errors';
import { addClusterCommands, addClusterOptions, clusterChoice, type ClusterCliOptions } from './cluster/cli';
import { startCluster } from './cluster/cluster';
import { clusterSpec } from './cluster/spec';
import { clusterStatus, statusLines } from './cluster/status';
import { exitCode } from './command';
import { DEFAULT_LAB, hostOf, isOn, labDown, labUp, listLabs, loadLab, planHosts, spawnInLab, type HostCounts, type Lab, type LabUser } from './lab';

const DEFAULT_MASTERS = 3;
const DEFAULT_NODES = 2;
const REPOSITORY = join(__dirname, '..');

interface NameOption {
  readonly name: string;
}

interface UpOptions extends NameOption, ClusterCliOptions {
  readonly masters?: number;
  readonly nodes?: number;
  readonly plain?: number;
  readonly user: string;
  readonly sudoPassword?: string;
  readonly nopasswd?: boolean;
  readonly package?: readonly string[];
}

async function main(): Promise<void> {
  const program = new Command('lab').description('Real systemd hosts on this machine, in network namespaces of their own.').enablePositionalOptions();
  const named = (command: Command): Command => command.option('--name <name>', 'which lab', DEFAULT_LAB);
  addClusterOptions(named(program.command('up')))
    .description('boot a lab, 3 masters and 2 nodes unless a number is given; with a cluster if one of its options is given')
    .option('--masters <n>', 'hosts of the group masters (m1 is 172.72.0.95; five are .93 to .97)', count)
    .option('--nodes <n>', 'hosts of the group nodes (n1 is 172.72.0.98)', count)
    .option('--plain <n>', 'hosts of the group plain (p1 is 172.72.0.110)', count)
    .option('--user <user>', 'who logs in; any other than root is made, with sudo, and root may then not log in', 'root')
    .option('--sudo-password <password>', 'what sudo asks that user for')
    .option('--nopasswd', 'sudo asks that user for nothing')
    .option('--package <name...>', 'Debian packages to have besides the usual ones')
    .action(up);
  named(program.command('down')).description('take a lab down; nothing of it stays').option('--all', 'every lab of this machine').action(down);
  named(program.command('status')).description('show a lab and what is on').option('--json', 'the manifest as JSON').action(status);
  named(program.command('ssh')).description('log in to a host, or run a command there').argument('<host>').argument('[command...]').passThroughOptions().action(ssh);
  named(program.command('exec')).description('run a command where the controller stands, in the lab\'s network; "runsheet" is this checkout\'s')
    .argument('<command...>').passThroughOptions().action(exec);
  addClusterCommands(program, named);
  await program.parseAsync();
}

async function up(options: UpOptions): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { stopping.abort(); });
  const progress = (line: string): void => { process.stderr.write(`${line}\n`); };
  const cluster = clusterChoice(options);
  const hosts = planHosts(hostCounts(options));
  const lab = await labUp({
    name: options.name,
    hosts: cluster === undefined ? hosts : await clusterSpec(hosts, cluster),
    user: labUser(options),
    packages: options.package ?? [],
    progress,
    signal: stopping.signal,
  });
  try {
    if (cluster !== undefined) await startCluster(lab, { progress, signal: stopping.signal });
    await show(lab);
  } catch (error) {
    await labDown(lab.name);
    throw stopping.signal.aborted ? new RunnerError('interrupted', `The start of the lab "${lab.name}" was interrupted; nothing of it is left.`) : error;
  }
}

function hostCounts({ masters, nodes, plain }: UpOptions): HostCounts {
  const isDefault = masters === undefined && nodes === undefined && plain === undefined;
  return isDefault ? { masters: DEFAULT_MASTERS, nodes: DEFAULT_NODES } : { masters: masters ?? 0, nodes: nodes ?? 0, plain: plain ?? 0 };
}

function labUser({ user, sudoPassword, nopasswd }: UpOptions): LabUser {
  if (user !== 'root' && (sudoPassword === undefined) === (nopasswd !== true)) {
    throw new UsageError(`How does ${user} become root?`, 'Give one of --sudo-password PASSWORD and --nopasswd.');
  }
  return sudoPassword === undefined ? { name: user } : { name: user, sudoPassword };
}

async function down(options: NameOption & { readonly all?: boolean }): Promise<void> {
  for (const name of options.all === true ? await listLabs() : [options.name]) await labDown(name);
}

async function status(options: NameOption & { readonly json?: boolean }): Promise<void> {
  const lab = await loadLab(options.name);
  if (options.json === true) process.stdout.write(`${JSON.stringify(lab, null, 2)}\n`);
  else await show(lab);
}

async function show(lab: Lab): Promise<void> {
  const hosts = await Promise.all(lab.hosts.map(async (host) => `  ${host.name.padEnd(6)} ${host.address.padEnd(14)} ${host.role.padEnd(7)} ${(await isOn(lab, host.name)) ? 'on' : 'off'}`));
  const become = lab.becomePasswordFile === undefined ? [] : [`become password  ${lab.becomePasswordFile}`];
  const cluster = await clusterStatus(lab);
  process.stdout.write([
    `lab ${lab.name}, since ${lab.createdAt}`, ...hosts,
    `inventory        ${lab.inventory}`, `private key      ${lab.keyFile}`, `known hosts      ${lab.knownHosts}`, ...become,
    `namespace        ${lab.netns}`, ...(cluster === undefined ? [] : statusLines(cluster)), '',
  ].join('\n'));
}

async function ssh(host: string, command: readonly string[], options: NameOption): Promise<void> {
  const lab = await loadLab(options.name);
  await pass(lab, ['ssh', '-i', lab.keyFile, '-o', `UserKnownHostsFile=${lab.knownHosts}`, '-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR', `${lab.user.name}@${hostOf(lab, host).address}`, ...command]);
}

async function exec(command: readonly string[], options: NameOption): Promise<void> {
  const [program, ...rest] = command;
  const argv = program === 'runsheet' ? [process.execPath, join(REPOSITORY, 'bin/runsheet.js'), ...rest] : command;
  await pass(await loadLab(options.name), argv);
}

/** Runs a command in the lab with our own terminal and ends with its exit code. */
async function pass(lab: Lab, argv: readonly string[]): Promise<void> {
  // Ctrl-C is for the command: it ends as it likes, and we with it.
  process.on('SIGINT', () => { /* waiting for the command */ });
  process.exitCode = await exitCode(spawnInLab(lab, argv, { stdio: 'inherit' }), argv);
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
