import { expect, test } from 'vitest';
import { hasTime, mayGoOn } from '../../bench/limits';

test.each([
  [[], 1, true], [[59], 1, false], [[30], 1, true], [[20, 20], 1, true], [[20, 21], 1, false], [[1, 1, 1, 1], 1, true], [[59, 59], 3, true], [[59, 59, 59], 3, false],
])('after runs of %j s one more is allowed within 60 s, where %j are wanted at least: %j', (before, least, allowed) => {
  expect(mayGoOn({ caseSeconds: 60 }, before, least)).toBe(allowed);
});

test('nothing begins that would end after the deadline', () => {
  const deadline = performance.now() + 60_000;
  expect(hasTime({ deadline }, 30)).toBe(true);
  expect(hasTime({ deadline }, 61)).toBe(false);
});
