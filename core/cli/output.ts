/** What a run prints: the reporter that fits standard output, and what happens when nobody reads it any more. */
import type { RunnerEvent } from '../report/events';
import { createReporter } from '../report';
import { Turns } from '../run/turns';
import type { RunOptions } from './options';

export class Output {
  readonly #reporter;
  readonly #turns = new Turns<'question'>();
  #closed = false;
  #tell: () => void = () => undefined;

  constructor(options: Pick<RunOptions, 'json' | 'diff' | 'verbose'>) {
    const out = process.stdout;
    this.#reporter = createReporter({
      mode: options.json ? 'json' : isDrawable(out) ? 'terminal' : 'plain',
      diff: options.diff,
      verbose: options.verbose,
      colour: wantsColour(out),
      write: text => { if (!this.#closed) out.write(text); },
      columns: () => out.columns,
    });
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => this.#close());
  }

  /** Called when the other end of standard output is gone, a closed pipe or terminal. */
  onClosed(tell: () => void): void {
    this.#tell = tell;
    if (this.#closed) tell();
  }

  report(event: RunnerEvent): void {
    this.#reporter.report(event);
  }

  /** Runs a question while nothing is drawn and no other one is open: all read the same input. */
  async aside<T>(question: () => Promise<T>): Promise<T> {
    if (this.#reporter.pause === undefined) return await this.#turns.take('question', question);
    const resume = await this.#reporter.pause();
    try {
      return await question();
    } finally {
      resume();
    }
  }

  close(): Promise<void> {
    return this.#reporter.close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell();
  }
}

/** A terminal that does not say how wide it is cannot be drawn on: every line would count as many. */
export function isDrawable(out: NodeJS.WriteStream): boolean {
  return out.isTTY && out.columns > 0 && process.env['TERM'] !== 'dumb';
}

/** Does the user want colours there? NO_COLOR and FORCE_COLOR decide, else whether it is a terminal. */
export function wantsColour(out: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  return (process.env['FORCE_COLOR'] ?? '') !== '' || isDrawable(out);
}
