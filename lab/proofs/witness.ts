/** Watches the machine that a proof runs on: where requests failed, what it saw helps to tell whether the machine or a run failed them. */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors';

const EVERY_MS = 500;

/** The longest of something, and when it began. */
interface Longest { ms: number; at: number }

/** Writes to the disk twice a second and looks how long that takes, how late it is itself, and how long processes have waited for a processor and the disk. */
export class Witness {
  readonly #disk: Longest = { ms: 0, at: 0 };
  readonly #clock: Longest = { ms: 0, at: 0 };
  #waiting = '';
  readonly #stopping = new AbortController();
  readonly #done: Promise<string>;

  /** @param folder on the disk that counts; a file in it is written, and removed at the end. */
  constructor(folder: string) {
    this.#done = this.#watch(join(folder, 'witness')).then(() => this.#account(), (error: unknown) => `the machine could not be watched: ${messageOf(error)}`);
  }

  /** Ends it. @returns what it saw, in a sentence; never throws, so that it hides nobody else's error. */
  async stop(): Promise<string> {
    this.#stopping.abort();
    return this.#done;
  }

  async #watch(file: string): Promise<void> {
    const handle = await open(file, 'w');
    try {
      const begin = await pressures();
      const started = performance.now();
      while (!this.#stopping.signal.aborted) {
        await timed(this.#disk, 0, async () => { await handle.write('.'); await handle.datasync(); });
        await timed(this.#clock, EVERY_MS, () => sleep(EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined));
      }
      this.#waiting = shares(begin, await pressures(), performance.now() - started);
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
  }

  #account(): string {
    return `the machine: a small write took ${told(this.#disk)} at the longest, a process waited ${told(this.#clock)} for its turn; ${this.#waiting}`;
  }
}

async function timed(longest: Longest, expectedMs: number, work: () => Promise<unknown>): Promise<void> {
  const at = Date.now();
  const started = performance.now();
  await work();
  const ms = Math.round(performance.now() - started - expectedMs);
  if (ms > longest.ms) Object.assign(longest, { ms, at });
}

/** What processes wait for. */
const RESOURCES = { cpu: 'a processor', io: 'the disk' } as const;

/**
 * How long one process or another has waited for each since the machine was started, in milliseconds; those are left out of which the kernel says nothing.
 * @see the kernel's Documentation/accounting/psi.rst
 */
async function pressures(): Promise<ReadonlyMap<string, number>> {
  const read = async (resource: string, name: string): Promise<readonly (readonly [string, number])[]> => {
    const total = /^some .*total=(\d+)/.exec(await readFile(`/proc/pressure/${resource}`, 'utf8').catch(() => ''))?.[1];
    return total === undefined ? [] : [[name, Number(total) / 1000]];
  };
  return new Map((await Promise.all(Object.entries(RESOURCES).map(([resource, name]) => read(resource, name)))).flat());
}

function shares(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, spentMs: number): string {
  const told = Object.values(RESOURCES).map(name => {
    const [from, to] = [before.get(name), after.get(name)];
    return from === undefined || to === undefined ? `unknown for ${name}` : `${Math.round(100 * (to - from) / spentMs)} % for ${name}`;
  });
  return `of its time one or another waited ${told.join(', ')}`;
}

function told({ ms, at }: Longest): string {
  return `${ms} ms (${new Date(at).toISOString()})`;
}
