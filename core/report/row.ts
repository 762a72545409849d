/** What the terminal reporters know of one task: a row with counts, never one row per host. */
import type { ProgressEvent, StartEvent, Status, TaskEvent } from './events';

/** A task that hosts are at work on, or have finished. */
export class Row {
  readonly results: TaskEvent[] = [];
  /** All that have started it. */
  readonly hosts: string[] = [];
  readonly #waiting = new Map<string, string>();
  readonly #finished: () => void;
  /** Resolves when every host has reported. */
  readonly done: Promise<void>;

  constructor(readonly start: StartEvent) {
    let finish: () => void = () => undefined;
    this.done = new Promise(resolve => { finish = resolve; });
    this.#finished = finish;
    this.join(start.hosts);
    if (this.#waiting.size === 0) finish();
  }

  /** More hosts start the same task while others are at work on it. */
  join(hosts: readonly string[]): void {
    this.hosts.push(...hosts);
    for (const host of hosts) this.#waiting.set(host, '');
  }

  get isDone(): boolean {
    return this.#waiting.size === 0;
  }

  /** The hosts at work with their last lines. */
  get working(): readonly (readonly [host: string, line: string])[] {
    return [...this.#waiting];
  }

  progress(event: ProgressEvent): void {
    if (this.#waiting.has(event.host)) this.#waiting.set(event.host, event.line);
  }

  add(event: TaskEvent): void {
    this.results.push(event);
    this.#waiting.delete(event.host);
    if (this.isDone) this.#finished();
  }

  /** No more results will come: the run has ended. */
  abandon(): void {
    this.#waiting.clear();
    this.#finished();
  }

  count(status: Status): number {
    return this.results.filter(result => result.status === status).length;
  }
}

/** Sorts events into rows; the reporters draw them. */
export class Rows {
  readonly #open = new Map<string, Row>();

  /** The new row of a task; `undefined` where its hosts joined the one that is open. */
  start(event: StartEvent): Row | undefined {
    const open = this.#open.get(event.task);
    if (open !== undefined) {
      open.join(event.hosts);
      return undefined;
    }
    const row = new Row(event);
    this.#open.set(event.task, row);
    return row;
  }

  /** Passes an event to its row; a finished row is returned. */
  take(event: TaskEvent | ProgressEvent): Row | undefined {
    const row = this.#open.get(event.task);
    if (row === undefined) return undefined;
    if (event.type === 'progress') {
      row.progress(event);
      return undefined;
    }
    row.add(event);
    if (!row.isDone) return undefined;
    this.#open.delete(event.task);
    return row;
  }

  /** Ends all rows; returns those that had not finished. */
  abandon(): readonly Row[] {
    const left = [...this.#open.values()];
    for (const row of left) row.abandon();
    this.#open.clear();
    return left;
  }
}
