/** Where the time of a start goes, for `--verbose`. */
export class Timings {
  readonly #marks: [string, number][] = [];

  /** A step has ended now. Times count from the start of the process. */
  mark(step: string): void {
    this.#marks.push([step, performance.now()]);
  }

  /** One line: every step with its time since the start, in milliseconds. */
  text(): string {
    return `start: ${this.#marks.map(([step, at]) => `${step} ${Math.round(at)} ms`).join(', ')}`;
  }
}
