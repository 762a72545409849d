/** Work on many hosts at the same time, but not on too many. */

/**
 * Calls `work` for each item, at most `limit` at the same time, and returns the results in the order of the items.
 * @throws what `work` threw first, once all that had started has ended
 */
export async function mapLimited<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = new Array<R>(items.length);
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, lane));
  const broken = lanes.find(ended => ended.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return results;
}
