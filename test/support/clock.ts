/** A clock that tests can put forward. */
import { onTestFinished, vi } from 'vitest';

/** `performance.now()` until the end of the test. @returns puts it forward by so many milliseconds */
export function movedClock(): (ms: number) => void {
  const now = performance.now.bind(performance);
  let passed = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  onTestFinished(() => { clock.mockRestore(); });
  return ms => { passed += ms; };
}
