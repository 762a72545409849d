/** The command line's beginning and end: reads the arguments, runs the command, sets the exit code. */
import { CommanderError } from 'commander';
import { describeError } from '../errors';
import { checkCommand } from './check-command';
import { inventoryCommand } from './inventory-command';
import { makeProgram } from './program';
import { recapFor } from './recap';
import { runCommand } from './run-command';

/**
 * Runs the command line and sets `process.exitCode`: 0 fine, 1 usage or playbook, 2 a task failed, 4 only unreachable hosts, 130 interrupted.
 * It never throws; what is wrong is one message on standard error.
 * @param argv the arguments, without node and script
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = makeProgram({ run: runCommand, check: checkCommand, inventory: inventoryCommand }, exit => { process.exitCode = exit; });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, argv);
  }
}

/** Says what is wrong. @returns the exit code */
function report(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const text = error instanceof CommanderError ? error.message : describeError(error);
  // What commander found wrong it has printed itself.
  if (!(error instanceof CommanderError)) process.stderr.write(`${text}\n`);
  // Whoever reads the events gets a last one on every way out.
  if (argv[0] === 'run' && argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(recapFor({ runId: '', exit: 1, check: argv.includes('--check'), stopped: text }))}\n`);
  }
  return 1;
}
