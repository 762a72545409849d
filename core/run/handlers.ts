/**
 * Handlers: what a change calls for at the end of the play or at a flush, once for each host.
 *
 * They run also on hosts that failed in a later task, since the change that calls for them is made. They do not run on hosts that cannot be
 * reached, and not after the run was ended for all (cancelled, refused, a fatal failure): then they are named as owed, and stay written down on the
 * host for the next run.
 */
import type { Host } from '../inventory/host';
import type { Handler } from '../task';
import type { LaidHandler } from './layout';
import { mapLimited } from './pool';
import { runTask, type Failures, type Frame } from './task-run';

/** Who notified what in one batch. */
export class Notified {
  readonly #by = new Map<Handler, Map<Host, boolean>>();

  /** @param surely false in check mode where the task's outcome is unknown */
  add(handlers: readonly Handler[], host: Host, surely: boolean): void {
    for (const handler of handlers) {
      const hosts = this.#by.get(handler) ?? new Map<Host, boolean>();
      this.#by.set(handler, hosts.set(host, surely || hosts.get(host) === true));
    }
  }

  /** The hosts of a batch that it is owed on; true where that is sure. They are taken: whoever asks next gets none of them. */
  take(handler: Handler, batch: readonly Host[]): ReadonlyMap<Host, boolean> {
    const hosts = this.#by.get(handler);
    const taken = new Map<Host, boolean>();
    for (const host of batch) {
      const surely = hosts?.get(host);
      if (surely !== undefined) taken.set(host, surely);
      hosts?.delete(host);
    }
    return taken;
  }
}

/**
 * Runs what was notified on the hosts of a batch, by this run or an earlier one that owes it, in the order of definition.
 * @returns the hosts on which a handler failed; those run no further handler
 */
export async function runHandlers(frame: Frame, batch: readonly Host[]): Promise<Failures> {
  const { run, play, notified } = frame;
  const failed = new Map<Host, string>();
  await recall(frame, batch);
  for (const laid of play.handlers) {
    const owed = notified.take(laid.handler, batch);
    const waiting = [...owed.keys()];
    const able = (host: Host): boolean => run.isSelected(laid.step) && !run.ends(false) && !run.unreachable.has(host) && !failed.has(host);
    const hosts = waiting.filter(able);
    const taken = new Set(hosts);
    warn(frame, laid, waiting.filter(host => !taken.has(host)));
    const doubtful = new Set(hosts.filter(host => owed.get(host) !== true));
    for (const [host, name] of await runOne(frame, laid, { hosts, doubtful })) failed.set(host, name);
  }
  return failed;
}

/** One handler on its hosts: side by side, or with `rolling` one after the other until one is lost. */
async function runOne(frame: Frame, laid: LaidHandler, { hosts, doubtful }: { readonly hosts: readonly Host[]; readonly doubtful: ReadonlySet<Host> }): Promise<Failures> {
  const { run } = frame;
  const failed = new Map<Host, string>();
  const portions = laid.handler.rolling ? hosts.map(host => [host]) : [hosts].filter(all => all.length > 0);
  for (const [index, portion] of portions.entries()) {
    for (const [host, name] of await runTask(frame, laid.step, portion, doubtful)) failed.set(host, name);
    const fine = portion.filter(host => !failed.has(host) && !run.unreachable.has(host));
    if (!run.check && !run.signal.aborted) await Promise.all(fine.map(host => run.owed.done(host, laid.handler)));
    if (laid.handler.rolling && fine.length === 0) {
      warn(frame, laid, portions.slice(index + 1).flat());
      break;
    }
  }
  return failed;
}

/** Adds what earlier runs owe these hosts. */
async function recall({ run, play, notified }: Frame, batch: readonly Host[]): Promise<void> {
  const handlers = play.handlers.filter(({ step }) => run.isSelected(step)).map(({ handler }) => handler);
  if (handlers.length === 0 || run.ends(false)) return;
  await mapLimited(batch.filter(host => !run.unreachable.has(host)), run.job.settings.forks, async host => {
    const owed = await run.owed.earlier(host);
    notified.add(handlers.filter(handler => owed.has(handler.name)), host, true);
  });
}

function warn({ run }: Frame, { handler }: LaidHandler, hosts: readonly Host[]): void {
  if (hosts.length === 0 || run.check) return;
  const names = hosts.map(host => host.name).join(', ');
  run.events.notice('warning', `the handler "${handler.name}" was notified but not run on ${names}; what it does is still owed there`);
}
