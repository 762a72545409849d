import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256, sha256InPieces } from '../../../core/checksum';
import * as file from '../../../modules/file';
import { forgetFiles, LARGE, measure, measureNow, readOnce, readOrDefer } from '../../../modules/file/controller-files';
import { turnsDuring } from '../../support/loop';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runsheet-controller-'));
  path = join(folder, 'file');
  writeFileSync(path, 'one');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  forgetFiles();
});

/** Longer than a file counts as just changed. */
const settle = (): Promise<void> => pause(150);
const plain = (text: string): string => createHash('sha256').update(text).digest('hex');
const sumOf = (of: string): string => measureNow(of).sha256;
/** Large by one octet. */
const large = (filling: string): Buffer => Buffer.alloc(LARGE + 1, filling);
function later(of: string): () => Promise<Buffer> {
  const content = readOrDefer(of);
  if (typeof content !== 'function') throw new Error(`${of} was read at once`);
  return content;
}
const readLater = (of: string): Promise<Buffer> => later(of)();

/** Waits until a part of the file was read by somebody in this process who still has it open. */
async function begun(of: string): Promise<void> {
  const isBegun = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === of && /^pos:\s*[1-9]/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    } catch {
      return false;
    }
  };
  while (!readdirSync('/proc/self/fd').some(isBegun)) await nextTurn();
}

/** Does the work while the file grows in every turn of the loop. */
async function whileGrowing<T>(of: string, work: () => Promise<T>): Promise<T> {
  let next: NodeJS.Immediate;
  const grow = (): void => {
    appendFileSync(of, 'more');
    next = setImmediate(grow);
  };
  next = setImmediate(grow);
  try {
    return await work();
  } finally {
    clearImmediate(next);
  }
}

const changedWhileRead = (of: string): unknown => expect.objectContaining({ kind: 'refused', message: `${of} changed on the controller while it was read`, hint: 'run again once nobody writes to it' });

describe('files of the controller', () => {
  test('are read once', async () => {
    await settle();
    const bytes = readOnce(path);
    expect(bytes.toString()).toBe('one');
    expect(readOnce(path)).toBe(bytes);
    expect([sha256(bytes), sumOf(path)]).toEqual([plain('one'), plain('one')]);
  });

  test.each([
    ['is rewritten', () => writeFileSync(path, 'two')],
    ['is replaced by one of the same size and times', () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(`${path}.new`, 'two');
      utimesSync(`${path}.new`, atime, mtime);
      renameSync(`${path}.new`, path);
    }],
    ['is rewritten and given its old time', () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, 'two');
      utimesSync(path, atime, mtime);
    }],
  ])('are read again where one %s', async (_, change) => {
    await settle();
    expect([readOnce(path).toString(), sumOf(path)]).toEqual(['one', plain('one')]);
    change();
    expect([readOnce(path).toString(), sumOf(path)]).toEqual(['two', plain('two')]);
  });

  test('are not remembered while they may still be written', () => {
    for (const text of ['a', 'b', 'c', 'd']) {
      writeFileSync(path, text);
      expect([readOnce(path).toString(), sumOf(path)]).toEqual([text, plain(text)]);
    }
  });

  test('may be large, empty or a pipe', () => {
    writeFileSync(path, large('xyz'));
    expect(sumOf(path)).toBe(sha256(large('xyz')));
    expect(readOnce(path).equals(large('xyz'))).toBe(true);
    writeFileSync(path, '');
    expect([readOnce(path).length, sumOf(path)]).toEqual([0, plain('')]);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    execFileSync('sh', ['-c', '(echo once >"$0") >/dev/null 2>&1 &', pipe]);
    expect(readOnce(pipe).toString()).toBe('once\n');
  });

  test('that change again and again while they are read are refused', async () => {
    writeFileSync(path, large('one'));
    truncateSync(path, LARGE / 2);
    const writer = spawn('sh', ['-c', 'while [ -e "$0" ]; do printf . >>"$0"; done', path], { stdio: 'ignore' });
    try {
      const often = { timeout: 20_000, interval: 0 };
      await vi.waitFor(() => expect(() => readOnce(path)).toThrow(changedWhileRead(path)), often);
      await vi.waitFor(() => expect(() => measureNow(path)).toThrow(changedWhileRead(path)), often);
      const sentence = `${path} changed on the controller while it was read; run again once nobody writes to it`;
      await vi.waitFor(() => expect(file.copy({ path: '/x', from: path }).problems).toEqual([`file.copy: the file to copy cannot be read: ${sentence}`]), often);
      await vi.waitFor(() => expect(file.tree({ path: '/x', from: folder }).problems).toEqual([`file.tree: the directory to copy cannot be read: ${sentence}`]), often);
      await vi.waitFor(() => expect(file.template({ path: '/x', template: path, values: {} }).problems).toEqual([`file.template: the template cannot be read: ${sentence}`]), often);
    } finally {
      writer.kill();
    }
  });

  test('that cannot be read say so', () => {
    expect(() => readOnce(folder)).toThrow('EISDIR');
    expect(() => sumOf(join(folder, 'no'))).toThrow('ENOENT');
  });
});

