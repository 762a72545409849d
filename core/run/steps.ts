/** Steps in order on a batch of hosts, and blocks with their `rescue` and `always`. */
import type { Host } from '../inventory/host';
import { runHandlers } from './handlers';
import { tasksIn, type LaidBlock, type LaidStep } from './layout';
import { runTask, type Failures, type Frame } from './task-run';

/** Runs them, each on all hosts before the next one; a host that fails or is lost takes no part in the rest. */
export async function runSteps(frame: Frame, steps: readonly LaidStep[], hosts: readonly Host[]): Promise<Failures> {
  const { run } = frame;
  const failed = new Map<Host, string>();
  for (const step of steps) {
    if (run.ends(frame.cleanUp)) break;
    const active = hosts.filter(host => !failed.has(host) && !run.unreachable.has(host));
    if (active.length === 0) break;
    if (step.kind === 'task' && !run.isSelected(step)) continue;
    if (frame.tally.isFull && !frame.cleanUp) {
      frame.tally.cut(active);
      break;
    }
    const more = await runStep(frame, step, active);
    for (const [host, name] of more) failed.set(host, name);
  }
  return failed;
}

async function runStep(frame: Frame, step: LaidStep, hosts: readonly Host[]): Promise<Failures> {
  switch (step.kind) {
    case 'task': return await runTask(frame, step, hosts);
    case 'block': return await runBlock(frame, step, hosts);
    case 'flush': return await runHandlers(frame, hosts);
    default: return step satisfies never;
  }
}

async function runBlock(frame: Frame, block: LaidBlock, hosts: readonly Host[]): Promise<Failures> {
  const { run } = frame;
  const hasRescue = tasksIn(block.rescue).some(task => run.isSelected(task));
  const broken = await runSteps({ ...frame, rescued: frame.rescued || hasRescue }, block.tasks, hosts);
  const failed = new Map(hasRescue ? await rescue(frame, block, broken) : broken);
  // Who entered the block leaves it through here, whatever happened; only a cancel starts nothing any more.
  for (const [host, name] of await runSteps({ ...frame, cleanUp: true }, block.always, hosts)) failed.set(host, name);
  return failed;
}

/** @returns those that could not be rescued */
async function rescue(frame: Frame, block: LaidBlock, broken: Failures): Promise<Failures> {
  const failed = await runSteps({ ...frame, cleanUp: true }, block.rescue, [...broken.keys()]);
  return frame.run.ends(true) ? broken : failed;
}
