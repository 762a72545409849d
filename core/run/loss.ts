/** Tells the loss of a host from a service on it that does not answer. */
import { RunnerError } from '../errors';
import { raw } from '../transport/command';
import type { Target } from '../transport/connection';
import { isLossOf } from './links';

const PROBE_MS = 10_000;

/**
 * The error as it is to be taken: one that speaks of the host's connection, while a command there still gets an answer, is a failure of the task and
 * not the loss of the host. A refused stream is such a one, or a service that cannot be reached from there.
 */
export async function judged(error: unknown, on: Target): Promise<unknown> {
  if (!isLossOf(on.host, error)) return error;
  try {
    await on.run(raw(':'), { timeoutMs: PROBE_MS });
  } catch {
    return error;
  }
  return new RunnerError('check', error.message, error.hint, { cause: error });
}
