/** What ends a run from outside: Ctrl-C and its kin (the first one stops it cleanly, the second one leaves at once), and defects. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface InterruptActions {
  /** Told once, with why: `Ctrl-C`, `SIGTERM`. */
  stop(why: string): void;
  /** Told at the second one. */
  leave(): void;
  /** Told of an error that nobody caught: a defect, which must not leave commands behind either. */
  crash(error: unknown): void;
}

/** Listens from now on until it is disposed of. */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map(signal => [signal, () => this.interrupt(signal === 'SIGINT' ? 'Ctrl-C' : signal)] as const);

  readonly #crash = (error: unknown): void => this.actions.crash(error);

  constructor(private readonly actions: InterruptActions) {
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
    process.on('uncaughtException', this.#crash);
  }

  /** Aborted at the first one. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Does what a signal does. */
  interrupt(why: string): void {
    if (this.signal.aborted) return this.actions.leave();
    this.actions.stop(why);
    this.#controller.abort();
  }

  /** Stops the run and never leaves: for what is no request of the user's. */
  hangUp(why: string): void {
    if (!this.signal.aborted) this.interrupt(why);
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    process.off('uncaughtException', this.#crash);
  }
}
