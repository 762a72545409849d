/** All actions of a task on one host, as often as its `until` asks for. */
import { setTimeout as pause } from 'node:timers/promises';
import { milliseconds } from '../duration';
import { CheckError, isRunnerError } from '../errors';
import type { Action, Change } from '../module';
import type { Task } from '../task';
import type { Target } from '../transport/connection';
import type { Actor } from './actor';
import { judged } from './loss';
import type { Doings } from './perform';
import { preview } from './preview';
import { known, UNKNOWN, type Outcome } from './values';
import { ownCode, refuseFailed, type Given } from './verdict';

/** What is to be done on one host. */
export interface RoundsJob {
  readonly task: Task<unknown>;
  readonly actions: readonly Action<unknown>[];
  /** The value is an array, one for each action. */
  readonly several: boolean;
  readonly given: Given;
  readonly on: Target;
  readonly check: boolean;
  /** Check mode: something would have been changed before this task. */
  readonly planned: boolean;
  readonly isHandler: boolean;
  readonly doings: Doings;
  readonly actor: Actor;
}

/** How it went; in check mode, how it would go. The changes are in `doings`. */
export interface Round {
  readonly value: Outcome;
  readonly willCheck: boolean;
  readonly unknown: string | undefined;
}

const DEFAULT_RETRIES = 3;
const DEFAULT_DELAY = '5s';

/** How much longer than usual a task may take, in milliseconds: the delays of its repetitions and the patience of its checks. */
export function patienceOf({ options }: Task<unknown>, actions: readonly Action<unknown>[]): number {
  const repeats = options.until === undefined ? 0 : (options.retries ?? DEFAULT_RETRIES);
  const patience = actions.reduce((sum, action) => sum + (action.kind === 'check' ? (action.patience?.timeoutMs ?? 0) : 0), 0);
  return patience * (repeats + 1) + repeats * milliseconds(options.delay ?? DEFAULT_DELAY);
}

/** Does them once, or until `until` holds. @throws what the last round threw; CheckError when `until` never held */
export async function rounds(job: RoundsJob): Promise<Round> {
  const { until, retries = DEFAULT_RETRIES, delay = DEFAULT_DELAY } = job.task.options;
  if (until === undefined) return await oneRound(job);
  for (let left = retries; ; left--) {
    const round = await oneRound(job).catch((error: unknown) => retryable(error, job, left));
    if (round !== undefined) {
      if (job.check && round.value.kind === 'value' && isOpen(job.task, until, round.value.value)) return { ...round, value: UNKNOWN, willCheck: true };
      if (round.value.kind !== 'value' || (job.check && job.doings.changes.length > 0) || isReached(job.task, until, round.value.value)) return round;
      if (job.check && job.planned) return { ...round, value: UNKNOWN, willCheck: true };
      if (left <= 0) throw new CheckError(`${job.on.host.name}: its until is still not true after ${retries + 1} times`);
    }
    job.on.say(`not yet; again in ${delay}, ${left} times left`);
    await pause(milliseconds(delay), undefined, { signal: job.on.signal });
  }
}

/** Check mode: does `until` ask for what only the run will tell? */
function isOpen(task: Task<unknown>, until: (value: unknown) => boolean, value: unknown): boolean {
  try {
    isReached(task, until, value);
    return false;
  } catch (error) {
    return isRunnerError(error) && error.kind === 'unforeseen';
  }
}

function isReached(task: Task<unknown>, until: (value: unknown) => boolean, value: unknown): boolean {
  return ownCode(task, () => until(value));
}

/** A round that failed counts as "not yet", but never a lost link, the end of the time or a change that is not planned. */
function retryable(error: unknown, { on }: RoundsJob, left: number): undefined {
  if (left <= 0 || on.signal.aborted || (isRunnerError(error) && (error.kind === 'connection' || error.kind === 'plan'))) throw error;
  return undefined;
}

async function oneRound(job: RoundsJob): Promise<Round> {
  job.doings.acting = undefined;
  const seen = [];
  for (const [index, action] of job.actions.entries()) {
    job.on.signal.throwIfAborted();
    job.actor.index = index;
    seen.push(job.check ? await previewed(action, job) : await performed(action, index, job));
  }
  job.actor.index = undefined;
  return judgedFailed({
    value: together(seen.map(one => one.value), job.several),
    willCheck: seen.some(one => one.willCheck),
    unknown: seen.find(one => one.unknown !== undefined)?.unknown,
  }, job);
}

/** The round, when `failedWhen` has nothing against its value. In check mode a planned change may still make it right. @throws CheckError, CommandError */
function judgedFailed(round: Round, { task, given, check, planned, doings }: RoundsJob): Round {
  if (round.value.kind !== 'value') return round;
  try {
    refuseFailed(task, round.value.value, given);
    return round;
  } catch (error) {
    if (check && (planned || doings.changes.length > 0)) return { ...round, value: UNKNOWN, willCheck: true };
    throw error;
  }
}

async function previewed(action: Action<unknown>, { on, planned, isHandler, doings }: RoundsJob): Promise<Round> {
  const { changes, value, willCheck = false, unknown } = await preview(action, { on, planned: planned || doings.changes.length > 0, isHandler });
  note(doings.changes, changes);
  return { value, willCheck, unknown };
}

async function performed(action: Action<unknown>, index: number, { on, doings, actor }: RoundsJob): Promise<Round> {
  const own: Doings = { changes: [], acting: undefined, before: doings.before, making: doings.making };
  try {
    return { value: known(await actor.perform(action, index, { on, doings: own })), willCheck: false, unknown: undefined };
  } catch (error) {
    throw await judged(error, on);
  } finally {
    note(doings.changes, own.changes);
    doings.acting = own.acting;
  }
}

/** Adds changes that are not there yet: a repetition may come across the same ones. */
function note(all: Change[], more: readonly Change[]): void {
  for (const change of more) {
    const same = (other: Change): boolean => other.resource === change.resource && other.property === change.property && other.to === change.to;
    if (!all.some(same)) all.push(change);
  }
}

function together(values: readonly Outcome[], several: boolean): Outcome {
  if (!several) return values[0] ?? known(undefined);
  const there = values.flatMap(outcome => (outcome.kind === 'value' ? [outcome.value] : []));
  return there.length === values.length ? known(there) : UNKNOWN;
}
