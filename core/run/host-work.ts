/** One task on one host: what is to be done, and what was done of it so far. */
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import type { Handler, Task } from '../task';
import type { Actor } from './actor';
import type { LaidPlay, LaidTask } from './layout';
import type { Cost } from './meter';
import type { Doings } from './perform';
import type { Run } from './state';
import type { Given } from './verdict';

/** Which task on which host. */
export interface HostTask {
  readonly run: Run;
  readonly play: LaidPlay;
  readonly step: LaidTask;
  readonly host: Host;
  /** Check mode: something would have been changed before this task. */
  readonly planned: boolean;
  /** All hosts that the task runs on now. */
  readonly among: readonly Host[];
}

/** Its actions while they are carried out. */
export interface Work {
  readonly actions: readonly Action<unknown>[];
  readonly several: boolean;
  readonly given: Given;
  readonly doings: Doings;
  readonly actor: Actor;
  /** Handlers that this task wrote down as owed. */
  readonly noted: Handler[];
}

/** Where what it costs is measured. */
export function costOf({ run, step, host }: Pick<HostTask, 'run' | 'step' | 'host'>): Cost | undefined {
  return run.job.meter?.cost(step, host);
}

/** May it take as long as something, or someone, takes? */
export function waits({ options }: Task<unknown>, actions: readonly Action<unknown>[]): boolean {
  return options.until !== undefined || actions.some(action => {
    switch (action.kind) {
      case 'confirm': return true;
      case 'check': return action.patience !== undefined;
      case 'query': return action.waits === true;
      default: return false;
    }
  });
}

/** Will it need the locks? */
export function changesSomething(action: Action<unknown>): boolean {
  return action.kind === 'resource' || action.kind === 'command';
}
