import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RunnerError } from '../core/errors';
import { start } from './command';

const WAIT_S = 900;

/**
 * Does something while this process alone holds a lock file; waits up to 15 minutes for whoever holds it.
 * The lock dies with this process, however it ends: flock(1) holds it around a `cat` that reads our pipe. The file stays.
 * @throws RunnerError when the lock is not had in time.
 */
export async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = start(['flock', '-w', String(WAIT_S), file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C must not release the lock before we have cleaned up.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    holder.once('close', () => { resolve(); });
    holder.once('error', () => { resolve(); });
  });
  try {
    const held = new Promise<true>((resolve) => holder.stdout?.once('data', () => { resolve(true); }));
    if ((await Promise.race([held, ended])) !== true) {
      throw new RunnerError('refused', `The lock ${file} was not free within ${WAIT_S / 60} minutes.`, 'Another process builds or changes the same lab; wait for it or end it.');
    }
    return await action();
  } finally {
    holder.stdin?.destroy();
    await ended;
  }
}
