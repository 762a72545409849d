import type { ErrorClass, Sample } from './host/protocol';

/** How requests of one class failed. */
export interface FailureSummary {
  readonly count: number;
  /** ISO 8601, when the first and the last of them were sent. */
  readonly first: string;
  readonly last: string;
  /** What they said, and how many of them. */
  readonly texts: Readonly<Record<string, number>>;
  /** How many there were on each host that had some. */
  readonly hosts: Readonly<Record<string, number>>;
}

/** What the clients of a lab saw. */
export interface ClientTotals {
  readonly sent: number;
  readonly failed: number;
  readonly reads: number;
  readonly writes: number;
  /** Writes that the API confirmed. */
  readonly acknowledged: number;
  /** Confirmed writes that could not be read back at the end, by key. */
  readonly lost: readonly string[];
  /** The longest time in which one host had failures and no success, in milliseconds. */
  readonly longestOutageMs: number;
  /** The longest time in which one host had no success at all, slow answers included, in milliseconds. */
  readonly longestGapMs: number;
  /** Half of all requests, and 99 of a hundred, were faster, in milliseconds. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly errors: Readonly<Partial<Record<ErrorClass, FailureSummary>>>;
  readonly perHost: Readonly<Record<string, { readonly sent: number; readonly failed: number }>>;
}

/**
 * Adds up what clients logged.
 * @param logs the samples of each host, in any order.
 * @param present the keys that were found at the end; undefined when nobody looked, then nothing counts as lost.
 */
export function totalsOf(logs: ReadonlyMap<string, readonly Sample[]>, present?: ReadonlySet<string>): ClientTotals {
  const all = [...logs.values()].flat();
  const failed = all.filter((sample) => !sample.ok);
  const writes = all.filter((sample) => sample.kind === 'write');
  const acknowledged = writes.filter((sample) => sample.ok).map((sample) => sample.key ?? '');
  const times = all.map((sample) => sample.ms).sort((a, b) => a - b);
  const perHost = [...logs].map(([host, samples]) => [host, { sent: samples.length, failed: samples.filter((sample) => !sample.ok).length }] as const);
  return {
    sent: all.length,
    failed: failed.length,
    reads: all.length - writes.length,
    writes: writes.length,
    acknowledged: acknowledged.length,
    lost: present === undefined ? [] : acknowledged.filter((key) => !present.has(key)),
    longestOutageMs: Math.max(0, ...[...logs.values()].map(longestOutage)),
    longestGapMs: Math.max(0, ...[...logs.values()].map(longestGap)),
    medianMs: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    errors: failureSummaries(logs),
    perHost: Object.fromEntries(perHost),
  };
}

/** From the first failed request after a success until the next success was answered; an outage may last to the end. */
function longestOutage(samples: readonly Sample[]): number {
  const ordered = [...samples].sort((a, b) => a.t - b.t);
  let longest = 0;
  let since: number | undefined;
  for (const { t, ms, ok } of ordered) {
    if (!ok) since ??= t;
    if (since !== undefined) longest = Math.max(longest, t + ms - since);
    if (ok) since = undefined;
  }
  return longest;
}

function longestGap(samples: readonly Sample[]): number {
  const answered = samples.filter((sample) => sample.ok).map((sample) => sample.t + sample.ms).sort((a, b) => a - b);
  return Math.max(0, ...answered.slice(1).map((time, i) => time - (answered[i] ?? time)));
}

function failureSummaries(logs: ReadonlyMap<string, readonly Sample[]>): Partial<Record<ErrorClass, FailureSummary>> {
  const failed = [...logs].flatMap(([host, samples]) => samples.filter((sample) => !sample.ok).map((sample) => ({ host, error: sample.error ?? 'connect', ...sample }))).sort((a, b) => a.t - b.t);
  return Object.fromEntries([...new Set(failed.map(({ error }) => error))].map((error) => {
    const samples = failed.filter((sample) => sample.error === error);
    const time = (t = 0): string => new Date(t).toISOString();
    const summary: FailureSummary = {
      count: samples.length, first: time(samples[0]?.t), last: time(samples.at(-1)?.t),
      texts: counted(samples.map(({ text = '' }) => text)), hosts: counted(samples.map(({ host }) => host)),
    };
    return [error, summary] as const;
  }));
}

/** Failed requests, one line for each kind. */
export function failureLines({ errors }: Pick<ClientTotals, 'errors'>): readonly string[] {
  return Object.entries(errors).map(([kind, { count, first, last, texts, hosts }]) =>
    `${count} requests failed (${kind}, sent from ${first} to ${last}; ${countsOf(hosts)}): ${countsOf(texts)}`);
}

/** Server errors may each be worded differently: three are enough to see what happened. */
function countsOf(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).map(([name, count]) => `${name} (${count})`);
  return [...words.slice(0, 3), ...(words.length > 3 ? [`${words.length - 3} others`] : [])].join(', ');
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
