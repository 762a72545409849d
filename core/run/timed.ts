/** Work under a time limit that a cancel ends too. */
import { setMaxListeners } from 'node:events';
import { spoken } from '../duration';
import { isRunnerError, RunnerError } from '../errors';
import { reasonOf } from './abort';

/** How long killed work may take to notice, in milliseconds; its calls to the host are refused meanwhile. */
const GRACE_MS = 3000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The task's time limit is over. */
export class TimeUpError extends RunnerError {
  constructor(limitMs: number) {
    super('check', `the time limit of ${spoken(limitMs)} for this task was reached and its commands were killed`,
      'Give the task more with timeout: \'...\', or all of them with --timeout');
  }
}

/** How long, and who may end it. */
export interface Limits {
  readonly limitMs: number;
  /** Controllers of all work; aborted from outside with an InterruptedError on a cancel. */
  readonly atWork: Set<AbortController>;
}

/**
 * Does the work with a signal and its deadline (on the clock of `performance.now()`). Once the signal is aborted the work has three seconds to end.
 * @throws what the work throws; the signal's reason when it does not end
 */
export async function timed<T>({ limitMs, atWork }: Limits, work: (signal: AbortSignal, deadline: number) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  atWork.add(controller);
  // A module may have many commands at work at the same time.
  setMaxListeners(0, signal);
  const timers = [setTimeout(() => controller.abort(new TimeUpError(limitMs)), Math.min(limitMs, LONGEST_TIMER_MS))];
  const overdue = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      timers.push(setTimeout(() => reject(reasonOf(signal)), GRACE_MS));
    }, { once: true });
  });
  try {
    return await Promise.race([work(signal, performance.now() + limitMs), overdue]);
  } catch (error) {
    throw signal.aborted ? whyEnded(signal, error) : error;
  } finally {
    timers.forEach(clearTimeout);
    atWork.delete(controller);
  }
}

/** The time limit or the cancel, and which command it met. */
function whyEnded(signal: AbortSignal, error: unknown): Error {
  const reason = reasonOf(signal);
  if (reason instanceof TimeUpError && isRunnerError(error) && error.kind === 'command') {
    return new RunnerError('command', `${reason.message}: ${error.message}`, reason.hint, { cause: error });
  }
  return reason;
}
