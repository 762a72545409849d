/** One play: its hosts in batches, each taken through it by the play's strategy. */
import type { Host } from '../inventory/host';
import { tasksIn, type LaidPlay } from './layout';
import type { Stage, Strategy } from './stage';
import type { Run } from './state';
import { runFree } from './strategy-free';
import { runLinear } from './strategy-linear';
import { runRolling } from './strategy-rolling';
import { Tally } from './tally';

const STRATEGIES: Readonly<Record<LaidPlay['strategy'], Strategy>> = { linear: runLinear, free: runFree, rolling: runRolling };

/** Runs the play on the hosts that are left. Where a batch lost too many hosts, the rest stays as it is and takes no part in later plays. */
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
    if (started.length === 0) continue;
    const stage: Stage = { run, play, tally: new Tally(started.length, play.play.maxFailPercent), entered: hosts };
    const stops = await STRATEGIES[play.strategy](stage, started);
    if (run.ends(false)) return;
    if (stops !== undefined) {
      holdBack(stage, stops, play.batches.slice(index + 1).flat());
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

function holdBack({ run, play: { play }, tally }: Stage, why: string, waiting: readonly Host[]): void {
  const unfinished = run.left(tally.unfinished);
  const notStarted = run.left(waiting);
  for (const host of unfinished) run.heldBack.set(host, `it was stopped in the middle of "${play.name}", since too many other hosts failed`);
  for (const host of notStarted) run.heldBack.set(host, `it was held back, since an earlier batch of "${play.name}" failed`);
  const told = [['not finished', unfinished], ['not started', notStarted]] as const;
  const parts = told.filter(([, hosts]) => hosts.length > 0).map(([how, hosts]) => `${how} on ${hosts.map(host => host.name).join(', ')}`);
  if (parts.length > 0) run.events.notice('warning', `"${play.name}" stops here, since ${why}: ${parts.join('; ')}`);
}
