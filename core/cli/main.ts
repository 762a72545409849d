/** The command line's beginning and end: reads the arguments, runs the command, sets the exit code. */
import { CommanderError } from 'commander';
import { describeError, isRunnerError } from '../errors';
import { begin } from './begin';
import { makeProgram, type Commands } from './program';
import { recapFor } from './recap';
import { Timings } from './timings';

/**
 * Runs the command line and sets `process.exitCode`: 0 fine, 1 usage or playbook, 2 a task failed, 3 the plan no longer fits, 4 only unreachable hosts,
 * 130 interrupted.
 * It never throws; what is wrong is one message on standard error.
 * @param argv the arguments, without node and script
 */
export async function main(argv: readonly string[]): Promise<void> {
  // What ends by itself before its end was no success.
  process.exitCode = 1;
  // Whoever reads may stop reading; a run notices it and stops (Output).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const program = makeProgram(commands, exit => { process.exitCode = exit; });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, argv);
  }
}

/** Each command is loaded when it is called: the type check is at work by then. */
const commands: Commands = {
  async run(playbook, options, help) {
    if (options.help) return printHelp(playbook, help);
    const timings = timingsFrom('options read', options.timings);
    const begun = begin(playbook, options.inventory);
    const { runCommand } = require('./run-command') as typeof import('./run-command');
    return runCommand(begun, options, timings);
  },
  async check(playbook, options, help) {
    if (options.help) return printHelp(playbook, help);
    const timings = timingsFrom('options read');
    const begun = begin(playbook, options.inventory);
    const { checkCommand } = require('./check-command') as typeof import('./check-command');
    return checkCommand(begun, options, timings);
  },
  async plan(playbook, options, help) {
    if (options.help) return printHelp(playbook, help);
    const timings = timingsFrom('options read', options.timings);
    const begun = begin(playbook, options.inventory);
    const { planCommand } = require('./plan-command') as typeof import('./plan-command');
    return planCommand(begun, options, timings);
  },
  apply(plan, options) {
    const { applyCommand } = require('./apply-command') as typeof import('./apply-command');
    return applyCommand(plan, options, timingsFrom('options read', options.timings));
  },
  resume(run, options) {
    const { resumeCommand } = require('./resume-command') as typeof import('./resume-command');
    return resumeCommand(run, options, timingsFrom('options read', options.timings));
  },
  rollback(run, options) {
    const { rollbackCommand } = require('./rollback-command') as typeof import('./rollback-command');
    return rollbackCommand(run, options, timingsFrom('options read', options.timings));
  },
  runs(options) {
    const { runsCommand } = require('./runs-command') as typeof import('./runs-command');
    return Promise.resolve(runsCommand(options));
  },
  async show(what, options) {
    const { showCommand } = require('./show-command') as typeof import('./show-command');
    return Promise.resolve(showCommand(what, options));
  },
  owed(pattern, options) {
    const { owedCommand } = require('./owed-command') as typeof import('./owed-command');
    return owedCommand(pattern, options);
  },
  inventory(pattern, host, options) {
    const { inventoryCommand, inventoryHostCommand } = require('./inventory-command') as typeof import('./inventory-command');
    return host === undefined ? inventoryCommand(pattern, options) : inventoryHostCommand(pattern, host, options);
  },
};

function printHelp(playbook: string | undefined, help: string): number {
  const { playbookHelp } = require('./playbook-help') as typeof import('./playbook-help');
  process.stdout.write(playbook === undefined ? help : playbookHelp(playbook, help));
  return 0;
}

function timingsFrom(first: string, isMeasured = false): Timings {
  const timings = new Timings(isMeasured);
  timings.mark(first);
  return timings;
}

/** Says what is wrong. @returns the exit code */
function report(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const text = error instanceof CommanderError ? error.message : describeError(error);
  const exit = exitOf(error);
  // What commander found wrong it has printed itself.
  if (!(error instanceof CommanderError)) process.stderr.write(`${text}\n`);
  // Whoever reads the events gets a last one on every way out.
  if (['run', 'plan', 'apply', 'resume', 'rollback'].includes(argv[0] ?? '') && argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(recapFor({ runId: '', exit, check: argv.includes('--check'), stopped: text }))}\n`);
  }
  return exit;
}

function exitOf(error: unknown): number {
  if (!isRunnerError(error)) return 1;
  return error.kind === 'interrupted' ? 130 : error.kind === 'plan' ? 3 : 1;
}
