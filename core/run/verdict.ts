/** What a task's own functions make of its value: did it fail, did it change anything. */
import { CheckError, CommandError, describeError, isRunnerError, RunnerError } from '../errors';
import type { Block, Here, Task } from '../task';
import type { CommandResult } from '../transport/connection';

/** What a task's functions get: the values of its `uses`, and the host. */
export type Given = Record<string, never> & Here;

/** Calls a function of the playbook. @throws its own known errors; for any other one that names the place of its task or block */
export function ownCode<T>(owner: Task<unknown> | Block, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (isRunnerError(error)) throw error;
    throw new RunnerError('check', `the playbook's own code failed (${owner.site.at()}): ${describeError(error)}`, undefined, { cause: error });
  }
}

/** @throws CheckError, or CommandError for a command's result, where `failedWhen` holds */
export function refuseFailed(task: Task<unknown>, value: unknown, given: Given): void {
  const { failedWhen } = task.options;
  const failed = failedWhen === undefined ? false : ownCode(task, () => failedWhen(value, given));
  if (failed === false) return;
  const { name } = given.host;
  if (typeof failed === 'string') throw new CheckError(`${name}: ${failed}`);
  throw isCommandResult(value) ? new CommandError(name, value, 'Its failedWhen holds.') : new CheckError(`${name}: its failedWhen holds`);
}

/** Whether what was done counts as a change. */
export function countsAsChange(task: Task<unknown>, value: unknown, given: Given): boolean {
  const { changedWhen = true } = task.options;
  return typeof changedWhen === 'boolean' ? changedWhen : ownCode(task, () => changedWhen(value, given));
}

function isCommandResult(value: unknown): value is CommandResult {
  return typeof value === 'object' && value !== null && ['command', 'code', 'stdout', 'stderr', 'ms'].every(key => key in value);
}
