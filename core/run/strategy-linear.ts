/** The strategy `linear`: each task on all hosts of the batch before the next one. */
import type { Host } from '../inventory/host';
import { runPart, tooManyLost, type Stage } from './stage';

/** Takes a batch through the play. @returns why no other batch may start */
export async function runLinear(stage: Stage, hosts: readonly Host[]): Promise<string | undefined> {
  await runPart(stage, stage.play.steps, hosts);
  return tooManyLost(stage, hosts);
}
