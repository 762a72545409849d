/** SIGKILL for the controller at every task boundary of the playbook, several in one lab; whoever goes on has to finish the work. */
import { complaintsOf, decommission, type Decommissioned, type Disturbance } from './decommission';
import { figuresOf, underClients } from './prove-run';
import { onCluster, type Bench, type CaseResult, type Proof, type ProofCase } from './proof';
import type { RunnerEvent } from '../../core/report/events';

/** How a run that was killed is gone on with. */
type Continuation = 'resume' | 'run again';

/** A moment between two tasks. */
export interface Boundary {
  /** Its place in the playbook, from 1. */
  readonly place: number;
  /** The task that begins there; after the last one, the task that has ended. */
  readonly task: string;
  /** Which start of this task it is, from 1: with `serial` a task starts several times. */
  readonly nth: number;
  /** After the last task. */
  readonly isEnd: boolean;
}

/** So many cases for each way to go on. */
const GROUPS = 12;
const LEAVING = ['172.72.0.96', '172.72.0.97'];
/** The stand-in is slower than what it stands for. */
const RATE = 5;
/** A host waits so long for signs of life of a controller that is silent. */
const PATIENCE_MS = 75_000;

export const boundaries: Proof = {
  name: 'boundaries',
  title: 'Killed at every task boundary',
  about: `Three masters and two nodes with the lab's stand-in for Kubernetes, clients on three hosts that ask ${RATE} times a second each, all the time. The playbook's process gets SIGKILL the moment it says that a task begins;
then the work is gone on with, by \`runsheet resume\` or by the same command once more, which is killed at a later task, and so on; what follows the last kill has to end well. One more run must change nothing.
No request may fail, no acknowledged write be lost, nothing be left behind, and the cluster must be as after a run that nobody disturbed. Boundaries are numbered in the order in which a check of the untouched cluster
starts the tasks; the last one is the end of the last task. Group 1 of ${GROUPS} has the boundaries 1, ${GROUPS + 1}, ${2 * GROUPS + 1} and so on, group 2 begins with 2: together they have them all,
as long as all are of one playbook (column "boundaries killed at": of how many; after a change of its tasks, \`--fresh\`). Tasks of a \`rescue\` are no boundaries, since nothing fails. Where a task is over
before the kill takes effect, a look or a step with nothing to do, a note says so.`,
  cases: Array.from({ length: GROUPS }, (_, group) => (['resume', 'run again'] as const).map(mode => caseOf(mode, group))).flat(),
};

function caseOf(mode: Continuation, group: number): ProofCase {
  const chosen = (all: readonly Boundary[]): readonly Boundary[] => all.filter(({ place }) => (place - 1) % GROUPS === group);
  return {
    name: `${mode}, group ${group + 1} of ${GROUPS}`,
    run: context => onCluster({ masters: 3, nodes: 2, cluster: { kube: 'stand-in' } }, context, bench => proveKills(bench, mode, chosen)),
  };
}

/** Kills the playbook at the chosen boundaries of a whole cluster, one after the other, and goes on after each. @param choose in the order of the playbook */
async function proveKills(bench: Bench, mode: Continuation, choose: (all: readonly Boundary[]) => readonly Boundary[]): Promise<CaseResult> {
  const check = await decommission(bench.lab, { leaving: LEAVING, cwd: bench.cwd, check: true });
  const all = boundariesOf(check.events);
  const chosen = choose(all);
  const { result: chain, totals, again, problems, notes } = await underClients(bench, { leaving: LEAVING }, { rate: RATE, patienceMs: PATIENCE_MS }, async () => {
    const done = await killAndGoOn(bench, { mode, all, chosen });
    return { run: done.last, runs: done.runs, result: done };
  });
  const seconds = chain.runs.reduce((sum, run) => sum + run.seconds, 0);
  const missed = chosen.filter(each => !chain.hits.includes(each));
  const unknown = boundariesOf(chain.last.events).filter(({ task, nth }) => !all.some(each => each.task === task && each.nth === nth));
  return {
    figures: {
      kills: `${chain.hits.length} of ${chosen.length}`, 'boundaries killed at': `${chain.hits.map(({ place }) => place).join(', ')} of ${all.length}`, ...figuresOf({ seconds }, totals), 'changes of a further run': again?.changes.length ?? '-',
    },
    problems: [
      ...complaintsOf(check).map(line => `the check: ${line}`), ...unknown.map(({ task }) => `a task began of which the check said nothing: ${task}`),
      ...(chain.hits.length > 0 ? [] : ['nothing was killed']), ...problems,
    ],
    notes: [...missed.map(each => `boundary ${each.place}, "${each.task}", was not reached`), ...chain.late, ...notes],
  };
}

