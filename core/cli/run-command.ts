/** `runsheet run`: from the options to a finished run. */
import { existsSync } from 'node:fs';
import { UsageError } from '../errors';
import { requireTerminal } from './ask';
import type { Begun } from './begin';
import { becomePassword } from './become-password';
import { carryOut, questionsOn } from './carry-out';
import { hostLines, taskLines } from './listing';
import type { RunOptions } from './options';
import { prepare } from './prepare';
import { refuseTooWide } from './scope';
import type { Timings } from './timings';

/** Runs a playbook. @returns the exit code of the run. @throws what is wrong before it begins */
export async function runCommand(begun: Begun, options: RunOptions, timings: Timings): Promise<number> {
  timings.mark('runner loaded');
  const prepared = await prepare(begun, options, step => timings.mark(step));
  if (options.listHosts || options.listTasks) {
    const lines = [...(options.listHosts ? hostLines(prepared.plan) : []), ...(options.listTasks ? taskLines(prepared.plan) : [])];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  }
  if (options.step) requireTerminal(questionsOn(options));
  refuseTooWide(prepared, options);
  if (options.privateKey !== undefined && !existsSync(options.privateKey)) throw new UsageError(`--private-key ${options.privateKey}: there is no such file`);
  return carryOut(prepared, { options, timings, password: await becomePassword(options) });
}
