/** What must be settled with the user and with other runs before a task changes a host. */
import { describeError, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import type { Action } from '../module';
import { unlessAborted } from './abort';
import { changesSomething, costOf, type HostTask } from './host-work';
import { waitFor } from './meter';
import type { Run } from './state';

/** Asks what is to be asked and takes the lock of the host where it is to happen. @returns why the task, and with it the run, goes no further */
export async function refusalOf(job: HostTask, place: Host, actions: readonly Action<unknown>[]): Promise<string | undefined> {
  const { run } = job;
  const { signal } = run;
  if (run.check) return undefined;
  try {
    for (const action of actions) {
      if (action.kind !== 'confirm') continue;
      if (!await unlessAborted(signal, () => run.ask(action.text))) throw new RefusedError(`not confirmed: ${action.text}`);
      run.isConfirmed = true;
      // Whatever was seen before is as old as the answer took.
      run.ahead.forgetAll();
    }
    if (actions.some(changesSomething)) await waitFor(unlessAborted(signal, () => run.locks.ensureOn(place)), costOf(job));
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    const text = describeError(error);
    run.stop({ kind: 'refused', text });
    return text;
  }
}

/** Right before a change: all locks are held. @throws RefusedError, and the run is stopped */
export async function requireLocks(run: Run): Promise<void> {
  try {
    await unlessAborted(run.signal, () => run.locks.ensure());
  } catch (error) {
    if (!run.signal.aborted) run.stop({ kind: 'refused', text: describeError(error) });
    throw error;
  }
}

/** Right before something is destroyed the user is asked, once for all hosts of the task; not where a `confirm` of this run was agreed to. @throws RefusedError */
export async function agreeToDestroy(actions: readonly Action<unknown>[], { run, step, among }: HostTask): Promise<void> {
  const destroying = actions.filter(action => action.effect === 'destroy');
  if (destroying.length === 0 || run.isConfirmed) return;
  const what = [...new Set(destroying.map(action => action.module))].join(', ');
  try {
    const question = `"${step.name}" destroys what cannot be put back (${what}) on ${among.map(host => host.name).join(', ')}. Go on?`;
    if (!await unlessAborted(run.signal, () => run.ask(question))) throw new RefusedError(`not confirmed: ${question}`);
  } catch (error) {
    if (!run.signal.aborted) run.stop({ kind: 'refused', text: describeError(error) });
    throw error;
  }
}
