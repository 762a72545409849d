import { expect, test } from 'vitest';
import { RUN_ID } from '../../../core/run/journal';
import { newRunId } from '../../../core/run/run-id';

test('ids of runs sort by time, within a second too', () => {
  const ids = [9, 10, 255, 256, 999, 1000].map(ms => newRunId(new Date(Date.UTC(2026, 7, 22, 10, 15, 0, ms))));
  expect([...ids].sort()).toEqual(ids);
  expect(ids[1]).toMatch(/^20260822T101500Z-00a[0-9a-f]$/);
  expect(ids.every(id => RUN_ID.test(id))).toBe(true);
});
