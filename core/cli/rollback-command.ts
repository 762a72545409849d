/** `runsheet rollback`: takes back what a run changed, down to the last change that cannot be taken back. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlaybookError, UsageError } from '../errors';
import type { Inventory } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import { moduleNamed } from '../registry';
import { rollbackPlaybook, type Earlier } from '../rollback/playbook';
import { scopeOf } from '../rollback/scope';
import { rollbackLines } from '../rollback/tell';
import { planRun } from '../run/plan';
import { newRunId } from '../run/run-id';
import { UNDO_FILE, UNDO_INCOMPLETE } from '../run/undo-log';
import { parseUndo, type UndoRecord } from '../run/undo-record';
import { questionsOn } from './ask';
import { becomePassword } from './become-password';
import { carryOut } from './carry-out';
import type { JobRecord } from './job-record';
import { resolveLimit } from './limit';
import { loadPlaybook } from './load-playbook';
import type { RollbackOptions, RunOptions } from './options';
import { doneIn, findRun, readRun, runIds, type PastRun } from './past-runs';
import type { Prepared } from './prepare';
import type { Timings } from './timings';
import { ROOT } from './typecheck';

/**
 * Says what it will take back and what not, asks, and does it, as a run of its own.
 * @param given a run's id, its beginning, or `last`
 * @returns the exit code of that run. @throws UsageError when this run cannot be taken back
 */
export async function rollbackCommand(given: string, options: RollbackOptions, timings: Timings): Promise<number> {
  const run = findRun(given);
  const job = revertible(run);
  const records = recordsOf(run);
  const inventory = loadInventory(options.inventory.length > 0 ? options.inventory : job.args.inventory);
  const limit = resolveLimit(options.limit, { inventory, playbook: resolve(job.args.playbook) });
  const scope = scopeOf(records, limited(inventory, limit));
  const { earlier, last } = earlierOf(run.id, limit);
  const out = questionsOn(options);
  out.write(`${rollbackLines({ run: run.id, name: job.name, scope, earlier }).join('\n')}\n`);
  if (scope.back.every(({ again }) => again !== undefined)) return 0;
  loadModules(scope.back, job);
  const playbook = rollbackPlaybook({ run: run.id, changes: scope.back, inventory, earlier, includeUnfinished: options.includeUnfinished });
  const selection = { tags: [], skipTags: [], ...(limit === undefined ? {} : { limit }) };
  const runId = newRunId();
  const prepared: Prepared = {
    runId, path: resolve(job.args.playbook), playbook, inventory, vars: {}, selection, checked: new Map(),
    plan: planRun({ runId, playbook, vars: {}, inventory, selection }),
  };
  const runOptions = optionsFor(job, options);
  return carryOut(prepared, { options: runOptions, timings, password: await becomePassword(runOptions), rollsBack: run.id,
    ...(last === undefined ? {} : { after: { run: last.id, done: doneIn(last) } }) });
}

/** What it was asked for. @throws UsageError saying why it cannot be taken back */
function revertible({ id, ending, job }: PastRun): JobRecord {
  if (job === undefined) throw new UsageError(`run ${id} has no job.json that can be read, so nobody knows its inventory`);
  if (ending === 'running') throw new UsageError(`run ${id} is still at work (process ${job.process.pid})`, 'Stop it first, with Ctrl-C.');
  if (job.args.check) throw new UsageError(`run ${id} was a check, which changes nothing: there is nothing to take back`);
  return job;
}

/** @throws UsageError when the record is not whole */
function recordsOf({ id, dir }: PastRun): readonly UndoRecord[] {
  if (existsSync(join(dir, UNDO_INCOMPLETE))) {
    throw new UsageError(`the record of run ${id} is not complete, since ${join(dir, UNDO_FILE)} could not be written then`, `What is known of it is in ${join(dir, UNDO_INCOMPLETE)}; take it back by hand.`);
  }
  const path = join(dir, UNDO_FILE);
  return existsSync(path) ? parseUndo(readFileSync(path, 'utf8')) : [];
}

/** Names of the hosts that `--limit` leaves; `undefined` without one. */
function limited(inventory: Inventory, limit: string | undefined): ReadonlySet<string> | undefined {
  if (limit === undefined) return undefined;
  const hosts = inventory.select(limit);
  if (hosts.length === 0) throw new UsageError(`--limit ${limit} matches no host of the inventory`);
  return new Set(hosts.map(host => host.name));
}

/** How the last rollback of this run for the same hosts that put something back ended, unless that was taken back itself; and the rollback itself, where it is to be gone on with. */
function earlierOf(id: string, limit: string | undefined): { readonly earlier: Earlier; readonly last?: PastRun } {
  const rollbacks = runIds().map(each => readRun(each)).filter(({ job }) => job?.rollsBack !== undefined && !job.args.check);
  const last = rollbacks.find(({ dir, job }) => job?.rollsBack === id && job.args.limit === limit && existsSync(join(dir, UNDO_FILE)));
  if (last === undefined || rollbacks.some(({ job, ending }) => job?.rollsBack === last.id && ending === 'ok')) return { earlier: 'none' };
  return last.ending === 'ok' ? { earlier: 'finished' } : { earlier: 'unfinished', last };
}

/** Modules enter themselves when they are loaded: those of this installation, and else those of the run's playbook. @throws UsageError, PlaybookError */
function loadModules(changes: readonly UndoRecord[], job: JobRecord): void {
  const names = [...new Set(changes.flatMap(({ calls, again }) => [...calls, ...(again === undefined ? [] : [again])]).map(({ module }) => module))];
  for (const name of names) {
    const folder = join(ROOT, 'modules', name.split('.')[0] ?? '');
    if (moduleNamed(name) === undefined && existsSync(folder)) require(folder);
  }
  if (names.every(name => moduleNamed(name) !== undefined)) return;
  try {
    loadPlaybook(resolve(job.args.playbook));
  } catch (error) {
    const missing = names.filter(name => moduleNamed(name) === undefined).join(', ');
    if (missing !== '') throw new PlaybookError([`the way back needs ${missing}, which only the run's playbook has, and that does not load: ${String(error)}`]);
  }
}

/** Hosts are reached as the run reached them. */
function optionsFor({ args }: JobRecord, { inventory, limit, check, diff, verbose, json, timings, yes }: RollbackOptions): RunOptions {
  const { forks, user, privateKey, become, askBecomePassword, becomePasswordFile, hostKey, timeout, lockWait, ahead } = args;
  return {
    forks, become, askBecomePassword, hostKey, timeout, lockWait, ahead, check, diff, verbose, json, timings, yes,
    inventory: inventory.length > 0 ? inventory : args.inventory, set: [], vars: [], tags: [], skipTags: [], step: false, help: false, listHosts: false, listTasks: false,
    ...(limit === undefined ? {} : { limit }), ...(user === undefined ? {} : { user }), ...(privateKey === undefined ? {} : { privateKey }),
    ...(becomePasswordFile === undefined ? {} : { becomePasswordFile }),
  };
}
