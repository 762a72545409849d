/** How long a wait may take. */
import { parseDuration, type Duration } from '../../core/duration';

export interface Patience {
  /** How long it may take to become true. Default 5m. */
  readonly timeout?: Duration;
  /** The pause between two looks. Default 1s. */
  readonly every?: Duration;
}

const DEFAULT = { timeout: '5m', every: '1s' } as const;

/** In milliseconds; what is no duration is zero here and told by `patienceProblems`. */
export function patienceOf({ timeout = DEFAULT.timeout, every = DEFAULT.every }: Patience): { timeoutMs: number; everyMs: number } {
  return { timeoutMs: parseDuration(timeout) ?? 0, everyMs: parseDuration(every) ?? 0 };
}

/** What is wrong with it, each a sentence. */
export function patienceProblems({ timeout, every }: { readonly [K in keyof Patience]: Patience[K] | undefined }): string[] {
  return Object.entries({ timeout, every })
    .filter(([, given]) => given !== undefined && parseDuration(given) === undefined)
    .map(([name, given]) => `\`${name}\` "${given ?? ''}" is no duration; write 500ms, 30s, 10m, 2h`);
}
