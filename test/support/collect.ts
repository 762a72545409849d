/** Collects what nothing holds any more. */
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Afterwards all is gone that only a WeakRef leads to: those hold until the turn of the loop in which they were asked ends. */
export async function collected(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 5; i += 1) {
    await pause(5);
    collect();
  }
}
