/** A length of time with its unit, `'500ms'`, `'30s'`, `'10m'`, `'2h'`: a bare number would leave the reader guessing. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h'}`;

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a duration. @throws RangeError when the text is none, or negative. */
export function milliseconds(duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === undefined) throw new RangeError(`"${duration}" is not a duration; write a number with its unit, as in 500ms, 30s, 10m, 2h`);
  return ms;
}

/** A length of time for people, `250 ms` or `30 s`. */
export function spoken(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}

/** Milliseconds of a text that a user typed; `undefined` when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/**
 * Does something that ends, by its signal, after a time in milliseconds or when another signal is aborted.
 * `AbortSignal.any([signal, AbortSignal.timeout(ms)])` would not do: Node 20 may collect such a signal before it fires, and what waits for it waits
 * for ever (nodejs/node#57736).
 */
export async function within<T>(ms: number, signal: AbortSignal, work: (limited: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${ms / 1000} s`)), ms);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
