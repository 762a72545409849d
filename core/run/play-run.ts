/** One play: its hosts in batches, each through all steps and then the handlers. */
import type { Host } from '../inventory/host';
import { Notified, runHandlers } from './handlers';
import { tasksIn, type LaidPlay } from './layout';
import type { Run } from './state';
import { runSteps } from './steps';
import type { Failures, Frame } from './task-run';

/** Runs the play on the hosts that are left. With `serial`, a batch in which a host was lost is the last one: the rest stays as it is. */
export async function runPlay(run: Run, play: LaidPlay): Promise<void> {
  for (const { task } of tasksIn(play.steps)) run.values.expect(task, play.hosts);
  if (play.hosts.length === 0) return;
  const hosts = run.left(play.hosts);
  if (hosts.length === 0) {
    run.skipped.push(play.play.name);
    return;
  }
  tellSkipped(run);
  run.events.emit({ type: 'play', play: play.id, name: play.play.name, hosts: hosts.map(host => host.name) });
  for (const [index, batch] of play.batches.entries()) {
    const started = run.left(batch);
    if (started.length > 0) await runBatch(run, play, started);
    if (run.ends(false)) return;
    if (run.left(started).length < started.length) {
      holdBack(run, play, play.batches.slice(index + 1).flat());
      return;
    }
  }
}

/** Plays that no host was left for, told in one line before the next one that has some, and at the end. */
export function tellSkipped(run: Run): void {
  const names = run.skipped.splice(0);
  const [first] = names;
  if (first === undefined) return;
  run.events.notice('warning', names.length === 1
    ? `the play "${first}" is skipped: none of its hosts is left`
    : `${names.length} plays, from "${first}" to "${names.at(-1) ?? first}", are skipped: none of their hosts is left`);
}

async function runBatch(run: Run, play: LaidPlay, hosts: readonly Host[]): Promise<void> {
  const frame: Frame = { run, play, notified: new Notified(), rescued: false, cleanUp: false };
  leave(run, await runSteps(frame, play.steps, hosts));
  leave(run, await runHandlers(frame));
}

function leave(run: Run, failures: Failures): void {
  for (const [host, name] of failures) run.failed.set(host, `it failed at "${name}"${afterColon(run.lastFailure.get(host))}`);
}

function afterColon(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}

function holdBack(run: Run, { play }: LaidPlay, waiting: readonly Host[]): void {
  const hosts = run.left(waiting);
  if (hosts.length === 0) return;
  for (const host of hosts) run.heldBack.set(host, `it was held back, since an earlier batch of "${play.name}" failed`);
  run.events.notice('warning', `"${play.name}" stops here, since a host of this batch failed: not started on ${hosts.map(host => host.name).join(', ')}`);
}
