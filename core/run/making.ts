/** The making of a change: what was seen before it is forgotten, and the looks that come after it are sent right behind it. */
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import type { OpenConnection } from '../transport/connection';
import { waits, type HostTask } from './host-work';
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
  const { run: { ahead }, host, step: { task } } = job;
  // A task that runs once does so for all hosts of its play.
  const isForAll = action.reach === 'cluster' || task.options.runOnce === true;
  const forget = (but?: string): void => {
    if (isForAll) ahead.forgetAll();
    ahead.forget(place, but);
    if (place !== host) ahead.forget(host);
  };
  // What a command sets off may go on behind it: only its own proof says when that is over.
  const isOver = place === host && !isForAll && action.kind === 'resource';
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

/** Behind a task that waited, or did what goes on behind it, nothing is as it was seen: on its host, where it was done, and on all hosts where it was done for all. */
export function outdate({ run: { ahead }, step: { task }, host }: HostTask, place: Host, { actions, hasChanged }: { readonly actions: readonly Action<unknown>[]; readonly hasChanged: boolean }): void {
  if (!waits(task, actions) && !(hasChanged && actions.some(action => action.kind === 'command'))) return;
  if (task.options.runOnce === true) ahead.forgetAll();
  else for (const each of new Set([place, host])) if (hasChanged) ahead.forget(each); else ahead.expire(each);
}
