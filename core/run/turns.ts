/** Work of which only so much goes on at the same time, for each key. */
export class Turns<K> {
  readonly #lanes = new Map<K, { busy: number; readonly waiting: (() => void)[] }>();

  /** Does the work when its turn comes, in the order of asking, whether earlier work ended well or not. @param atOnce how much may go on at once, 1 */
  async take<T>(key: K, work: () => Promise<T>, atOnce = 1): Promise<T> {
    const lane = this.#lanes.get(key) ?? { busy: 0, waiting: [] };
    this.#lanes.set(key, lane);
    if (lane.busy < atOnce) lane.busy += 1;
    else await new Promise<void>(resolve => { lane.waiting.push(resolve); });
    try {
      return await work();
    } finally {
      const next = lane.waiting.shift();
      if (next === undefined) lane.busy -= 1;
      else next();
    }
  }
}
