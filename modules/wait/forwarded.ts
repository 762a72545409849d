/** Streams to an address as the host reaches it. */
import type { Duplex } from 'node:stream';
import { isRunnerError } from '../../core/errors';
import type { Target } from '../../core/transport/connection';
import { reasonOf } from './reason';

/**
 * A stream, or why nothing answers there. @throws what is no answer: the link to the host is gone, or it forwards nothing at all (which the error's
 * hint says)
 */
export async function forwarded(on: Target, address: string, port: number): Promise<Duplex | string> {
  try {
    return await on.forward(address, port);
  } catch (error) {
    // A refused stream comes as `check` once a command proved that the host is still there.
    if (isRunnerError(error) && error.kind === 'check' && error.hint === undefined) return reasonOf(on, error);
    throw error;
  }
}
