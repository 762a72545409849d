/** Figures made of several runs. */

/** The middle value; of an even number of values the mean of the two in the middle. `undefined` of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** How many times as much as `base`; `undefined` where one of them was not measured. */
export function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined || base === 0 ? undefined : value / base;
}

/** Three digits that count: `0.43`, `1.06`, `28.4`, `310`; a dash for what was not measured. */
export function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/**
 * Round trips that a run waited for: what it took longer over the delayed link than over the same link without delay, by the time of one round trip.
 * @param delayMs delay each way
 */
export function roundTrips(near: readonly number[], far: readonly number[], delayMs: number): number | undefined {
  const [without, delayed] = [median(near), median(far)];
  return without === undefined || delayed === undefined ? undefined : (delayed - without) * 1000 / (2 * delayMs);
}
