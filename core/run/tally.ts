/** What a batch has lost, and whether that ends the play. */
import type { Host } from '../inventory/host';

/** Counts the lost hosts of one batch: those that failed for good, and those that cannot be reached. */
export class Tally {
  readonly #lost = new Set<Host>();
  readonly #cut = new Set<Host>();

  /**
   * @param size hosts of the batch
   * @param maxPercent the play's `maxFailPercent`
   */
  constructor(readonly size: number, readonly maxPercent: number | undefined) {}

  lose(host: Host): void {
    this.#lost.add(host);
  }

  /** These hosts go no further, since it is full. */
  cut(hosts: readonly Host[]): void {
    for (const host of hosts) this.#cut.add(host);
  }

  get lost(): number {
    return this.#lost.size;
  }

  /** Hosts that did not come to the end of the play, since others failed. */
  get unfinished(): readonly Host[] {
    return [...this.#cut];
  }

  /** Is the share reached that `maxFailPercent` allows no host to reach? */
  get isFull(): boolean {
    return this.maxPercent !== undefined && this.lost > 0 && this.lost * 100 >= this.maxPercent * this.size;
  }
}
