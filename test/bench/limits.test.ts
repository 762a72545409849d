import { expect, test } from 'vitest';
import { hasTime, mayGoOn } from '../../bench/limits';

test.each([
  [[], true], [[59], false], [[30], true], [[20, 20], true], [[20, 21], false], [[1, 1, 1, 1], true],
])('after runs of %j s one more is allowed within 60 s: %j', (before, allowed) => {
  expect(mayGoOn({ caseSeconds: 60 }, before)).toBe(allowed);
});

test('nothing begins that would end after the deadline', () => {
  const deadline = performance.now() + 60_000;
  expect(hasTime({ deadline }, 30)).toBe(true);
  expect(hasTime({ deadline }, 61)).toBe(false);
});
