/** `runsheet check`: is this playbook fit to run? */
import type { Plan } from '../run/job';
import type { Begun } from './begin';
import type { PlaybookOptions } from './options';
import { prepare } from './prepare';
import type { Timings } from './timings';

/** Checks types, inventory, playbook, variables and plan, and connects to nothing. @returns the exit code. @throws what is wrong */
export async function checkCommand(begun: Begun, options: PlaybookOptions, timings: Timings): Promise<number> {
  timings.mark('runner loaded');
  const { plan, inventory } = await prepare(begun, options, step => timings.mark(step));
  if (options.verbose) process.stderr.write(`${timings.text()}\n`);
  process.stdout.write(`${summary(plan, inventory.hosts.length, options.limit).join('\n')}\n`);
  return 0;
}

/** Plays without a host are named. A pattern that matches none was refused before: what is left is an empty list, or what `--limit` leaves. */
function summary({ plays, hosts }: Plan, known: number, limit: string | undefined): readonly string[] {
  const tasks = plays.reduce((sum, play) => sum + play.tasks.length, 0);
  const size = `${count(plays.length, 'play')}, ${count(tasks, 'task')}`;
  const first = hosts.length === 0 ? `fine, but no host would be touched: ${size}, on none of ${count(known, 'host')}` : `fine: ${size}, on ${hosts.length} of ${count(known, 'host')}`;
  const why = (named: string): string => (named === '' ? 'its list of hosts is empty' : `--limit ${limit ?? 'all'} leaves none of ${named}`);
  return [first, ...plays.filter(play => play.hosts.length === 0).map(({ name, named }) => `the play "${name}" is for no host: ${why(named)}`)];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
