/** Where the time goes: the steps of the start, for `--verbose`, and the whole run, for `--timings`. */
import { Meter } from '../run/meter';

export class Timings {
  /** What the run reports to; only with `--timings`. */
  readonly meter: Meter | undefined;
  readonly #marks: (readonly [string, number])[] = [];

  /** @param isMeasured whether the run is asked to report what it costs */
  constructor(isMeasured = false) {
    this.meter = isMeasured ? new Meter() : undefined;
  }

  /** The steps that have ended so far. */
  get steps(): readonly (readonly [string, number])[] {
    return [...this.#marks];
  }

  /** A step has ended now. Times count from the start of the process. */
  mark(step: string): void {
    this.#marks.push([step, performance.now()]);
  }

  /** One line: every step with its time since the start, in milliseconds. */
  text(): string {
    return `start: ${this.#marks.map(([step, at]) => `${step} ${Math.round(at)} ms`).join(', ')}`;
  }
}
