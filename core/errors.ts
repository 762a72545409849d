/**
 * What can go wrong, one class each. Errors are told apart by `kind`, not by `instanceof`: two copies of this file may meet.
 */
import type { CommandResult } from './transport/connection';
import { redact } from './secret';

export type ErrorKind = 'usage' | 'playbook' | 'inventory' | 'connection' | 'command' | 'convergence' | 'check' | 'refused' | 'unforeseen' | 'plan' | 'interrupted';

const TAG = Symbol.for('runsheet.error');

/** A known error: one line for people, with what to do in `hint`. Anything else that is thrown keeps its stack. */
export class RunnerError extends Error {
  readonly [TAG] = true;
  constructor(readonly kind: ErrorKind, message: string, readonly hint?: string, options?: ErrorOptions) {
    super(redact(message), options);
    this.name = new.target.name;
  }
}

/** Is this a known error (of whatever copy of core)? */
export function isRunnerError(error: unknown): error is RunnerError {
  return typeof error === 'object' && error !== null && TAG in error;
}

/** The command line, a file or a variable is wrong; nothing was touched. */
export class UsageError extends RunnerError {
  constructor(message: string, hint?: string) { super('usage', message, hint); }
}

/** The playbook is wrong; holds every problem that was found, each with its place where one is known. */
export class PlaybookError extends RunnerError {
  constructor(readonly problems: readonly string[], hint?: string) { super('playbook', problems.join('\n'), hint); }
}

/** The inventory or a host pattern is wrong. */
export class InventoryError extends RunnerError {
  constructor(message: string, hint?: string) { super('inventory', message, hint); }
}

/** The host could not be reached, or the link to it broke: what it was doing is unknown. */
export class ConnectionError extends RunnerError {
  constructor(readonly host: string, message: string, hint?: string, options?: ErrorOptions) {
    super('connection', `${host}: ${message}`, hint, options);
  }
}

/** A command ended with an exit code that is no answer, was killed or timed out. Holds the whole result; the message shows the tail. */
export class CommandError extends RunnerError {
  constructor(readonly host: string, readonly result: CommandResult, hint?: string) {
    super('command', `${host}: ${shorten(result.command)} ${ending(result)}${tail(result.stderr || result.stdout, 3)}`, hint);
  }
}

/** A module acted and the state is still not the wanted one. */
export class ConvergenceError extends RunnerError {
  constructor(message: string, hint?: string) { super('convergence', message, hint); }
}

/** A wait, a gate, an assert or a verification does not hold. */
export class CheckError extends RunnerError {
  constructor(message: string, hint?: string) { super('check', message, hint); }
}

/** A guard says no before anything was done (a lock, a confirmation, an edit that would not parse). */
export class RefusedError extends RunnerError {
  constructor(message: string, hint?: string) { super('refused', message, hint); }
}

/** Check mode: only the run will tell, since something that this depends on changes before it. */
export class UnforeseenError extends RunnerError {
  constructor(name: string) { super('unforeseen', `${name} changes above, and how it will be then is known only when it runs`); }
}

/** The plan no longer fits what is there. */
export class PlanError extends RunnerError {
  constructor(message: string, hint?: string) { super('plan', message, hint); }
}

/** The user or a signal ended the run. */
export class InterruptedError extends RunnerError {
  constructor(message = 'interrupted') { super('interrupted', message); }
}

/** One text for people: a known error's message and hint, else the stack. */
export function describeError(error: unknown): string {
  if (isRunnerError(error)) return error.hint === undefined ? error.message : `${error.message}\n${redact(error.hint)}`;
  return redact(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** The message alone, redacted, of whatever was thrown. */
export function messageOf(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error));
}

function ending(result: CommandResult): string {
  if (result.timedOut === true) return `was killed after ${Math.round(result.ms / 1000)} s (time limit)`;
  if (result.signal !== undefined) return `was ended by ${result.signal}`;
  return `exited with code ${result.code}`;
}

function shorten(command: string): string {
  const line = command.replaceAll(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

function tail(text: string, lines: number): string {
  const last = text.trimEnd().split('\n').slice(-lines).join('\n');
  return last === '' ? '' : `: ${last}`;
}
