/** What a task is to do on a host, worked out from values that are known, without touching the host. */
import { describeError, isRunnerError, type ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import { actionsOf, nameOf, type Block, type MadeAction, type Task, type Use } from '../task';
import type { LaidTask } from './layout';
import type { Values } from './values';
import { ownCode, type Given } from './verdict';

/** The outcome of that. */
export type Decision =
  | { readonly kind: 'go'; readonly actions: readonly Action<unknown>[]; /** Several actions give an array of values. */ readonly several: boolean; readonly given: Given }
  | { readonly kind: 'skip'; readonly reason: string; /** Together with its block: then it has no value, not even `undefined`. */ readonly withBlock?: true }
  | { readonly kind: 'unknown' | 'fail'; readonly reason: string }
  /** The host was lost while a fact was looked up. */
  | { readonly kind: 'lost'; readonly error: ConnectionError };

/** Decides; never throws. What the playbook's own functions throw is the task's failure. */
export function decide({ task, within }: LaidTask, host: Host, values: Values): Decision {
  try {
    for (const block of within) {
      const entry = entering(block, host, values);
      if (entry === undefined) return { kind: 'skip', reason: `the condition of the block "${block.name}" is false`, withBlock: true };
      if ('kind' in entry) return entry;
    }
    const entry = entering(task, host, values);
    if (entry === undefined) return { kind: 'skip', reason: 'its condition is false' };
    return 'kind' in entry ? entry : checked(task, ownCode(task, () => task.make(entry.given)), entry.given);
  } catch (error) {
    if (isRunnerError(error) && error.kind === 'unforeseen') return { kind: 'unknown', reason: error.message };
    return { kind: 'fail', reason: describeError(error) };
  }
}

/** What its functions get; `undefined` where its condition is false, a decision where a value is not there. @throws what its own code throws */
function entering(owner: Task<unknown> | Block, host: Host, values: Values): Collected | undefined | Decision {
  const { when, uses = {} } = owner.options;
  if (when === false) return undefined;
  const here = collect(uses, host, values);
  if ('kind' in here) return here;
  return typeof when === 'function' && !ownCode(owner, () => when(here.given)) ? undefined : here;
}

interface Collected { readonly given: Given }

function collect(uses: Readonly<Record<string, Use>>, host: Host, values: Values): Collected | Decision {
  const found = new Map<string, unknown>();
  for (const [name, use] of Object.entries(uses)) {
    const outcome = values.resolve(use, host);
    if (outcome.kind === 'unknown') return { kind: 'unknown', reason: `it uses "${nameOf(use)}", whose value only the run itself can tell` };
    if (outcome.kind === 'none') return { kind: 'fail', reason: `it uses "${nameOf(use)}", which has no value: ${outcome.reason}` };
    found.set(name, outcome.value);
  }
  return { given: asArgument(found, host) };
}

/** The checks of `task()`'s types hold for these names and values: they come from the same `uses`. */
function asArgument(found: ReadonlyMap<string, unknown>, host: Host): Given {
  return { ...Object.fromEntries(found), host } as Given;
}

function checked(task: Task<unknown>, made: MadeAction, given: Given): Decision {
  const problems = problemsOf(task, made);
  return problems.length > 0 ? { kind: 'fail', reason: problems.join('\n') } : { kind: 'go', actions: actionsOf(made), several: !('kind' in made), given };
}

/** What is wrong with the actions of a task, each a sentence. */
export function problemsOf({ options }: Task<unknown>, made: MadeAction): readonly string[] {
  const actions = actionsOf(made);
  const judged = options.changedWhen === undefined ? [] : actions.filter(action => action.kind !== 'command');
  return [
    ...actions.flatMap(action => action.problems),
    ...judged.map(({ module, kind }) => `changedWhen is for commands, and ${module} is a ${kind}, of which is known what it changes: leave changedWhen out`),
  ];
}
