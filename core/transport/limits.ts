/** How long the transport waits for what, in milliseconds, and how much it takes; tests make some smaller. */
export interface Limits {
  /** Word to the guards so often. */
  readonly beatMs: number;
  /** A guard takes the controller for dead after so long without a word; it reckons in whole seconds, rounded up. */
  readonly silenceMs: number;
  /** SSH keep-alive; after three without an answer the link is down. */
  readonly keepaliveMs: number;
  /** A shell must say hello within this time. */
  readonly helloMs: number;
  /** How long closing waits for the host's side. */
  readonly closeMs: number;
  /** Between two tries to get a lock. */
  readonly lockRetryMs: number;
  /** A command that prints more than this on one stream is ended: the controller keeps it in memory. In bytes. */
  readonly maxOutput: number;
}

/** The usual limits. */
export const defaultLimits: Limits = {
  beatMs: 10_000,
  silenceMs: 45_000,
  keepaliveMs: 15_000,
  helloMs: 60_000,
  closeMs: 3_000,
  lockRetryMs: 1_000,
  maxOutput: 64 * 1024 * 1024,
};

/** Waits for a promise, at most so long; says whether it settled. */
export async function settled(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => { timer = setTimeout(() => resolve(false), ms); });
  const done = await Promise.race([promise.then(() => true, () => true), late]);
  clearTimeout(timer);
  return done;
}
