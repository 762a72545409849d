/** The making of a change: what was seen before it is forgotten, and the looks that come after it are sent right behind it. */
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import type { OpenConnection } from '../transport/connection';
import type { HostTask } from './host-work';
import type { LookAfter } from './perform';
import type { TaskTarget } from './target';

/** A task at work on a host. */
export interface Site {
  readonly job: HostTask;
  readonly place: Host;
  readonly connection: OpenConnection;
  readonly target: TaskTarget;
}

/** A change. */
export interface Making<T> {
  readonly action: Action<unknown>;
  readonly make: () => Promise<T>;
  readonly then: LookAfter | undefined;
}

/** Makes the change. */
export async function making<T>({ job, place, connection, target }: Site, { action, make, then }: Making<T>): Promise<T> {
  const { run: { ahead }, host } = job;
  const forget = (but?: string): void => {
    if (action.reach === 'cluster') ahead.forgetAll();
    ahead.forget(place, but);
    if (place !== host) ahead.forget(host);
  };
  // What a command sets off may go on behind it: only its own proof says when that is over.
  const isOver = place === host && action.reach === undefined && action.kind === 'resource';
  const sent = { commands: 0, isBehind: false };
  target.changing = {
    before: () => forget(),
    sent: ({ apart, goesOn }) => {
      // Most changes are one command, but for those that say so. Behind every command of a longer one the host would look in vain.
      if (!goesOn) sent.commands += 1;
      sent.isBehind = isOver && !apart && !goesOn && sent.commands === 1;
      if (sent.isBehind) ahead.sendBehind(job, { action, then }, connection);
    },
  };
  forget();
  try {
    return await make();
  } finally {
    target.changing = undefined;
    forget(sent.isBehind ? connection.user : undefined);
  }
}

/** What a task of these actions leaves behind that no look saw: it waited, or did what goes on behind it. */
export function outdates({ step: { task } }: HostTask, actions: readonly Action<unknown>[], hasChanged: boolean): boolean {
  return task.options.until !== undefined
    || actions.some(action => action.kind === 'confirm' || (action.kind === 'check' && action.patience !== undefined) || (action.kind === 'command' && hasChanged));
}
