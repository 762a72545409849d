/** `runsheet check`: is this playbook fit to run? */
import type { Begun } from './begin';
import type { PlaybookOptions } from './options';
import { prepare } from './prepare';
import type { Timings } from './timings';

/** Checks types, inventory, playbook, variables and plan, and connects to nothing. @returns the exit code. @throws what is wrong */
export async function checkCommand(begun: Begun, options: PlaybookOptions, timings: Timings): Promise<number> {
  timings.mark('runner loaded');
  const { plan, inventory } = await prepare(begun, options, step => timings.mark(step));
  if (options.verbose) process.stderr.write(`${timings.text()}\n`);
  const tasks = plan.plays.reduce((sum, play) => sum + play.tasks.length, 0);
  process.stdout.write(`fine: ${count(plan.plays.length, 'play')}, ${count(tasks, 'task')}, on ${plan.hosts.length} of ${count(inventory.hosts.length, 'host')}\n`);
  return 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
