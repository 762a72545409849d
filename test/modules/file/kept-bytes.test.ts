/** Contents that are too large to be kept: how long they are shared, and when they are let go. */
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forgetFiles, LARGE, readOrDefer } from '../../../modules/file/controller-files';
import { collected } from '../../support/collect';

let folder: string;
const later = (of: string): () => Promise<Buffer> => readOrDefer(of) as () => Promise<Buffer>;
const paths = (): string[] => ['a', 'b', 'c'].map(name => join(folder, name));
/** Weakly, and in a function of its own: a test that waits may hold what it has seen. */
const weakly = async (content: () => Promise<Buffer>): Promise<WeakRef<Buffer>> => new WeakRef(await content());
const isHeld = (bytes: WeakRef<Buffer>): boolean => bytes.deref() !== undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runsheet-kept-'));
  for (const each of paths()) {
    writeFileSync(each, each);
    truncateSync(each, 65 * 1024 * 1024);
  }
  // Longer than a file counts as just changed.
  await pause(150);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
  forgetFiles();
});

test('stay for the next host, until another such file is read or some time has passed, though their tasks live on', async () => {
  const contents = paths().map(later);
  const bytes: WeakRef<Buffer>[] = [];
  for (const content of contents) bytes.push(await weakly(content));
  await collected();
  expect(bytes.map(isHeld)).toEqual([false, false, true]);
  expect(await Promise.all(contents.slice(2).map(weakly)).then(([again]) => again?.deref() === bytes[2]?.deref())).toBe(true);
  vi.advanceTimersByTime(60_000);
  await collected();
  expect(bytes.map(isHeld)).toEqual([false, false, false]);
  expect(contents.length).toBe(3);
});

test('are shared as long as some host needs them', async () => {
  const [content, other] = paths().map(later);
  if (content === undefined || other === undefined) throw new Error('there are three');
  const needed = await content();
  await weakly(other);
  vi.advanceTimersByTime(60_000);
  await collected();
  expect(await content()).toBe(needed);
});

test('are read once more where they were let go, and refused where they are another content then', async () => {
  const [first = ''] = paths();
  const content = later(first);
  const bytes = await weakly(content);
  vi.advanceTimersByTime(60_000);
  await collected();
  expect(isHeld(bytes)).toBe(false);
  utimesSync(first, 1, 1);
  expect((await content()).subarray(0, first.length).toString()).toBe(first);
  writeFileSync(first, Buffer.alloc(LARGE + 1, 'another'));
  expect((await content()).subarray(0, first.length).toString()).toBe(first);
  vi.advanceTimersByTime(60_000);
  await collected();
  await expect(content()).rejects.toMatchObject({ kind: 'refused', message: `${first} changed on the controller since it was looked at`, hint: 'run again once nobody writes to it' });
});
