/** Plain lines, for pipes, files and CI. */
import type { Reporter, RunnerEvent } from './events';
import { countsOf, detailsOf, hostList, type FormatOptions } from './format';
import { recapLines } from './recap';
import { Rows, type Row } from './row';

/** Writes one line a task when all its hosts have finished, and below it what changed and what failed. */
export function plainReporter(write: (text: string) => void, options: FormatOptions): Reporter {
  const rows = new Rows();
  const print = (lines: readonly string[]): void => write(`${lines.join('\n')}\n`);
  return {
    report(event: RunnerEvent): void {
      switch (event.type) {
        case 'run': return;
        case 'play': return print(playLines(event.name, event.hosts, options));
        case 'start': rows.start(event); return;
        case 'progress': rows.take(event); return;
        case 'notice': return print([noticeLine(event, options)]);
        case 'task': {
          const row = rows.take(event);
          if (row !== undefined) print(rowLines(row, options));
          return;
        }
        case 'recap':
          for (const row of rows.abandon()) print(rowLines(row, options));
          return print(recapLines(event, options.paint));
        default: return event satisfies never;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** The heading of a play. */
export function playLines(name: string, hosts: readonly string[], { paint }: FormatOptions): string[] {
  return ['', `${paint.bold(`PLAY ${name}`)}  ${paint.dim(hostList(hosts))}`];
}

/** A notice of the run or of a host. */
export function noticeLine(event: Extract<RunnerEvent, { type: 'notice' }>, { paint }: FormatOptions): string {
  // A table or a list speaks for itself; a line says whom it is about.
  const text = event.host === undefined || event.text.includes('\n') ? event.text : `${event.host}: ${event.text}`;
  return event.level === 'warning' ? paint.warning(text) : text;
}

function rowLines(row: Row, options: FormatOptions): string[] {
  const mark = row.start.handler ? 'handler ' : '';
  const details = detailsOf(row, options).map(line => `      ${line}`);
  return [`  ${mark}${row.start.name}  ${countsOf(row, options.paint)}`, ...details];
}
