/** One decommission with clients at work, and everything that must hold during it and afterwards. */
import { startClients, type ClientOptions, type ClientTotals } from '../clients/clients';
import { failureLines } from '../clients/totals';
import { loadCluster } from '../cluster/cluster';
import { members } from '../scenario';
import { complaintsOf, decommission, type Decommissioned, type Disturbance } from './decommission';
import { tasksOf } from './events';
import { deviationsOf, type Leaving } from './outcome';
import type { Bench, CaseResult } from './proof';
import { tracesOf } from './traces';
import { Witness } from './witness';

/** A host waits so long for signs of life of a controller that is silent. */
const DISTURBED_PATIENCE_MS = 75_000;
/** Longer than any case. */
const CLIENT_LIMIT_S = 3600;

/** How the clients ask. */
type Asking = Pick<ClientOptions, 'rate' | 'timeoutMs'>;

export interface ProveRunOptions extends Asking {
  /** A first run is disturbed, and a second one has to finish its work. */
  readonly disturb?: Disturbance;
}

/** Carries it out, with clients at work on three hosts all the time, and runs once more at the end. */
export async function proveRun(bench: Bench, who: Leaving, { disturb, ...asking }: ProveRunOptions = {}): Promise<CaseResult> {
  const { lab, cwd } = bench;
  const before = await members(lab);
  const options = { ...asking, ...(disturb === undefined ? {} : { patienceMs: DISTURBED_PATIENCE_MS }), isCut: typeof disturb?.by === 'object' };
  const { result: { first, run }, totals, again, problems, notes } = await underClients(bench, who, options, async () => {
    const disturbed = disturb === undefined ? undefined : await decommission(lab, { ...who, cwd, disturb });
    const last = await decommission(lab, { ...who, cwd });
    return { run: last, runs: [...(disturbed === undefined ? [] : [disturbed]), last], result: { first: disturbed, run: last } };
  });
  const after = await members(lab);
  return {
    figures: { ...(first === undefined ? {} : firstFigures(first)), ...figuresOf(run, totals), 'changes of a second run': again?.changes.length ?? '-', members: `${before.length} to ${after.length}` },
    problems: [...(first?.code === 0 ? ['the first run ended before it was disturbed'] : []), ...problems],
    notes,
  };
}

export interface UnderClientsOptions extends Asking {
  /** How long hosts may take to notice that a controller is gone; milliseconds. */
  readonly patienceMs?: number;
  /** A host is cut off: requests of its own fail whatever a run does. */
  readonly isCut?: boolean;
}

/** What is done while clients are at work: the run that has to end well, all runs in their order, and whatever else its caller wants to know. */
export interface Work<T> { readonly run: Decommissioned; readonly runs: readonly Decommissioned[]; readonly result: T }

/** How it went: what was not as it must be, one line for each, and one more run, where there was one. */
export interface Outcome<T> {
  readonly result: T;
  readonly totals: ClientTotals;
  readonly again: Decommissioned | undefined;
  readonly problems: readonly string[];
  /** Where requests failed that should not: which task was at work, and how the machine fared. */
  readonly notes: readonly string[];
}

/** Does the work with clients at work on three hosts all the time, runs once more, and looks whether everything is as it must be afterwards. */
export async function underClients<T>({ lab, cwd }: Bench, who: Leaving, { patienceMs, isCut = false, ...asking }: UnderClientsOptions, work: () => Promise<Work<T>>): Promise<Outcome<T>> {
  const clients = await startClients(lab, { hosts: await clientHosts({ lab, cwd }, who), seconds: CLIENT_LIMIT_S, ...asking });
  const witness = new Witness(cwd);
  try {
    const { run, runs, result } = await work();
    const again = run.code === 0 ? await decommission(lab, { ...who, cwd }) : undefined;
    const totals = await clients.stop();
    const problems = [
      ...complaintsOf(run),
      ...(isCut ? lostWrites(totals) : fromClients(totals)),
      ...(again === undefined ? [] : [...complaintsOf(again), ...again.changes.map(change => `one more run changed ${change}`)]),
      ...await deviationsOf(lab, who),
      ...await tracesOf(lab, patienceMs),
    ];
    const notes = isCut || totals.failed === 0 ? [] : [...whenFailed(totals, runs), await witness.stop()];
    return { result, totals, again, problems, notes };
  } finally {
    await witness.stop();
  }
}

/** What clients count. */
export function figuresOf(run: Pick<Decommissioned, 'seconds'>, totals: ClientTotals): Record<string, string | number> {
  return {
    'run, s': Math.round(run.seconds), requests: totals.sent, failed: totals.failed, 'longest outage, ms': totals.longestOutageMs, 'longest gap, ms': totals.longestGapMs,
    'p99, ms': Math.round(totals.p99Ms), 'writes acknowledged': totals.acknowledged, lost: totals.lost.length,
  };
}

/** Failed requests and lost writes, one line for each kind. */
export function fromClients(totals: ClientTotals): readonly string[] {
  return [...failureLines(totals), ...lostWrites(totals)];
}

/** Which task was at work when requests of a kind failed first. */
export function whenFailed({ errors }: ClientTotals, runs: readonly Decommissioned[]): readonly string[] {
  const events = runs.flatMap(run => run.events);
  return Object.entries(errors).map(([kind, { first }]) => {
    const task = events.findLast(event => event.type === 'start' && event.at <= first);
    return `the first ${kind} was at ${first}, during "${task?.type === 'start' ? task.task : 'no task'}", ${task === undefined ? 0 : Date.parse(first) - Date.parse(task.at)} ms after it had begun; the last event before it: ${events.findLast(event => event.at <= first)?.type ?? 'none'}`;
  });
}

/** Where a host is cut off, requests of its own fail whatever a run does; what was acknowledged has to be there all the same. */
function lostWrites({ lost }: ClientTotals): readonly string[] {
  return lost.length === 0 ? [] : [`${lost.length} acknowledged writes were lost, ${lost[0] ?? ''} first`];
}

/** Three hosts of three kinds: a kept master, a leaving one that is on, and a node. All stay in the cluster. */
async function clientHosts({ lab }: Bench, { leaving, dead = [] }: Leaving): Promise<readonly string[]> {
  const { masters, nodes } = await loadCluster(lab);
  const gone = leaving.filter(host => !dead.includes(host));
  const kept = masters.filter(host => !leaving.includes(host) && !dead.includes(host));
  return [...kept.slice(0, 1), ...gone.slice(0, 1), ...nodes.slice(0, 1)];
}

/** Where the first run was when it ended. */
function firstFigures({ events, code }: Decommissioned): Record<string, string> {
  const last = events.findLast(event => event.type === 'start');
  const isOver = tasksOf(events).some(({ task }) => task === last?.task);
  return { 'ended in': last === undefined ? 'the beginning' : `${isOver ? 'after ' : ''}${last.task}`, with: code === null ? 'SIGKILL' : `exit ${code}` };
}
