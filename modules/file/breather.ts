/** Long work of the controller in pieces: heartbeats of locks, other hosts and the terminal go on between them. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work may hold up the event loop, in milliseconds. */
const MOST_MS = 5;

/** What is to be awaited between two pieces of work: it lets the event loop turn, where the work has held it up for 5 ms. */
export function breather(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < MOST_MS) return;
    await nextTurn();
    since = performance.now();
  };
}
