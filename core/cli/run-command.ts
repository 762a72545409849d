/** `runsheet run`: from the options to a finished run. */
import { existsSync } from 'node:fs';
import { UsageError } from '../errors';
import type { Host } from '../inventory/host';
import type { Plan } from '../run/job';
import { questionsOn, requireTerminal } from './ask';
import { becomePassword } from './become-password';
import type { Begun } from './begin';
import { EarlyTransport } from './early';
import { hostLines, taskLines } from './listing';
import type { RunOptions } from './options';
import { prepare, type Laid, type Prepared } from './prepare';
import { refuseTooWide } from './scope';
import type { Timings } from './timings';

/** Runs a playbook. @returns the exit code of the run. @throws what is wrong before it begins */
export async function runCommand(begun: Begun, options: RunOptions, timings: Timings): Promise<number> {
  timings.mark('runner loaded');
  const early: { transport?: EarlyTransport } = {};
  try {
    const password = options.askBecomePassword ? undefined : becomePassword(options);
    password?.catch(() => undefined);
    const prepared = await prepare(begun, options, step => timings.mark(step), laid => {
      if (isListing(options)) return;
      refuse(laid, options);
      if (password === undefined) return;
      early.transport = new EarlyTransport({ runId: laid.runId, options, password, watch: timings.meter });
      timings.mark('first connection begun');
      early.transport.begin(firstHosts(laid.plan, options.forks));
    });
    if (isListing(options)) return list(prepared, options);
    // While the hosts answer the rest of the runner is loaded.
    const { carryOut } = require('./carry-out') as typeof import('./carry-out');
    return await carryOut(prepared, { options, timings, password: await (password ?? becomePassword(options)), ...early });
  } catch (error) {
    await early.transport?.close();
    throw error;
  }
}

function isListing({ listHosts, listTasks }: RunOptions): boolean {
  return listHosts || listTasks;
}

function list({ plan }: Prepared, { listHosts, listTasks }: RunOptions): number {
  const lines = [...(listHosts ? hostLines(plan) : []), ...(listTasks ? taskLines(plan) : [])];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** @throws UsageError for what must not even be connected to */
function refuse(laid: Laid, options: RunOptions): void {
  if (options.step) requireTerminal(questionsOn(options));
  refuseTooWide(laid, options);
  if (options.privateKey !== undefined && !existsSync(options.privateKey)) throw new UsageError(`--private-key ${options.privateKey}: there is no such file`);
}

/** Those of the first play that has any, as many as are at work at the same time. */
function firstHosts({ plays }: Plan, forks: number): readonly Host[] {
  return plays.find(play => play.hosts.length > 0)?.hosts.slice(0, forks) ?? [];
}
