/** How one task on one host ended: by what its actions gave, or by what was thrown. */
import { describeError, isRunnerError } from '../errors';
import type { Host } from '../inventory/host';
import type { Action, Change } from '../module';
import type { Status } from '../report/events';
import type { HostTask, Work } from './host-work';
import { isLossOf } from './links';
import type { Round } from './rounds';
import type { Run } from './state';
import { none, UNKNOWN, type Outcome } from './values';
import { countsAsChange } from './verdict';

/** How it ended. */
export interface Ended {
  readonly status: Status;
  readonly value: Outcome;
  readonly changes: readonly Change[];
  /** Names of its modules; `null` when it did not come so far. */
  readonly module: string | null;
  readonly reason?: string;
  readonly willCheck?: boolean;
  /** A connection was lost, or the plan no longer fits: that is never ignored. */
  readonly lost?: boolean;
}

/** What the task itself adds: its modules and changes are known anyhow. */
type End = Pick<Ended, 'status' | 'value'> & Partial<Ended>;

const BY_ITS_VALUE = 'whether it counts as a change is known only when it runs';

/** Its actions were done; in check mode, looked at. @throws what its `changedWhen` throws */
export function endOfRound({ value, willCheck, unknown }: Round, { actions, given, doings, actor }: Work, { run: { check }, step: { task } }: HostTask): End {
  if (unknown !== undefined) return { status: 'unknown', value: UNKNOWN, reason: unknown };
  const acted = doings.changes.length > 0;
  if (check && acted && typeof task.options.changedWhen === 'function') return { status: 'unknown', value: UNKNOWN, reason: BY_ITS_VALUE };
  if (check && actions.length > 0 && actions.every(action => action.kind === 'confirm')) return { status: 'skipped', value, reason: 'check mode asks nothing' };
  const reason = willCheck ? checksOf(actions) : doings.changes.length > 0 ? undefined : actor.reason;
  const isChange = acted && countsAsChange(task, value.kind === 'value' ? value.value : undefined, given);
  return { status: isChange ? 'changed' : 'ok', value, ...(isChange ? {} : { changes: [] }), ...(willCheck ? { willCheck } : {}), ...(reason === undefined ? {} : { reason }) };
}

function checksOf(actions: readonly Action<unknown>[]): string {
  return actions.map(action => `${action.module} ${action.subject}`).join(', ');
}

/** Where it was at work, and on what. */
interface Failing { readonly place: Host; readonly work: Work }

/** Something was thrown: a failure, a lost link, an interruption, a refusal or a plan that no longer fits. Notes in the run what that means for the host. */
export function endOfError(error: unknown, { run, host }: HostTask, { place, work }: Failing): End {
  const { acting } = work.doings;
  const halfDone = acting === undefined ? '' : `\nThis was while ${acting} was being changed: how far that came is not known, and the next run looks at it again.`;
  if (run.signal.aborted) {
    const reason = `interrupted${halfDone}`;
    return { status: 'unknown', value: none(reason), reason };
  }
  const reason = `${describeError(error)}${whichOf(work)}${halfDone}`;
  if (isRunnerError(error) && error.kind === 'plan') return offPlan(reason, run, host);
  if (isRunnerError(error) && error.kind === 'refused' && run.halt?.kind === 'refused') return { status: 'skipped', value: none(reason), reason };
  if (!isLossOf(place, error)) return { status: 'failed', value: none(reason), reason };
  run.links.lose(place, error);
  if (place === host) return endOfLoss(reason);
  const delegated = `it is delegated to ${place.name}, which cannot be reached: ${reason}`;
  return { status: 'failed', value: none(delegated), reason: delegated, lost: true };
}

/** The host cannot be reached. */
export function endOfLoss(reason: string): End {
  return { status: 'unreachable', value: none(reason), reason, lost: true };
}

/** Which of several actions failed. */
function whichOf({ actions, actor: { index } }: Work): string {
  const action = actions[index ?? -1];
  return index === undefined || action === undefined || actions.length === 1 ? '' : `\nThis was number ${index + 1} of ${actions.length}: ${action.module} ${action.subject}`;
}

/** The host takes no part in what follows, whatever a `rescue` does for it. */
function offPlan(reason: string, run: Run, host: Host): End {
  run.offPlan = true;
  run.failed.set(host, `it was stopped: ${reason.split('\n')[0] ?? ''}`);
  return { status: 'failed', value: none(reason), reason, lost: true };
}
