/** What a run prints: the reporter that fits standard output, and what happens when nobody reads it any more. */
import type { RunnerEvent } from '../report/events';
import { createReporter } from '../report';
import type { RunOptions } from './options';

export class Output {
  readonly #reporter;
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
      columns: () => out.columns || 80,
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

  close(): Promise<void> {
    return this.#reporter.close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell();
  }
}

function isDrawable(out: NodeJS.WriteStream): boolean {
  return out.isTTY && process.env['TERM'] !== 'dumb';
}

function wantsColour(out: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  return (process.env['FORCE_COLOR'] ?? '') !== '' || isDrawable(out);
}
