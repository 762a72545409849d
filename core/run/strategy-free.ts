/** The strategy `free`: each host goes through tasks and handlers at its own pace. */
import type { Host } from '../inventory/host';
import { mapLimited } from './pool';
import { runPart, tooManyLost, type Stage } from './stage';
import { runLinear } from './strategy-linear';

/**
 * Takes a batch through the play, as many hosts side by side as there are forks.
 *
 * Check mode goes task by task all the same: nothing takes its time there, and what "was planned before" must not depend on which host was faster.
 * @returns why no other batch may start
 */
export async function runFree(stage: Stage, hosts: readonly Host[]): Promise<string | undefined> {
  const { run, play } = stage;
  if (run.check) return await runLinear(stage, hosts);
  await mapLimited(hosts, run.job.settings.forks, async host => {
    if (!run.ends(false)) await runPart(stage, play.steps, [host]);
  });
  return tooManyLost(stage, hosts);
}
