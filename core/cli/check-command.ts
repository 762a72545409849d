/** `runsheet check`: is this playbook fit to run? */
import type { PlaybookOptions } from './options';
import { playbookHelp } from './playbook-help';
import { prepare } from './prepare';
import { Timings } from './timings';

/** Checks types, inventory, playbook, variables and plan, and connects to nothing. @returns the exit code. @throws what is wrong */
export async function checkCommand(playbook: string | undefined, options: PlaybookOptions, help: string): Promise<number> {
  if (options.help) {
    process.stdout.write(playbook === undefined ? help : playbookHelp(playbook, help));
    return 0;
  }
  const timings = new Timings();
  const { plan, inventory } = await prepare(playbook, options, step => timings.mark(step));
  if (options.verbose) process.stderr.write(`${timings.text()}\n`);
  const tasks = plan.plays.reduce((count, play) => count + play.tasks.length, 0);
  process.stdout.write(`fine: ${count(plan.plays.length, 'play')}, ${count(tasks, 'task')}, on ${plan.hosts.length} of ${count(inventory.hosts.length, 'host')}\n`);
  return 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
