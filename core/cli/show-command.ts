/** `runsheet show`: what a run did, host by host, or what a plan would do. */
import { EVENT_VERSION, type RecapEvent, type TaskEvent } from '../report/events';
import { changeLine, diffLines } from '../report/format';
import { paintFor, type Paint } from '../report/paint';
import { recapLines } from '../report/recap';
import type { Change } from '../module';
import { shellWords } from './command-line';
import type { ShowOptions } from './options';
import { wantsColour } from './output';
import { countsOf } from './past-counts';
import { findRun, tasksOf, type PastRun } from './past-runs';
import { planSummary } from './plan-command';
import { isPlan, readPlan, type PlanFile, type Planned } from './plan-file';
import { summaryOf, whenOf } from './runs-command';

/** How it is printed. */
interface Look { readonly diff: boolean; readonly paint: Paint }

/** Prints a run or a plan. @param what a run's id, its beginning, `last`, or the file of a plan. @returns the exit code. @throws UsageError */
export function showCommand(what: string, options: ShowOptions): number {
  const look: Look = { diff: options.diff, paint: paintFor(wantsColour(process.stdout)) };
  const lines = what.endsWith('.json') || isPlan(what) ? showPlan(what, options, look) : showRun(findRun(what), options, look);
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function showRun(run: PastRun, { json, failed }: ShowOptions, look: Look): readonly string[] {
  const tasks = tasksOf(run).filter(task => (failed ? isFailure(task) : isFailure(task) || task.changes.length > 0 || task.status === 'unknown'));
  if (json) return [JSON.stringify({ ...summaryOf(run), job: run.job ?? null, recap: run.recap ?? null, tasks }, undefined, 2)];
  return [...head(run, look), ...byHost(tasks, task => taskLines(task, look), look), ...recapLines(run.recap ?? madeUp(run), look.paint)];
}

function showPlan(file: string, { json }: ShowOptions, look: Look): readonly string[] {
  const plan = readPlan(file);
  if (json) return [JSON.stringify(plan, undefined, 2)];
  const { job } = plan;
  return [
    look.paint.bold(`plan ${file}`) + look.paint.dim(`  ${whenOf(job.at)} UTC`),
    `  ${shellWords(job.args)}`,
    ...missing(plan),
    ...byHost(inOrderOf(plan.hosts, plan.tasks), task => plannedLines(task, look), look),
    '', planSummary(plan),
  ];
}

function missing({ job: { notKept } }: PlanFile): readonly string[] {
  return notKept.length === 0 ? [] : [`  not in the plan, since they are secret: ${notKept.join(', ')}`];
}

function head({ id, job, begun, ending }: PastRun, { paint }: Look): readonly string[] {
  const colour = ending === 'ok' ? paint.ok : ending === 'running' ? paint.unknown : paint.failed;
  return [
    `${paint.bold(`run ${id}`)}  ${colour(ending)}${paint.dim(`  ${whenOf(job?.at ?? begun?.at ?? null)} UTC`)}`,
    ...(job === undefined ? [] : [`  ${shellWords(job.args)}`]),
    ...(job?.resumes === undefined ? [] : [`  goes on after run ${job.resumes}`]),
    ...(job?.rollsBack === undefined ? [] : [`  takes back run ${job.rollsBack}`]),
    ...(job?.applies === undefined ? [] : [`  applies the plan ${job.applies}`]),
  ];
}

function byHost<T extends { readonly host: string }>(tasks: readonly T[], linesOf: (task: T) => readonly string[], { paint }: Look): readonly string[] {
  const hosts = new Map<string, string[]>();
  for (const task of tasks) hosts.set(task.host, [...hosts.get(task.host) ?? [], ...linesOf(task).map(line => `  ${line}`)]);
  return [...hosts].flatMap(([host, lines]) => ['', paint.bold(host), ...lines]);
}

function inOrderOf<T extends { readonly host: string }>(hosts: readonly string[], tasks: readonly T[]): readonly T[] {
  return hosts.flatMap(host => tasks.filter(task => task.host === host));
}

function taskLines(task: TaskEvent, look: Look): readonly string[] {
  const { paint } = look;
  const why = task.reason === undefined || task.willCheck === true ? [] : task.reason.split('\n').map(line => `  ${line}`);
  const tolerated = task.tolerated === undefined ? [] : [paint.dim(`  tolerated: ${task.tolerated}`)];
  return [`${paint[task.status](task.status)} ${task.task}`, ...why, ...tolerated, ...changeLines(task.changes, look)];
}

function plannedLines({ task, status, changes, reason }: Planned, look: Look): readonly string[] {
  return [`${look.paint[status](status)} ${task}`, ...(reason === undefined ? [] : [`  ${reason}`]), ...changeLines(changes, look)];
}

function changeLines(changes: readonly Change[], { diff, paint }: Look): readonly string[] {
  return changes.flatMap(change => [`  ${changeLine(change, paint)}`, ...(diff && change.diff !== undefined ? diffLines(change.diff, paint).map(line => `  ${line}`) : [])]);
}

function isFailure({ status }: TaskEvent): boolean {
  return status === 'failed' || status === 'unreachable';
}

/** The recap of a run that wrote none. */
function madeUp(run: PastRun): RecapEvent {
  const tasks = tasksOf(run);
  const at = run.begun?.at ?? '';
  const last = tasks.at(-1)?.at ?? at;
  const stopped = run.ending === 'running' ? 'it is still at work' : 'it wrote no end: it was killed, or is at work on another controller';
  return {
    v: EVENT_VERSION, run: run.id, at: last, type: 'recap', exit: 130, check: run.job?.args.check ?? false, hosts: countsOf(tasks),
    ms: Math.max(0, Date.parse(last) - Date.parse(at)) || 0, stopped: run.ending === 'killed' ? 'it wrote no end: it was killed' : stopped,
  };
}
