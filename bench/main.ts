/** `npm run bench`: Runsheet and its peers at the same work on lab hosts, in one sitting; writes bench/results.md and bench/results.svg. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { describeError, RunnerError, UsageError } from '../core/errors';
import { labDown } from '../lab/lab';
import { MOST } from './crowd/host';
import { PEERS } from './peers/all';
import { writeResults } from './results';
import { sit, type Plan } from './sitting';
import type { PeerName } from './types';

const MINUTE_MS = 60_000;

interface Options {
  readonly quick?: boolean;
  readonly hosts?: readonly number[];
  readonly only?: readonly PeerName[];
  readonly addresses?: readonly number[];
  readonly repeat?: number;
  readonly delay: number;
  readonly minutes?: number;
  readonly name: string;
  readonly out: string;
}

async function main(): Promise<void> {
  await new Command('bench')
    .description('Measures Runsheet next to Ansible, Ansible with mitogen, a shell loop over ssh and bare ssh, on lab hosts of this machine. It takes about a quarter of an hour and wants the machine for itself.')
    .option('--quick', 'fewer cases and runs: about five minutes')
    .option('--hosts <numbers>', 'numbers of hosts, with commas (10,1,20; quick: 10)', numbers(100))
    .option('--only <peers>', `only these, with commas: ${PEERS.map(({ name }) => name).join(',')}`, peerNames)
    .option('--addresses <numbers>', 'numbers of addresses of the second part, with commas, or none (100,300,1000; quick: 100)', numbers(MOST))
    .option('--repeat <n>', 'runs of a peer in one case; slow peers get fewer (5; quick: 3)', whole)
    .addOption(new Option('--delay <ms>', 'delay each way of the slow link; 0: no slow link').default(50).argParser(whole))
    .option('--minutes <m>', 'begin nothing after so many minutes (14; quick: 4)', positive)
    .option('--name <lab>', 'name of the lab', 'bench')
    .option('--out <folder>', 'where the results are written', __dirname)
    .action(bench)
    .parseAsync();
}

async function bench(options: Options): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { stopping.abort(); });
  const folder = await mkdtemp(join(tmpdir(), 'runsheet-bench-'));
  try {
    const findings = await sit(planOf(options), { folder, signal: stopping.signal, say });
    const files = await writeResults(options.out, findings);
    say(`Written: ${files.join(', ')}`);
    for (const problem of findings.problems) say(`Not as it should be: ${problem}`);
    if (findings.problems.length > 0) process.exitCode = 1;
  } catch (error) {
    throw stopping.signal.aborted ? new RunnerError('interrupted', 'The benchmark was interrupted; its lab is down, and no results were written.') : error;
  } finally {
    await labDown(options.name);
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the options ask for. The most telling number of hosts comes first: what the time does not reach is at the end. */
function planOf({ quick = false, hosts, only, addresses, repeat, delay, minutes, name }: Options): Plan {
  return {
    lab: name,
    peers: only === undefined ? PEERS : PEERS.filter(peer => only.includes(peer.name)),
    hosts: hosts ?? (quick ? [10] : [10, 1, 20]),
    works: quick ? ['unchanged', 'first'] : ['unchanged', 'first', 'changes'],
    addresses: [...addresses ?? (quick ? [100] : [100, 300, 1000])].sort((a, b) => a - b),
    delayMs: delay, slowLink: quick ? 'one' : 'hosts',
    limits: { repeat: repeat ?? (quick ? 3 : 5), caseSeconds: quick ? 20 : 60, least: quick ? 1 : 3 },
    limitMs: (minutes ?? (quick ? 4 : 14)) * MINUTE_MS,
  };
}

function numbers(most: number): (value: string) => readonly number[] {
  return value => (value === 'none' ? [] : value.split(',').map(text => {
    const number = whole(text);
    if (number < 1 || number > most) throw new InvalidArgumentError(`Write numbers from 1 to ${most}, with commas.`);
    return number;
  }));
}

function peerNames(value: string): readonly PeerName[] {
  return value.split(',').map(text => {
    const peer = PEERS.find(({ name }) => name === text);
    if (peer === undefined) throw new InvalidArgumentError(`There is no peer "${text}".`);
    return peer.name;
  });
}

function whole(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('Write a whole number.');
  return Number(value);
}

function positive(value: string): number {
  if (!(Number(value) > 0)) throw new InvalidArgumentError('Write a number of minutes.');
  return Number(value);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  process.stderr.write(`${describeError(new UsageError('The benchmark boots real systemd hosts in network namespaces: it needs Linux and root.'))}\n`);
  process.exitCode = 1;
} else {
  main().catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = error instanceof RunnerError && error.kind === 'interrupted' ? 130 : 1;
  });
}
