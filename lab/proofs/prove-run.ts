/** One decommission with clients at work, and everything that must hold during it and afterwards. */
import { startClients, type ClientTotals } from '../clients/clients';
import { loadCluster } from '../cluster/cluster';
import { members } from '../scenario';
import { complaintsOf, decommission, type Decommissioned, type Kill } from './decommission';
import { tasksOf } from './events';
import { deviationsOf, type Leaving } from './outcome';
import type { Bench, CaseResult } from './proof';
import { tracesOf } from './traces';

/** After a SIGKILL the host waits for signs of life this long. @see core/transport/timings.ts */
const KILLED_PATIENCE_MS = 75_000;

export interface ProveRunOptions {
  /** The first run is killed then, and a second one has to finish its work. */
  readonly kill?: Kill;
  /** Requests a second of each client; 10 unless said. */
  readonly rate?: number;
}

/** Carries it out, with clients at work on three hosts all the time, and runs once more at the end. */
export async function proveRun({ lab, cwd }: Bench, who: Leaving, { kill, rate }: ProveRunOptions = {}): Promise<CaseResult> {
  const before = await members(lab);
  const clients = await startClients(lab, { hosts: await clientHosts({ lab, cwd }, who), ...(rate === undefined ? {} : { rate }) });
  const killed = kill === undefined ? undefined : await decommission(lab, { ...who, cwd, kill });
  const run = await decommission(lab, { ...who, cwd });
  const again = run.code === 0 ? await decommission(lab, { ...who, cwd }) : undefined;
  const totals = await clients.stop();
  const after = await members(lab);
  const problems = [
    ...(kill !== undefined && killed?.code !== null ? ['the first run ended before it was killed'] : []),
    ...complaintsOf(run),
    ...fromClients(totals),
    ...(again === undefined ? [] : [...complaintsOf(again), ...again.changes.map(change => `a second run changed ${change}`)]),
    ...await deviationsOf(lab, who),
    ...await tracesOf(lab, killed === undefined ? undefined : KILLED_PATIENCE_MS),
  ];
  return {
    figures: { ...(killed === undefined ? {} : killedFigures(killed)), ...figuresOf(run, totals), 'changes of a second run': again?.changes.length ?? '-', members: `${before.length} to ${after.length}` },
    problems,
  };
}

/** What clients count. */
export function figuresOf(run: Decommissioned, totals: ClientTotals): Record<string, string | number> {
  return {
    'run, s': Math.round(run.seconds), requests: totals.sent, failed: totals.failed, 'longest outage, ms': totals.longestOutageMs, 'longest gap, ms': totals.longestGapMs,
    'p99, ms': Math.round(totals.p99Ms), 'writes acknowledged': totals.acknowledged, lost: totals.lost.length,
  };
}

/** Failed requests and lost writes, one line for each kind. */
export function fromClients(totals: ClientTotals): readonly string[] {
  const failed = Object.entries(totals.errors).map(([kind, { count, first, example }]) => `${count} requests failed (${kind}, first at ${first}): ${example}`);
  return [...failed, ...(totals.lost.length === 0 ? [] : [`${totals.lost.length} acknowledged writes were lost, ${totals.lost[0] ?? ''} first`])];
}

/** Three hosts of three kinds: a kept master, a leaving one that is on, and a node. All stay in the cluster. */
async function clientHosts({ lab }: Bench, { leaving, dead = [] }: Leaving): Promise<readonly string[]> {
  const { masters, nodes } = await loadCluster(lab);
  const gone = leaving.filter(host => !dead.includes(host));
  const kept = masters.filter(host => !leaving.includes(host) && !dead.includes(host));
  return [...kept.slice(0, 1), ...gone.slice(0, 1), ...nodes.slice(0, 1)];
}

function killedFigures({ events }: Decommissioned): Record<string, string> {
  const last = events.findLast(event => event.type === 'start');
  const isOver = tasksOf(events).some(({ task }) => task === last?.task);
  return { 'killed in': last === undefined ? 'the beginning' : `${isOver ? 'after ' : ''}${last.task}` };
}
