/**
 * The terminal: one listr2 row per task with counts, and below it at most a few hosts at work with their last lines.
 *
 * listr2 draws nothing else: a row per host costs minutes of CPU with 300 hosts. Rows are drawn one after the other, each by a short-lived
 * list, so what has finished stands in the scroll-back and only the last lines move.
 */
import type { Reporter, RunnerEvent } from './events';
import { Floor } from './floor';
import { countsOf, detailsOf, type FormatOptions } from './format';
import { noticeLine, playLines } from './plain';
import { recapLines } from './recap';
import { Rows, type Row } from './row';

const SLOTS = 12;
const REDRAW_MS = 200;

export interface Terminal {
  readonly write: (text: string) => void;
  readonly columns: () => number;
}

/** Draws the run with listr2, which is loaded when the first row is drawn. */
export function listrReporter(terminal: Terminal, options: FormatOptions): Reporter {
  const rows = new Rows();
  const floor = new Floor();
  let chain: Promise<void> = Promise.resolve();
  const later = (step: () => Promise<void> | void): void => { chain = chain.then(step); };
  const print = (lines: readonly string[]): void => terminal.write(`${lines.join('\n')}\n`);
  return {
    report(event: RunnerEvent): void {
      switch (event.type) {
        case 'run': return;
        case 'play': return later(() => print(playLines(event.name, event.hosts, options)));
        case 'start': {
          const row = rows.start(event);
          return row === undefined ? undefined : later(() => drawRow(row, { options, terminal, print, floor }));
        }
        case 'progress':
        case 'task': rows.take(event); return;
        case 'notice': return later(() => print([noticeLine(event, options)]));
        case 'recap':
          rows.abandon();
          return later(() => print(recapLines(event, options.paint)));
        default: return event satisfies never;
      }
    },
    pause: () => {
      const free = floor.ask();
      // Where no row is drawn that would make room.
      later(() => floor.yield());
      return free;
    },
    close: () => chain,
  };
}

interface Drawing {
  readonly options: FormatOptions;
  readonly terminal: Terminal;
  readonly print: (lines: readonly string[]) => void;
  readonly floor: Floor;
}

async function drawRow(row: Row, drawing: Drawing): Promise<void> {
  while (!await isDrawn(row, drawing)) await drawing.floor.yield();
  const details = detailsOf(row, drawing.options);
  if (details.length > 0) drawing.print(details.map(line => `    ${line}`));
}

/** Draws it until it is done or somebody wants to ask. @returns whether it was done, and so stands in the scroll-back */
async function isDrawn(row: Row, { options, terminal, floor }: Drawing): Promise<boolean> {
  const { Listr } = await import('listr2');
  let isDone = false;
  const list = new Listr([{
    title: titleOf(row, options),
    task: async (_context, wrapper) => {
      const draw = (): void => { wrapper.title = [titleOf(row, options), ...slotLines(row, options, terminal.columns())].join('\n'); };
      const timer = setInterval(draw, REDRAW_MS);
      try {
        await Promise.race([row.done, floor.asked()]);
      } finally {
        clearInterval(timer);
      }
      isDone = row.isDone;
      // listr2 would mark as done what only makes room for a question; without a title it leaves only an empty line.
      wrapper.title = isDone ? titleOf(row, options) : '';
      if (isDone && row.count('failed') + row.count('unreachable') > 0) throw new Error(row.start.name);
    },
  }], { exitOnError: false, rendererOptions: { showErrorMessage: false, collapseErrors: false }, registerSignalListeners: false });
  await list.run().catch(async () => {
    // It cannot be drawn: the run goes on, and so do its questions.
    await Promise.race([row.done, floor.asked()]);
    isDone = row.isDone;
  });
  return isDone;
}

function titleOf(row: Row, options: FormatOptions): string {
  const counts = countsOf(row, options.paint);
  const left = row.isDone ? '' : options.paint.dim(` ${row.results.length}/${row.hosts.length}`);
  return `${row.start.handler ? 'handler ' : ''}${row.start.name}${left}${counts === '' ? '' : `  ${counts}`}`;
}

function slotLines(row: Row, { paint }: FormatOptions, columns: number): string[] {
  const working = row.working;
  const shown = working.slice(0, SLOTS).map(([host, line]) => paint.dim(clip(`${host} ${line}`, columns - 6)));
  return working.length > SLOTS ? [...shown, paint.dim(`and ${working.length - SLOTS} more hosts`)] : shown;
}

function clip(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, Math.max(1, columns - 1))}…` : text;
}
