/** The options of the command line, as commander hands them over, and the checks of their values. */
import { InvalidArgumentError } from 'commander';
import type { HostKeyPolicy } from '../transport/host-key';

/** What `run` and `check` have in common. */
export interface PlaybookOptions {
  readonly inventory: readonly string[];
  readonly limit?: string;
  readonly set: readonly string[];
  readonly vars: readonly string[];
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** Id of the first task. */
  readonly startAt?: string;
  readonly verbose: boolean;
  readonly help: boolean;
}

/** How a run is shown and who answers its questions: what of its options makes no other run of it. */
export interface Manner {
  readonly diff: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  /** Say at the end where the time went. */
  readonly timings: boolean;
  readonly yes: boolean;
  /** Ask before each task. */
  readonly step: boolean;
}

/** How hosts are reached. */
export interface ReachOptions {
  readonly forks: number;
  readonly user?: string;
  readonly privateKey?: string;
  readonly become: boolean;
  readonly askBecomePassword: boolean;
  readonly becomePasswordFile?: string;
  readonly hostKey: HostKeyPolicy;
}

/** All options of `run`. */
export interface RunOptions extends PlaybookOptions, Manner, ReachOptions {
  readonly check: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly lockWait: number;
  /** Send the looks of coming tasks ahead. */
  readonly ahead: boolean;
  /** Refuse to run on more hosts than that. */
  readonly maxHosts?: number;
  readonly listHosts: boolean;
  readonly listTasks: boolean;
}

/** Options of `plan`: those of `run` without the ones that only a run has. */
export interface PlanOptions extends RunOptions {
  /** The file that the plan is written to. */
  readonly out?: string;
}

/** Options of `resume` and `apply`, which get everything else from what was written down. */
export interface AgainOptions extends Manner {
  /** Values that were not written down, `name=value`. */
  readonly set: readonly string[];
  readonly limit?: string;
}

/** Options of `rollback`: everything else is as in the run that is taken back. */
export interface RollbackOptions extends Omit<Manner, 'step'> {
  /** Other ones than the run's. */
  readonly inventory: readonly string[];
  readonly limit?: string;
  readonly check: boolean;
  /** Put back also what was cut off, of which nobody knows who wrote what is there now. */
  readonly includeUnfinished: boolean;
}

/** Options of `show` and `runs`. */
export interface ShowOptions {
  readonly json: boolean;
  readonly failed: boolean;
  readonly diff: boolean;
}

/** Options of `inventory`. */
export interface InventoryOptions {
  readonly inventory: readonly string[];
  /** The playbook whose variables of a host are explained, and what would be given to it. */
  readonly playbook?: string;
  readonly vars: readonly string[];
  readonly set: readonly string[];
}

/** Options of `owed`. */
export interface OwedOptions extends ReachOptions {
  readonly inventory: readonly string[];
  /** Strike out what is listed. */
  readonly clear: boolean;
  readonly yes: boolean;
}

/** An option that may stand several times, each value kept. */
export function each(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** An option that may stand several times, each a list with commas. */
export function list(value: string, before: readonly string[]): readonly string[] {
  const items = value.split(',').map(item => item.trim()).filter(item => item !== '');
  if (items.length === 0) throw new InvalidArgumentError('Write one or more names, with commas between them.');
  return [...before, ...items];
}

/** A whole number, 1 or more. */
export function positive(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return Number(value);
}

/** Seconds, more than none; as milliseconds. */
export function seconds(value: string): number {
  const ms = secondsOrNone(value);
  if (ms === 0) throw new InvalidArgumentError('Write a number of seconds, more than 0.');
  return ms;
}

/** Seconds, or 0 for not at all; as milliseconds. */
export function secondsOrNone(value: string): number {
  const number = Number(/^\d{1,6}(?:\.\d+)?$/.test(value) ? value : Number.NaN);
  if (Number.isNaN(number)) throw new InvalidArgumentError('Write a number of seconds.');
  return Math.round(number * 1000);
}
