/** How one command ended, and what it was given, whatever channel it ran on. */
import { onAbort } from './abort';

/** Why a command was killed: its time was up, its caller's signal was aborted, or it printed without end. */
export type KillReason = 'timedOut' | 'aborted' | 'flooded';

/** How a command ended. */
export interface Outcome {
  /** -1 when a signal or one of us ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Wall time in milliseconds. */
  readonly ms: number;
  /** How long it took on the host, where that was measured, in milliseconds; its clock goes by hundredths of a second. */
  readonly hostMs?: number;
  readonly signal?: string;
  readonly killed?: KillReason;
}

/** A command for the shell or an own channel. */
export interface Order {
  readonly text: string;
  readonly stdin?: Buffer;
  /** See RunOptions. */
  readonly inputAsVariable?: boolean;
  /** See LookOptions. */
  readonly staysInside?: boolean;
  /** Is the host to say how long it took? */
  readonly isTimed?: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Calls `kill` when the time is up or the signal aborts; the function that it returns stops watching. */
export function watch(order: Order, kill: (reason: KillReason) => void): () => void {
  // A longer delay would overflow the timer and fire at once.
  const timer = setTimeout(() => kill('timedOut'), Math.min(order.timeoutMs, 2 ** 31 - 1));
  const stopListening = order.signal === undefined ? undefined : onAbort(order.signal, () => kill('aborted'));
  return () => {
    clearTimeout(timer);
    stopListening?.();
  };
}
