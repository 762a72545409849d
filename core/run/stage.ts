/** What all strategies have in common: a list of steps on some hosts, then the handlers that it notified. */
import type { Host } from '../inventory/host';
import { Notified, runHandlers } from './handlers';
import type { LaidPlay, LaidStep } from './layout';
import type { Run } from './state';
import { runSteps } from './steps';
import type { Tally } from './tally';
import type { Failures, Frame } from './task-run';

/** One batch of a play at work. */
export interface Stage {
  readonly run: Run;
  readonly play: LaidPlay;
  readonly tally: Tally;
  /** All hosts that were there when the play began. */
  readonly entered: readonly Host[];
}

/** Takes the hosts of a batch through the play. @returns why no other batch may start */
export type Strategy = (stage: Stage, hosts: readonly Host[]) => Promise<string | undefined>;

/** Runs the steps on the hosts and the handlers after them; whoever fails leaves the run. */
export async function runPart({ run, play, tally }: Stage, steps: readonly LaidStep[], hosts: readonly Host[]): Promise<void> {
  const frame: Frame = { run, play, tally, notified: new Notified(), rescued: false, cleanUp: false };
  leave(run, await runSteps(frame, steps, hosts));
  leave(run, await runHandlers(frame, hosts));
}

/** Whether the batch lost so much that it is the last one: any host, unless the play says how many. */
export function tooManyLost({ run, tally }: Stage, hosts: readonly Host[]): string | undefined {
  const lost = hosts.length - run.left(hosts).length;
  if (tally.maxPercent === undefined) return lost > 0 ? 'a host of this batch failed' : undefined;
  return tally.isFull ? `${tally.lost} of ${tally.size} hosts of this batch failed and maxFailPercent is ${tally.maxPercent}` : undefined;
}

function leave(run: Run, failures: Failures): void {
  for (const [host, name] of failures) run.failed.set(host, `it failed at "${name}"${afterColon(run.lastFailure.get(host))}`);
}

function afterColon(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}
