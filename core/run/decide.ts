/** What a task is to do on a host, worked out from values that are known, without touching the host. */
import { describeError, isRunnerError } from '../errors';
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import { actionsOf, taskOf, type Here, type MadeAction, type Task, type Use } from '../task';
import type { Values } from './values';

/** The outcome of that. */
export type Decision =
  | { readonly kind: 'go'; readonly actions: readonly Action<unknown>[]; /** Several actions give an array of values. */ readonly several: boolean }
  | { readonly kind: 'skip' | 'unknown' | 'fail'; readonly reason: string };

/** Decides; never throws. What the task's own functions throw is its failure. */
export function decide(task: Task<unknown>, host: Host, values: Values): Decision {
  const { when, uses = {} } = task.options;
  if (when === false) return { kind: 'skip', reason: 'its condition is false' };
  const here = collect(uses, host, values);
  if ('kind' in here) return here;
  try {
    if (typeof when === 'function' && !when(here.values)) return { kind: 'skip', reason: 'its condition is false here' };
    return checked(task.make(here.values));
  } catch (error) {
    return { kind: 'fail', reason: isRunnerError(error) ? describeError(error) : `the playbook's own code failed (${task.site.at()}): ${describeError(error)}` };
  }
}

interface Collected { readonly values: Record<string, never> & Here }

function collect(uses: Readonly<Record<string, Use>>, host: Host, values: Values): Collected | Decision {
  const found = new Map<string, unknown>();
  for (const [name, use] of Object.entries(uses)) {
    const outcome = values.resolve(use, host);
    if (outcome.kind === 'unknown') return { kind: 'unknown', reason: `it uses "${taskOf(use).name}", whose value only the run itself can tell` };
    if (outcome.kind === 'none') return { kind: 'fail', reason: `it uses "${taskOf(use).name}", which has no value: ${outcome.reason}` };
    found.set(name, outcome.value);
  }
  return { values: asArgument(found, host) };
}

/** The checks of `task()`'s types hold for these names and values: they come from the same `uses`. */
function asArgument(found: ReadonlyMap<string, unknown>, host: Host): Collected['values'] {
  return { ...Object.fromEntries(found), host } as Collected['values'];
}

function checked(made: MadeAction): Decision {
  const actions = actionsOf(made);
  const problems = actions.flatMap(action => action.problems);
  return problems.length > 0 ? { kind: 'fail', reason: problems.join('\n') } : { kind: 'go', actions, several: !('kind' in made) };
}
