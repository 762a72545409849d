/** `runsheet apply`: does what a plan says, and nothing else. */
import { isRunnerError, PlanError, UsageError } from '../errors';
import { loadInventory } from '../inventory/load';
import type { RecapEvent, RunnerEvent, TaskEvent } from '../report/events';
import { planRun } from '../run/plan';
import { newRunId } from '../run/run-id';
import { questionsOn, requireTerminal } from './ask';
import { becomePassword } from './become-password';
import { begin } from './begin';
import { carryOut, type RunFrame } from './carry-out';
import { requireSameSources } from './job-record';
import { resolveLimit } from './limit';
import { playbookPath } from './load-playbook';
import type { AgainOptions, RunOptions } from './options';
import { driftLines, driftOf, PlanGuard } from './plan-guard';
import { plannedIn, readPlan, type PlanFile } from './plan-file';
import { prepare, type Prepared } from './prepare';
import { optionsOf } from './run-args';
import type { Timings } from './timings';

/**
 * Checks again, and where nothing differs from the plan, runs it; a task that would make another change then stops its host before it does.
 * @returns the exit code of the run. @throws PlanError when the plan no longer fits, UsageError
 */
export async function applyCommand(file: string, again: AgainOptions, timings: Timings): Promise<number> {
  const plan = readPlan(file);
  const what = `the plan ${file}`;
  requireSameSources(plan.job, { what, instead: 'Make a new plan.' });
  const options = limited(plan, optionsOf({ ...plan.job, what }, again), again.limit);
  if (options.step) requireTerminal(questionsOn(options));
  const prepared = await prepare(begin(plan.job.args.playbook, options.inventory), options, step => timings.mark(step));
  const frame: RunFrame = { options, timings, password: await becomePassword(options) };
  const exit = await requireFit(plan, prepared, { frame, file });
  if (exit !== 0) return exit;
  timings.mark('plan compared');
  if (plan.tasks.length === 0) {
    (options.json ? process.stderr : process.stdout).write('Nothing is to be done.\n');
    return 0;
  }
  const runId = newRunId();
  return carryOut({ ...prepared, runId }, { ...frame, plan: { file, guard: new PlanGuard(plan, prepared.plan.rescues, runId) } });
}

/** `--limit` leaves hosts of the plan out, and adds none. */
function limited(plan: PlanFile, options: RunOptions, limit: string | undefined): RunOptions {
  if (limit === undefined) return options;
  const inventory = loadInventory(options.inventory);
  const chosen = inventory.select(resolveLimit(limit, { inventory, playbook: playbookPath(plan.job.args.playbook) }) ?? 'all');
  const names = chosen.map(host => host.name).filter(name => plan.hosts.includes(name));
  if (names.length === 0) throw new UsageError(`--limit ${limit} leaves no host of the plan; it has ${plan.hosts.join(', ')}`);
  return { ...options, limit: names.join(',') };
}

/** Checks without a word. @returns the exit code of a check that did not end well. @throws PlanError naming what differs */
async function requireFit(plan: PlanFile, prepared: Prepared, { frame, file }: { readonly frame: RunFrame; readonly file: string }): Promise<number> {
  const events: TaskEvent[] = [];
  let recap: RecapEvent | undefined;
  const listen = (event: RunnerEvent): void => {
    if (event.type === 'task') events.push(event);
    if (event.type === 'recap') recap = event;
  };
  const options = { ...frame.options, check: true, step: false };
  if (process.stdout.isTTY && !options.json) process.stdout.write(`Looking whether ${file} still fits ...\n`);
  const exit = await carryOut(prepared, { ...frame, options, listen, silent: true });
  if (exit !== 0) {
    const failed = events.filter(event => event.status === 'failed' || event.status === 'unreachable').map(event => `${event.host}  ${event.task}: ${event.reason ?? event.status}`);
    const why = [...failed, ...(recap?.stopped === undefined ? [] : [recap.stopped])];
    process.stderr.write(`${file} is not applied, since the check before it did not end well; nothing was touched:\n${why.join('\n')}\n`);
    return exit;
  }
  const hosts = new Set(prepared.plan.hosts.map(host => host.name));
  const now = plannedIn(events, prepared.runId);
  const drift = driftOf(plan, now, hosts);
  if (drift.length > 0) {
    if (now.length === 0) throw new PlanError(`nothing of the plan ${file} is left to do, so it was applied already or somebody else did it; nothing was touched`, 'Make a new plan.');
    const drifted = plan.hosts.filter(host => drift.some(one => one.host === host));
    const others = plan.hosts.filter(host => !drifted.includes(host));
    throw new PlanError(`the plan ${file} no longer fits; nothing was touched:\n${driftLines(drift, plan.hosts).join('\n')}`,
      `Make a new plan${others.length === 0 || !mayRunOn(others, prepared) ? '.' : `, or leave out what differs: --limit '${drifted.map(host => `!${host}`).join(':')}'`}`);
  }
  return 0;
}

/** Does the playbook run on these hosts alone? It may refuse a `--limit`, or use values of hosts that would be left out. */
function mayRunOn(hosts: readonly string[], prepared: Prepared): boolean {
  try {
    planRun({ ...prepared, selection: { ...prepared.selection, limit: hosts.join(',') } });
    return true;
  } catch (error) {
    if (isRunnerError(error)) return false;
    throw error;
  }
}
