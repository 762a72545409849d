/** `runsheet run`: from the options to a finished run. */
import { becomePassword } from './become-password';
import { carryOut } from './carry-out';
import { hostLines, taskLines } from './listing';
import type { RunOptions } from './options';
import { playbookHelp } from './playbook-help';
import { prepare } from './prepare';
import { Timings } from './timings';

/** Runs a playbook. @returns the exit code of the run. @throws what is wrong before it begins */
export async function runCommand(playbook: string | undefined, options: RunOptions, help: string): Promise<number> {
  if (options.help) {
    process.stdout.write(playbook === undefined ? help : playbookHelp(playbook, help));
    return 0;
  }
  const timings = new Timings();
  timings.mark('options read');
  const prepared = await prepare(playbook, options, step => timings.mark(step));
  if (options.listHosts || options.listTasks) {
    const lines = [...(options.listHosts ? hostLines(prepared.plan) : []), ...(options.listTasks ? taskLines(prepared.plan) : [])];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  }
  return carryOut(prepared, { options, timings, password: await becomePassword(options) });
}
