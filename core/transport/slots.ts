/**
 * Channels of one SSH connection. sshd's MaxSessions is 10, and it frees a slot late, so work takes at most four at a time and leaves room for the
 * standing ones (shells, guards, the lock); beyond that an opening is retried (ssh.ts).
 */
export class Slots {
  #standing = 0;
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param work channels for work at the same time
   * @param total all session channels of the connection
   */
  constructor(private readonly work: number, private readonly total: number) {}

  /** Counts a channel that stays open; the function that it returns gives it back. */
  stand(): () => void {
    this.#standing += 1;
    return once(() => {
      this.#standing -= 1;
      this.#admit();
    });
  }

  /** Waits for a channel to work on; the function that it returns gives it back. */
  async take(): Promise<() => void> {
    await new Promise<void>(resolve => {
      this.#waiting.push(resolve);
      this.#admit();
    });
    return once(() => {
      this.#working -= 1;
      this.#admit();
    });
  }

  #admit(): void {
    // One may always work, however many stand: MaxSessions may be larger than its default.
    while (this.#working < this.work && (this.#working === 0 || this.#working + this.#standing < this.total)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#working += 1;
      next();
    }
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
