/** The end of a run in a few lines: hosts with equal counts share a line. */
import type { HostCounts, RecapEvent } from './events';
import { hostList } from './format';
import type { Paint } from './paint';

const COLUMNS = ['ok', 'changed', 'skipped', 'failed', 'unreachable', 'unknown', 'ignored'] as const satisfies readonly (keyof HostCounts)[];
const MAX_LINES = 20;

/** Lines of the recap. */
export function recapLines(recap: RecapEvent, paint: Paint): string[] {
  const table = rowsOf(recap).map(([hosts, counts]) => `  ${hosts}  ${countCells(counts, paint)}`);
  return [
    '',
    paint.bold(recap.check ? 'RECAP (check mode: nothing was changed)' : 'RECAP') + paint.dim(`  ${seconds(recap.ms)} s`),
    ...table,
    ...plannedLines(recap, paint),
    ...(recap.stopped === undefined ? [] : recap.stopped.split('\n').map((line, i) => (i === 0 ? paint.failed(`Stopped: ${line}`) : `  ${line}`))),
  ];
}

function rowsOf(recap: RecapEvent): (readonly [string, HostCounts])[] {
  const hosts = Object.entries(recap.hosts);
  const width = Math.max(0, ...hosts.map(([host]) => host.length));
  if (hosts.length <= MAX_LINES) return hosts.map(([host, counts]) => [host.padEnd(width), counts]);
  const groups = new Map<string, { names: string[]; counts: HostCounts }>();
  for (const [host, counts] of hosts) {
    const key = JSON.stringify(counts);
    const group = groups.get(key) ?? { names: [], counts };
    group.names.push(host);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ names, counts }) => [`${names.length} hosts (${hostList(names)})`, counts]);
}

function countCells(counts: HostCounts, paint: Paint): string {
  const painted = { ok: paint.ok, changed: paint.changed, skipped: paint.skipped, failed: paint.failed, unreachable: paint.unreachable, unknown: paint.unknown, ignored: paint.dim };
  return COLUMNS.filter(column => column === 'ok' || column === 'changed' || column === 'failed' || counts[column] > 0)
    .map(column => (counts[column] > 0 ? painted[column] : paint.dim)(`${column}=${counts[column]}`))
    .join('  ');
}

function plannedLines(recap: RecapEvent, paint: Paint): string[] {
  if (recap.planned === undefined) return [];
  const { exact, total, unknown } = recap.planned;
  const head = `planned exactly: ${exact} of ${total} tasks`;
  return unknown.length === 0 ? [paint.dim(head)] : [head, ...unknown.map(name => paint.unknown(`  not known before the run: ${name}`))];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
