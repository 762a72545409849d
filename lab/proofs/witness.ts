/** Watches the machine that a proof runs on, so that requests that failed because all of it stood still are told from those that a run failed. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 500;
/** So much of the time between two looks counts as all of it. */
const MOSTLY = 0.9;

/** The longest of something, and when it began. */
interface Longest { ms: number; at: number }

/** Writes to the disk twice a second and looks how long that takes, how late it is itself, and how long some process or other has waited for the disk without a break. */
export class Witness {
  readonly #disk: Longest = { ms: 0, at: 0 };
  readonly #clock: Longest = { ms: 0, at: 0 };
  readonly #reading: Longest = { ms: 0, at: 0 };
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  /** @param folder on the disk that counts; a file in it is written, and removed at the end. */
  constructor(folder: string) {
    this.#done = this.#watch(join(folder, 'witness'));
    // Told by `stop`.
    this.#done.catch(() => undefined);
  }

  /** Ends it. @returns what it saw, in a sentence. */
  async stop(): Promise<string> {
    this.#stopping.abort();
    await this.#done;
    return `the machine: a small write took ${told(this.#disk)} at the longest, a process waited ${told(this.#clock)} for its turn, and some waited for the disk without a break for ${told(this.#reading)}`;
  }

  async #watch(file: string): Promise<void> {
    const handle = await open(file, 'w');
    let since = Date.now();
    let before = await waitedForDisk();
    try {
      while (!this.#stopping.signal.aborted) {
        await timed(this.#disk, 0, async () => { await handle.write('.'); await handle.datasync(); });
        await timed(this.#clock, EVERY_MS, () => sleep(EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined));
        const now = await waitedForDisk();
        if (now - before < MOSTLY * EVERY_MS) since = Date.now();
        else if (Date.now() - since > this.#reading.ms) Object.assign(this.#reading, { ms: Date.now() - since, at: since });
        before = now;
      }
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
  }
}

async function timed(longest: Longest, expectedMs: number, work: () => Promise<unknown>): Promise<void> {
  const at = Date.now();
  const started = performance.now();
  await work();
  const ms = Math.round(performance.now() - started - expectedMs);
  if (ms > longest.ms) Object.assign(longest, { ms, at });
}

/**
 * How long one process or another has waited for the disk since the machine was started, in milliseconds; 0 where the kernel does not say.
 * @see the kernel's Documentation/accounting/psi.rst
 */
async function waitedForDisk(): Promise<number> {
  const text = await readFile('/proc/pressure/io', 'utf8').catch(() => '');
  return Number(/^some .*total=(\d+)/.exec(text)?.[1] ?? 0) / 1000;
}

function told({ ms, at }: Longest): string {
  return `${ms} ms (${new Date(at).toISOString()})`;
}
