/** Names of runs. */
import { randomBytes } from 'node:crypto';

/** UTC and a little chance, `20260822T101500Z-1a2b`. */
export function newRunId(): string {
  return `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`;
}