/** The boundaries of a run by what it told: the start of each task, and the end of the last. */
export function boundariesOf(events: readonly RunnerEvent[]): readonly Boundary[] {
  const seen = new Map<string, number>();
  const starts = events.filter(event => event.type === 'start').map(({ task }, i) => {
    const nth = (seen.get(task) ?? 0) + 1;
    seen.set(task, nth);
    return { place: i + 1, task, nth, isEnd: false };
  });
  const last = starts.at(-1);
  return last === undefined ? [] : [...starts, { ...last, place: starts.length + 1, isEnd: true }];
}

interface Chain {
  /** All runs in order, the killed ones too. */
  readonly runs: readonly Decommissioned[];
  /** The one that was left alone. */
  readonly last: Decommissioned;
  /** Where they were killed. */
  readonly hits: readonly Boundary[];
  /** Kills that came when the next task had begun. */
  readonly late: readonly string[];
}

interface Plan { readonly mode: Continuation; readonly all: readonly Boundary[]; readonly chosen: readonly Boundary[] }

async function killAndGoOn({ lab, cwd }: Bench, { mode, all, chosen }: Plan): Promise<Chain> {
  const runs: Decommissioned[] = [];
  const hits: Boundary[] = [];
  const next = async (disturb?: Disturbance): Promise<Decommissioned> => {
    const run = await decommission(lab, { leaving: LEAVING, cwd, resume: mode === 'resume' && runs.length > 0, ...(disturb === undefined ? {} : { disturb }) });
    runs.push(run);
    return run;
  };
  for (const boundary of chosen) {
    const run = await next({ after: atOrAfter(boundary, all, hit => { hits.push(hit); }) });
    // It ended before it came so far, well or not: nothing is left to go on with.
    if (run.code !== null) return { runs, last: run, hits, late: lateKills(runs, hits) };
  }
  return { last: await next(), runs, hits, late: lateKills(runs, hits) };
}

/** True once at that boundary or, where it is passed over, at the next one. */
function atOrAfter({ place }: Boundary, all: readonly Boundary[], hit: (boundary: Boundary) => void): Disturbance['after'] {
  const begun = new Map<string, number>();
  return event => {
    if (event.type === 'start') begun.set(event.task, (begun.get(event.task) ?? 0) + 1);
    const found = all.find(each => each.place >= place && isAt(each, event, begun));
    if (found !== undefined) hit(found);
    return found !== undefined;
  };
}

function isAt({ task, nth, isEnd }: Boundary, event: RunnerEvent, begun: ReadonlyMap<string, number>): boolean {
  return event.type === (isEnd ? 'task' : 'start') && event.task === task && begun.get(task) === nth;
}

/** What had begun when a kill took effect, where that was no longer the task it was meant for. */
function lateKills(runs: readonly Decommissioned[], hits: readonly Boundary[]): readonly string[] {
  return hits.flatMap((hit, i) => {
    const died = boundariesOf(runs[i]?.events ?? []).findLast(({ isEnd }) => !isEnd);
    return died === undefined || died.task === hit.task ? [] : [`the kill at boundary ${hit.place} took effect when "${died.task}" had begun`];
  });
}
