/** How one command ended, as the shell and the own channels report it. */
export interface Outcome {
  /** -1 when a signal or a time limit ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly ms: number;
  readonly signal?: string;
  readonly timedOut?: boolean;
  /** The caller's signal ended it. */
  readonly aborted?: boolean;
}

/** What a command is given, whatever channel it runs on. */
export interface Order {
  readonly text: string;
  readonly stdin?: Buffer;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Why a command is being killed. */
export type KillReason = 'timedOut' | 'aborted';

/** Calls `kill` when the time is up or the signal aborts; the function that it returns stops watching. */
export function watch(order: Order, kill: (reason: KillReason) => void): () => void {
  const timer = setTimeout(() => kill('timedOut'), order.timeoutMs);
  const abort = (): void => kill('aborted');
  order.signal?.addEventListener('abort', abort, { once: true });
  if (order.signal?.aborted === true) queueMicrotask(abort);
  return () => {
    clearTimeout(timer);
    order.signal?.removeEventListener('abort', abort);
  };
}
