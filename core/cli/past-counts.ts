/** Counts of a run that wrote no recap. */
import type { HostCounts, TaskEvent } from '../report/events';

type Counts = { -readonly [K in keyof HostCounts]: number };

/** What its tasks came to on each host, as the recap would have said. */
export function countsOf(tasks: readonly TaskEvent[]): Readonly<Record<string, HostCounts>> {
  const hosts = new Map<string, Counts>();
  for (const { host, status, tolerated } of tasks) {
    const counts = hosts.get(host) ?? { ok: 0, changed: 0, skipped: 0, failed: 0, unreachable: 0, unknown: 0, ignored: 0 };
    counts[status === 'failed' && tolerated !== undefined ? 'ignored' : status] += 1;
    hosts.set(host, counts);
  }
  return Object.fromEntries(hosts);
}
