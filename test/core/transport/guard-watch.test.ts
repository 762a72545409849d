import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { guardScript } from '../../../core/transport/guard-script';
import { childrenOf, stateOf, uniqueSleep, until } from '../../support/transport';

/** `--norc`: bash takes a socket on its input for a remote login and reads ~/.bashrc, where no shell is above it. */
const shells = ['dash', 'bash --norc --posix', 'busybox sh'].map(line => line.split(' ')).filter(([program = '']) => ['/bin', '/usr/bin'].some(dir => existsSync(`${dir}/${program}`)));

const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** A guard of a shell, leader of a session as on a host, and a group that it guards. */
class Guarded implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'runsheet-guard-'));
  readonly #child;
  readonly #lines;
  readonly pid: number;
  /** What it guards. */
  readonly group: number;
  readonly exit: Promise<unknown>;

  constructor([program = '', ...args]: readonly string[], silenceMs: number, uptime = '/proc/uptime') {
    const script = guardScript({ silenceMs, lockDirectory: this.#dir }).replaceAll('/proc/uptime', uptime);
    this.#child = spawn(program, [...args, '-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.exit = once(this.#child, 'exit');
    this.pid = this.#child.pid ?? 0;
    this.group = spawn('sleep', [uniqueSleep()], { detached: true, stdio: 'ignore' }).pid ?? 0;
    this.say(`+${this.group}`);
  }

  /** Whoever watches over it; 0 until it is there. */
  get watcher(): number {
    return childrenOf(this.pid)[0] ?? 0;
  }

  get hasKilled(): boolean {
    return /^(gone|Z)/.test(stateOf(this.group));
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Asks, and waits for the answer; `undefined` when the guard has ended. */
  async ask(line: string): Promise<unknown> {
    this.say(line);
    return (await this.#lines.next()).value;
  }

  /** Says a word now and then for so long, and each time does this. @returns how long that was, and the longest time between two words */
  async live(ms: number, do_: () => void = () => undefined): Promise<{ readonly lived: number; readonly gap: number }> {
    const start = performance.now();
    let [last, gap] = [start, 0];
    while (last - start < ms) {
      this.say('.');
      do_();
      await wait(100);
      const now = performance.now();
      [last, gap] = [now, Math.max(gap, now - last)];
    }
    return { lived: last - start, gap };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pgid of [this.pid, this.group]) {
      try {
        process.kill(-pgid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await this.exit;
    rmSync(this.#dir, { recursive: true });
  }
}

describe.concurrent.each(shells.map(shell => ({ shell, name: shell[0] })))('who watches over the guard, under $name,', ({ shell }) => {
  test('starts one process for about as long as the silence may last, however many words are heard', async () => {
    await using guard = new Guarded(shell, 9_000);
    await until(() => childrenOf(guard.watcher).length > 0);
    const seen = new Set<number>();
    const { lived, gap } = await guard.live(12_000, () => {
      for (const pid of childrenOf(guard.watcher)) seen.add(pid);
    });
    expect(await guard.ask('unlock')).toBe('free');
    expect(guard.hasKilled).toBe(false);
    expect(childrenOf(guard.pid)).toHaveLength(1);
    // The last second of a silence is for a look of its own; times are whole seconds, and the last word may be as old as the longest gap.
    expect(seen.size).toBeLessThanOrEqual(1 + Math.ceil(lived / Math.max(1_000, 7_000 - gap)));
  });

  test('has it kill and let go after the silence, which begins with the last word', async () => {
    await using guard = new Guarded(shell, 4_000);
    expect(await guard.ask('lock 2026-01-01T00:00:00Z {"run":"R"')).toBe('held');
    await guard.live(2_500);
    const last = performance.now();
    guard.say('.');
    await until(() => guard.hasKilled);
    expect(performance.now() - last).toBeGreaterThan(4_000);
    await guard.exit;
    // Other users' guards may have heard their last word later.
    expect(performance.now() - last).toBeGreaterThan(6_000);
  });

  test('tells the time also where the host does not show its uptime', async () => {
    await using guard = new Guarded(shell, 4_000, '/proc/nothing');
    await guard.live(7_000);
    const last = performance.now();
    expect(await guard.ask('unlock')).toBe('free');
    expect(guard.hasKilled).toBe(false);
    await guard.exit;
    expect(guard.hasKilled).toBe(true);
    expect(performance.now() - last).toBeGreaterThan(3_900);
  });

  test('does not take a controller for dead when all on the host stood still for long', async () => {
    await using guard = new Guarded(shell, 6_000);
    await until(() => childrenOf(guard.watcher).length > 0);
    const { watcher } = guard;
    process.kill(-guard.pid, 'SIGSTOP');
    await guard.live(10_000);
    // It goes on long before the guard hears what was said meanwhile.
    for (const pid of [...childrenOf(watcher), watcher]) process.kill(pid, 'SIGCONT');
    await wait(3_000);
    process.kill(guard.pid, 'SIGCONT');
    expect(await guard.ask('unlock')).toBe('free');
    expect(guard.hasKilled).toBe(false);
  });

  test('looks once more before it takes a controller for dead, where it did not notice that it stood still', async () => {
    await using guard = new Guarded(shell, 10_000);
    const sleep = (): number => childrenOf(guard.watcher)[0] ?? 0;
    await until(() => sleep() > 0);
    const { watcher } = guard;
    const before = sleep();
    process.kill(-guard.pid, 'SIGSTOP');
    // The silence is over, its sleep not for much longer than a third of it.
    await guard.live(11_500);
    for (const pid of [before, watcher]) process.kill(pid, 'SIGCONT');
    await until(() => ![0, before].includes(sleep()) || /^(gone|Z)/.test(stateOf(watcher)));
    process.kill(guard.pid, 'SIGCONT');
    expect(await guard.ask('unlock')).toBe('free');
    await guard.live(4_000);
    expect(await guard.ask('unlock')).toBe('free');
    expect(guard.hasKilled).toBe(false);
  });

  test('takes any number of words from the first moment on, and is not missed for a word', async () => {
    await using guard = new Guarded(shell, 4_000);
    guard.say('.\n'.repeat(5_000));
    expect(await guard.ask('unlock')).toBe('free');
    await until(() => childrenOf(guard.watcher).length > 0);
    process.kill(guard.watcher, 'SIGKILL');
    await guard.live(2_500);
    expect(await guard.ask('unlock')).toBe('free');
    expect(guard.hasKilled).toBe(false);
  });

  test('ends it when its sleep is killed', async () => {
    await using guard = new Guarded(shell, 4_000_000);
    // Its watcher is there before it has heard of the group.
    expect(await guard.ask('unlock')).toBe('free');
    await until(() => childrenOf(guard.watcher).length > 0);
    for (const pid of childrenOf(guard.watcher)) process.kill(pid, 'SIGKILL');
    await guard.exit;
    // SIGKILL takes a moment on a busy machine.
    await until(() => guard.hasKilled);
    expect(guard.hasKilled).toBe(true);
  });
});