describe('large files of the controller', () => {
  test('are read when they are first wanted, once for all who want them', async () => {
    writeFileSync(path, large('one'));
    await settle();
    const [a, b] = [readOrDefer(path), readOrDefer(path)];
    if (typeof a !== 'function' || typeof b !== 'function') throw new Error('it was read at once');
    const [[first, second], sums] = await Promise.all([Promise.all([a(), b()]), Promise.all([measure(path), measure(path)])]);
    expect(first.equals(large('one'))).toBe(true);
    expect(second).toBe(first);
    expect(await readLater(path)).toBe(first);
    expect(sums).toEqual(Array(2).fill({ size: LARGE + 1, sha256: sha256(large('one')) }));
    // What a task has read it keeps: all its hosts get the same.
    writeFileSync(path, large('two'));
    expect(await a()).toBe(first);
    expect((await readLater(path)).equals(large('two'))).toBe(true);
    expect((await measure(path)).sha256).toBe(sha256(large('two')));
  });

  test('are not remembered while they may still be written', async () => {
    for (const text of ['a', 'b', 'c']) {
      writeFileSync(path, large(text));
      expect((await readLater(path)).equals(large(text))).toBe(true);
      expect(await measure(path)).toEqual({ size: LARGE + 1, sha256: sha256(large(text)) });
    }
  });

  test('that change while they are read are read again', async () => {
    const [one, two] = [Buffer.alloc(8 * LARGE, 'one'), Buffer.alloc(7 * LARGE, 'two')];
    for (const work of [readLater, async (of: string) => measure(of)]) {
      writeFileSync(path, one);
      await settle();
      const reading = work(path);
      await begun(path);
      writeFileSync(path, two);
      const result = await reading;
      expect(Buffer.isBuffer(result) ? sha256(result) : result.sha256).toBe(sha256(two));
    }
    expect((await readLater(path)).equals(two)).toBe(true);
  });

  test('that change again and again while they are read are refused, and read once they rest', async () => {
    writeFileSync(path, Buffer.alloc(8 * LARGE));
    await settle();
    const content = later(path);
    await whileGrowing(path, async () => {
      await expect(content()).rejects.toThrow(changedWhileRead(path));
      await expect(measure(path)).rejects.toThrow(changedWhileRead(path));
    });
    expect((await content()).length).toBe(statSync(path).size);
  });

  test('that go away before they are read say so', async () => {
    writeFileSync(path, large('one'));
    const content = readOrDefer(path);
    rmSync(path);
    await expect(typeof content === 'function' ? content() : content).rejects.toThrow('ENOENT');
    expect(() => readOrDefer(path)).toThrow('ENOENT');
    await expect(measure(path)).rejects.toThrow('ENOENT');
  });

  test('let the event loop go on', async () => {
    writeFileSync(path, '');
    truncateSync(path, 50 * 1024 * 1024);
    await settle();
    const measured = await turnsDuring(() => measure(path));
    const read = await turnsDuring(() => readLater(path));
    const hashed = await turnsDuring(() => sha256InPieces(Buffer.alloc(50 * 1024 * 1024)));
    expect([measured.turns, read.turns, hashed.turns].map(turns => turns > 1)).toEqual([true, true, true]);
    expect(new Set([measured.value.sha256, sha256(read.value), hashed.value]).size).toBe(1);
  });
});
