/** One action on one host, for real. */
import { setTimeout as pause } from 'node:timers/promises';
import { spoken } from '../duration';
import { CheckError, ConvergenceError } from '../errors';
import { see, type Action, type Change, type Check, type Imperative, type Resource, type WayBack } from '../module';
import type { Target } from '../transport/connection';
import type { UndoKeeper } from './undo';

/** What a task has done so far, also when it then fails. */
export interface Doings {
  /** Changes made, and those begun when it failed. */
  readonly changes: Change[];
  /** What is being changed right now; when it fails here its state is not known. */
  acting: string | undefined;
  /**
   * Called when the changes are known, right before the first is made; what it throws leaves everything as it was. `false`: another run may have been at work
   * since the look, so look again.
   */
  readonly before: () => Promise<boolean>;
  /** Keeps what a rollback needs; without it nothing is kept. */
  undo?: UndoKeeper;
  /** Surrounds the making of a change: what was seen before it is forgotten. */
  making: <T>(action: Action<unknown>, make: () => Promise<T>, then?: LookAfter) => Promise<T>;
}

/** What is looked at after a change. */
export type LookAfter = (on: Target) => Promise<unknown>;

/** Does it and returns its value. @throws whatever goes wrong; `doings` then says how far it came */
export async function perform(action: Action<unknown>, on: Target, doings: Doings): Promise<unknown> {
  switch (action.kind) {
    case 'query': return await see(action.look, on);
    case 'resource': return await converge(action, on, doings);
    case 'command': return await carryOut(action, on, doings);
    case 'check': return await hold(action, on);
    case 'confirm':
    case 'end': return action.value;
    default: return action satisfies never;
  }
}

/** The change that a command stands for, in check mode and in the run. */
export function changeOf(action: Imperative<unknown>, does: string): Change {
  return { resource: action.subject, property: 'run', from: null, to: does };
}

/** Looks until the condition holds or its patience ends. @throws CheckError with the last reason */
export async function hold(action: Check<unknown>, on: Target): Promise<unknown> {
  const { timeoutMs, everyMs } = action.patience ?? { timeoutMs: 0, everyMs: 0 };
  const until = performance.now() + timeoutMs;
  for (;;) {
    const found = await see(action.look, on);
    if (found.ok) return found.value;
    const left = until - performance.now();
    if (left <= 0) throw new CheckError(`${on.host.name}: ${found.reason}${timeoutMs > 0 ? ` (waited ${spoken(timeoutMs)})` : ''}`);
    on.say(found.reason);
    await pause(Math.min(everyMs, left), undefined, { signal: on.signal });
  }
}

async function converge(action: Resource<unknown>, on: Target, doings: Doings): Promise<unknown> {
  const standing = await see(action.look, on);
  if (standing.changes.length === 0) return standing.value(false);
  if (!await doings.before()) return await converge(action, on, doings);
  doings.changes.push(...standing.changes);
  doings.acting = `${action.module} ${action.subject}`;
  await kept({ action, back: standing.back, on, doings }, () => standing.apply(on));
  const now = await see(action.look, on);
  if (now.changes.length > 0) throw new ConvergenceError(`${on.host.name}: ${action.subject} did not converge: ${now.changes.map(difference).join(', ')}`);
  doings.acting = undefined;
  return now.value(true);
}

async function carryOut(action: Imperative<unknown>, on: Target, doings: Doings): Promise<unknown> {
  const intent = await see(action.look, on);
  if (intent.does === undefined) return intent.idle();
  if (!await doings.before()) return await carryOut(action, on, doings);
  doings.changes.push(changeOf(action, intent.does));
  doings.acting = `${action.module} ${action.subject}`;
  const value = await kept({ action, back: intent.back, on, doings }, () => intent.run(on));
  const verdict = await intent.verify(on, value);
  if (verdict !== true) throw new CheckError(`${on.host.name}: ${intent.does} had no effect: ${verdict}`);
  doings.acting = undefined;
  return value;
}

interface Acting { readonly action: Action<unknown>; readonly back: WayBack; readonly on: Target; readonly doings: Doings }

/** Makes a change, with what a rollback needs of it on record before and after. */
function kept<T>({ doings, ...changing }: Acting, make: () => Promise<T>): Promise<T> {
  const making = (then?: LookAfter): Promise<T> => doings.making(changing.action, make, then);
  return doings.undo === undefined ? making() : doings.undo.around(changing, making);
}

function difference({ resource, property, from, to }: Change): string {
  return `${property} of ${resource} is ${brief(from)}, wanted ${brief(to)}`;
}

function brief(text: string | null): string {
  if (text === null) return 'absent';
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
