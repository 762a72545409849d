/** Names of runs. */
import { randomInt } from 'node:crypto';

/** UTC, the milliseconds in hex and a little chance, `20260822T101500Z-1a2b`: ids sort by time, also within a second. */
export function newRunId(now = new Date()): string {
  const second = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const millisecond = now.getUTCMilliseconds().toString(16).padStart(3, '0');
  return `${second}-${millisecond}${randomInt(16).toString(16)}`;
}
