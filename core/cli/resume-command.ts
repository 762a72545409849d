/** `runsheet resume`: goes on with a run that did not end well. */
import { UsageError } from '../errors';
import { questionsOn, requireTerminal } from './ask';
import { becomePassword } from './become-password';
import { begin } from './begin';
import { carryOut } from './carry-out';
import { requireSameSources, type JobRecord } from './job-record';
import type { AgainOptions } from './options';
import { doneIn, findRun, readRun, runIds, type PastRun } from './past-runs';
import { prepare } from './prepare';
import { optionsOf } from './run-args';
import type { Timings } from './timings';

/**
 * Runs the same playbook with the same arguments again: every query runs and every resource is looked at anew; commands that had finished well are not
 * done twice (the rule is in core/run/ledger.ts).
 * @param given a run's id, its beginning, or `last`
 * @returns the exit code of the run. @throws UsageError when this run cannot be gone on with
 */
export async function resumeCommand(given: string, again: AgainOptions, timings: Timings): Promise<number> {
  const run = findRun(given);
  const job = resumable(run);
  const what = `run ${run.id}`;
  requireSameSources(job, { what, instead: `Start it anew: runsheet run ${job.args.playbook} ...; what is done already is found done.` });
  const options = optionsOf({ ...job, what }, again);
  if (options.step) requireTerminal(questionsOn(options));
  const prepared = await prepare(begin(job.args.playbook, options.inventory), options, step => timings.mark(step));
  return carryOut(prepared, { options, timings, password: await becomePassword(options), after: { run: run.id, done: doneIn(run) } });
}

/** What it was asked for. @throws UsageError saying why not */
function resumable({ id, ending, job, recap }: PastRun): JobRecord {
  if (ending === 'running') throw new UsageError(`run ${id} is still at work (process ${job?.process.pid ?? '?'})`);
  if (job === undefined) throw new UsageError(`run ${id} has no job.json that can be read, so nobody knows what it was asked for; start it anew`);
  if (ending === 'killed or running') throw new UsageError(`run ${id} was started on ${job.process.host}, and only there it can be seen whether it is still at work; resume it there`);
  if (job.args.check) throw new UsageError(`run ${id} was a check, which changes nothing: there is nothing to go on with`);
  if (job.rollsBack !== undefined) throw new UsageError(`run ${id} took run ${job.rollsBack} back`, `Go on with it: runsheet rollback ${job.rollsBack}`);
  if (job.applies !== undefined) throw new UsageError(`run ${id} applied the plan ${job.applies}, which no longer fits; make a plan of what is left`);
  const back = rollbackOf(id);
  if (back !== undefined) throw new UsageError(`run ${id} was taken back by run ${back}, so what it had done does not count any more; start it anew`);
  if (recap?.exit === 0) throw new UsageError(`run ${id} ended well: there is nothing to go on with`);
  return job;
}

/** The run that took it back, all or a part of it. */
function rollbackOf(id: string): string | undefined {
  return runIds().filter(newer => newer > id).map(newer => readRun(newer)).find(({ job, ending }) => job?.rollsBack === id && !job.args.check && ending !== 'refused')?.id;
}
