import { expect, test } from 'vitest';
import { figure, median, ratio, roundTrips } from '../../bench/statistics';

test.each([
  [[], undefined], [[3], 3], [[3, 1], 2], [[9, 1, 2], 2], [[4, 1, 3, 2], 2.5],
])('the median of %j is %j', (values, middle) => {
  expect(median(values)).toBe(middle);
});

test('the values stay in their order', () => {
  const values = [3, 1, 2];
  median(values);
  expect(values).toEqual([3, 1, 2]);
});

test.each([[10, 2, 5], [undefined, 2, undefined], [10, undefined, undefined], [10, 0, undefined]])('the ratio of %j to %j is %j', (value, base, expected) => {
  expect(ratio(value, base)).toBe(expected);
});

test.each([[undefined, '–'], [0.4321, '0.43'], [9.999, '10.00'], [28.44, '28.4'], [310.4, '310'], [-0.5, '-0.50']])('%j is written %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

test('round trips are what the delay costs', () => {
  expect(roundTrips([0.4, 0.5, 0.6], [1.2, 1.3, 1.4], 50)).toBeCloseTo(8);
  expect(roundTrips([0.4], [], 50)).toBeUndefined();
});
