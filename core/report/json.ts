/** One event a line, as in events.jsonl. */
import type { Reporter } from './events';

/** Writes each event as one line of JSON. */
export function jsonReporter(write: (text: string) => void): Reporter {
  return {
    report: event => write(`${JSON.stringify(event)}\n`),
    close: () => Promise.resolve(),
  };
}
