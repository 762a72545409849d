/** Commands that succeed at last. */
import { isRunnerError } from '../../core/errors';
import { check, live, type Check, type Finding } from '../../core/module';
import type { CommandResult, Target } from '../../core/transport/connection';
import { callProblems, commandOf, nameOf, optionsOf, type Call } from '../command/call';
import { patienceOf, patienceProblems, type Patience } from './patience';
import { reasonOf } from './reason';

/** A single look may take this long even where the whole wait is shorter, in milliseconds. */
const SHORTEST = 3000;

export interface CommandParams extends Omit<Call, 'timeout' | 'secretOutput'>, Patience {
  /** What must be true of its result besides the exit code. */
  readonly until?: (result: CommandResult) => boolean;
}

const waiting = check<CommandParams, CommandResult>({
  name: 'wait.command',
  subject: nameOf,
  validate: params => [...callProblems(params), ...patienceProblems({ every: params.every })],
  inspect: params => live(on => look(on, params)),
  patience: patienceOf,
});

/**
 * Waits until a command ends with an exit code of `expect` (0), and `until` is true of its result. It is run again and again, so it must only look.
 *
 *     wait.command({ command: cmd`systemctl is-active ${unit}`, timeout: '30s' })
 */
export function command(params: CommandParams): Check<CommandResult> {
  return waiting(params);
}

async function look(on: Target, params: CommandParams): Promise<Finding<CommandResult>> {
  const { expect = [0], until } = params;
  const name = nameOf(params);
  try {
    const result = await on.run(commandOf(params), { ...optionsOf(params), expect: 'any', timeoutMs: Math.max(patienceOf(params).timeoutMs, SHORTEST) });
    if (expect !== 'any' && !expect.includes(result.code)) return { ok: false, reason: `${name} exited with code ${result.code}${lastLine(result)}` };
    return until === undefined || until(result) ? { ok: true, value: result } : { ok: false, reason: `${name} does not say yet what is waited for${lastLine(result)}` };
  } catch (error) {
    // Killed by a signal or its time limit: it may do better the next time.
    if (isRunnerError(error) && error.kind === 'command') return { ok: false, reason: reasonOf(on, error) };
    throw error;
  }
}

function lastLine({ stdout, stderr }: CommandResult): string {
  const line = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line}`;
}
