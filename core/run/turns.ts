/** Work that must not overlap, one after the other for each key. */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  /** Does the work once all earlier work for this key has ended, well or not. */
  async take<T>(key: K, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    this.#last.set(key, mine);
    return await mine;
  }
}
