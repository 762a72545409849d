/** Picks the reporter for a run. */
import type { Reporter } from './events';
import { jsonReporter } from './json';
import { listrReporter } from './listr';
import { paintFor } from './paint';
import { plainReporter } from './plain';

export interface ReporterOptions {
  /** `terminal` draws with listr2, `plain` writes lines, `json` one event a line. */
  readonly mode: 'terminal' | 'plain' | 'json';
  /** Show unified diffs. */
  readonly diff: boolean;
  /** Show every host's outcome, also ok and skipped. */
  readonly verbose: boolean;
  readonly colour: boolean;
  readonly write: (text: string) => void;
  /** Width of the terminal, in characters. */
  readonly columns: () => number;
}

/** The reporter that the options ask for. */
export function createReporter(options: ReporterOptions): Reporter {
  if (options.mode === 'json') return jsonReporter(options.write);
  const format = { diff: options.diff, verbose: options.verbose, paint: paintFor(options.colour) };
  return options.mode === 'plain' ? plainReporter(options.write, format) : listrReporter(options, format);
}
