/** What `--timings` prints: where the time of a run went, by phase and by task. */
import { redact } from '../secret';
import type { RunFigures, Span, TaskFigures } from '../run/meter';

/** What is known when the run is over. Times are in milliseconds since the process began. */
export interface RunTimings {
  /** What was done before the run began, and when each step had ended. */
  readonly steps: readonly (readonly [string, number])[];
  /** When the run began. */
  readonly begun: number;
  readonly ended: number;
  readonly figures: RunFigures;
}

/** More tasks are not shown, only the slowest. */
const MAX_TASKS = 30;
const MIN_NAME = 16;
const MAX_HOST = 20;
/** Where nobody says how wide the terminal is. */
const COLUMNS = 140;

/** Lines of the table. @param columns how wide the terminal is; names are cut to fit, lists are wrapped */
export function timingLines(timings: RunTimings, columns = COLUMNS): string[] {
  const { figures, ended } = timings;
  return [
    '', `TIMINGS  ${ms(ended)} ms`,
    ...phaseLines(timings, columns),
    '', ...wrapped(totals(figures), { columns, indent: '  ' }),
    ...taskLines(figures.tasks, columns),
  ];
}

interface Phase extends Span { readonly name: string; readonly notes: readonly string[] }

function phaseLines({ steps, begun, ended, figures: { connecting, connections, tasks } }: RunTimings, columns: number): string[] {
  const at = { from: Math.min(ended, ...tasks.map(({ span }) => span.from)), to: Math.max(begun, ...tasks.map(({ span }) => span.to)) };
  const phases: Phase[] = [
    { name: 'start', from: 0, to: begun, notes: steps.map(([step, to], i) => `${step} ${ms(to - (steps[i - 1]?.[1] ?? 0))}`) },
    ...(connecting === undefined ? [] : [{ name: 'connecting', ...connecting, notes: [count(connections, 'connection')] }]),
    ...(tasks.length === 0 ? [] : [{ name: 'tasks', ...at, notes: [count(tasks.length, 'task')] }]),
    { name: 'closing', from: at.to, to: ended, notes: [] },
  ];
  const cells = phases.map(({ name, from, to }) => [name, Math.round(from).toString(), Math.round(to).toString(), ms(to - from)]);
  const rows = aligned([['PHASE', 'FROM', 'TO', 'MS'], ...cells]);
  return rows.flatMap((row, i) => {
    const notes = phases[i - 1]?.notes ?? [];
    return notes.length === 0 ? [row] : wrapped(notes, { columns, indent: ' '.repeat(row.length + 2), first: `${row}  ` });
  });
}

function totals({ connections, received, sent, asked, ahead, most }: RunFigures): readonly string[] {
  return [
    count(connections, 'connection'), `${bytes(received)} received`, `${bytes(sent)} sent`, `${count(asked, 'command')} asked`, `${count(ahead, 'answer')} came ahead`,
    ...(most === undefined ? [] : [`the most round trips waited for: ${most.trips} (${most.host})`]),
  ];
}

function taskLines(tasks: readonly TaskFigures[], columns: number): string[] {
  if (tasks.length === 0) return [];
  const bySlowness = [...tasks].sort((a, b) => took(b) - took(a));
  const shown = new Set(bySlowness.slice(0, MAX_TASKS));
  const next = bySlowness[MAX_TASKS];
  const head = ['TASK', 'HOSTS', 'MS', 'SLOWEST', 'TRIPS', 'AHEAD', 'OUTPUT', 'WAITED', 'MOST', 'HOST'];
  const cells = tasks.filter(task => shown.has(task)).map(task => [
    `${task.isHandler ? 'handler ' : ''}${redact(task.name)}`, task.hosts.toString(), ms(took(task)), `${clip(task.slowest.host, MAX_HOST)} ${ms(task.slowest.ms)}`,
    task.trips.toString(), task.ahead.toString(), bytes(task.bytes), ms(task.waited.sum), ms(task.waited.most),
    task.worked === undefined ? '' : ms(task.worked),
  ]);
  const others = aligned([head, ...cells].map(([, ...rest]) => rest)).map(row => row.length);
  const width = Math.max(MIN_NAME, columns - Math.max(...others) - 4);
  return [
    '', ...aligned([head, ...cells.map(([name = '', ...rest]) => [clip(name, width), ...rest])]),
    ...(next === undefined ? [] : [`  and ${count(tasks.length - MAX_TASKS, 'quicker task')}, of ${ms(took(next))} ms at most`]),
  ];
}

function took({ span }: TaskFigures): number {
  return span.to - span.from;
}

/** Rows of cells below each other, the first one to the left and all others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd());
}

/** A list with commas, in as many lines as it takes. */
function wrapped(items: readonly string[], { columns, indent, first = indent }: { readonly columns: number; readonly indent: string; readonly first?: string }): string[] {
  const lines: string[] = [];
  let line = first;
  for (const [i, item] of items.entries()) {
    const text = i === items.length - 1 ? item : `${item}, `;
    const isEmpty = line === first || line === indent;
    if (!isEmpty && line.length + text.trimEnd().length > columns) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += text;
  }
  return [...lines, line];
}

function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** With a decimal where that is much of it. */
function ms(time: number): string {
  return time < 9.95 ? time.toFixed(1) : Math.round(time).toString();
}

function bytes(number: number): string {
  if (number < 1000) return `${number} B`;
  if (number < 999_950) return `${(number / 1000).toFixed(1)} kB`;
  return number < 999_950_000 ? `${(number / 1e6).toFixed(1)} MB` : `${(number / 1e9).toFixed(1)} GB`;
}
