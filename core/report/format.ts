/** How results read in a terminal, shared by the plain and the listr2 reporter. */
import type { Change } from '../module';
import type { Status, TaskEvent } from './events';
import type { Paint } from './paint';
import type { Row } from './row';

export interface FormatOptions {
  /** Show unified diffs of texts. */
  readonly diff: boolean;
  /** Show what is ok or skipped too, host by host. */
  readonly verbose: boolean;
  readonly paint: Paint;
}

const MAX_VALUE = 160;
const MAX_HOSTS = 8;
const ORDER = ['ok', 'changed', 'skipped', 'failed', 'unreachable', 'unknown'] as const satisfies readonly Status[];

/** `3 ok, 1 changed`: the counts of a row that are not zero. */
export function countsOf(row: Row, paint: Paint): string {
  return ORDER.filter(status => row.count(status) > 0)
    .map(status => paint[status](`${row.count(status)} ${status}`))
    .join(', ');
}

/** The lines below a finished row: what changed and what went wrong, equal outcomes of several hosts told once. */
export function detailsOf(row: Row, options: FormatOptions): string[] {
  const order = new Map(row.hosts.map((host, i) => [host, i]));
  const told = row.results.filter(result => options.verbose || isNews(result)).sort((a, b) => (order.get(a.host) ?? 0) - (order.get(b.host) ?? 0));
  const groups = new Map<string, TaskEvent[]>();
  for (const result of told) {
    const key = JSON.stringify([result.status, result.changes, generalReason(result), result.tolerated]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].flatMap(group => groupLines(group, options));
}

/** Names of hosts, shortened where there are many. */
export function hostList(hosts: readonly string[]): string {
  if (hosts.length <= MAX_HOSTS) return hosts.join(', ');
  return `${hosts.slice(0, MAX_HOSTS - 1).join(', ')} and ${hosts.length - MAX_HOSTS + 1} more`;
}

/** One line for a change: `path mode: 0644 -> 0600`. */
export function changeLine(change: Change, paint: Paint): string {
  // What a command does says by itself what it is about.
  if (change.property === 'run' && change.from === null) return shorten(change.to ?? '');
  const from = change.from === null ? '' : `${shorten(change.from)} `;
  const arrow = change.from === null ? '' : '-> ';
  const to = change.to === null ? (change.from === null ? '' : 'gone') : shorten(change.to);
  return `${change.resource} ${paint.dim(`${change.property}:`)} ${from}${arrow}${to}`;
}

function isNews(result: TaskEvent): boolean {
  return result.status === 'changed' || result.status === 'failed' || result.status === 'unreachable' || result.status === 'unknown' || result.willCheck === true;
}

/** A reason that names only its own host is the same reason on each host. */
function generalReason(result: TaskEvent): string {
  return (result.reason ?? '').replaceAll(result.host, '<host>');
}

function groupLines(group: readonly TaskEvent[], options: FormatOptions): string[] {
  const first = group[0];
  if (first === undefined) return [];
  const { paint } = options;
  const hosts = paint.bold(hostList(group.map(result => result.host)));
  const via = first.delegate === undefined ? '' : paint.dim(` (on ${first.delegate})`);
  const head = `${paint[first.status](first.status)} ${hosts}${via}`;
  const tolerated = first.tolerated === undefined ? [] : [paint.dim(`tolerated: ${first.tolerated}`)];
  const later = first.willCheck === true ? [paint.dim(`will be checked: ${first.reason ?? ''}`)] : [];
  const reason = first.reason === undefined || first.willCheck === true ? [] : first.reason.split('\n');
  const changes = first.changes.flatMap(change => [
    changeLine(change, paint),
    ...(options.diff && change.diff !== undefined ? diffLines(change.diff, paint) : []),
  ]);
  const [only, ...more] = [...reason, ...tolerated, ...later, ...changes];
  if (only === undefined) return [head];
  return more.length === 0 ? [`${head}  ${only}`] : [head, ...[only, ...more].map(line => `  ${line}`)];
}

/** A unified diff, coloured. */
export function diffLines(diff: string, paint: Paint): string[] {
  return diff.trimEnd().split('\n').map(line => {
    if (line.startsWith('+')) return `  ${paint.added(line)}`;
    if (line.startsWith('-')) return `  ${paint.removed(line)}`;
    return `  ${line.startsWith('@@') ? paint.dim(line) : line}`;
  });
}

function shorten(value: string): string {
  const line = value.replaceAll(/\s*\n\s*/g, ' ');
  return line.length > MAX_VALUE ? `${line.slice(0, MAX_VALUE - 3)}...` : line;
}
