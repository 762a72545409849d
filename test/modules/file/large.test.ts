import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cmd } from '../../../core/transport/command';
import * as file from '../../../modules/file';
import { LARGE } from '../../../modules/file/controller-files';
import { collected } from '../../support/collect';
import { localTarget } from '../../support/local-target';
import { turnsDuring } from '../../support/loop';
import { carryOut, changesOnce, planned } from '../../support/module';
import { fill } from './trees';

const on = localTarget();
let folder: string;
let from: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runsheet large's "));
  from = join(folder, 'from');
  path = join(folder, 'to');
});

afterEach(() => rmSync(folder, { recursive: true }));

const large = (filling: string): Buffer => Buffer.alloc(LARGE + 1, filling);

test('a large file is copied, once, and said to be what it is', async () => {
  writeFileSync(from, large('one'));
  const [change] = await changesOnce(() => file.copy({ path, from, mode: 0o640 }), on).then(({ changes }) => changes);
  expect(change).toEqual({ resource: path, property: 'content', from: null, to: expect.stringMatching(/^sha256:[0-9a-f]{12}$/) as string });
  expect(readFileSync(path).equals(large('one'))).toBe(true);
  writeFileSync(from, large('two'));
  await carryOut(file.copy({ path, from, validate: candidate => cmd`[ "$(wc -c <${candidate})" -eq ${LARGE + 1} ]` }), on);
  expect(readFileSync(path).equals(large('two'))).toBe(true);
});

test('all hosts of a task get the same large file, though it changes meanwhile', async () => {
  writeFileSync(from, large('one'));
  const copy = file.copy({ path, from });
  await carryOut(copy, on);
  writeFileSync(from, large('two'));
  rmSync(path);
  await carryOut(copy, on);
  expect(readFileSync(path).equals(large('one'))).toBe(true);
});

test('a large file that went away is a failure of the task', async () => {
  writeFileSync(from, large('one'));
  const copy = file.copy({ path, from });
  rmSync(from);
  await expect(planned(copy, on)).rejects.toThrow('the file to copy cannot be read: ENOENT');
});

test('large files that change all the time they are read are refused, alone and in a tree', async () => {
  fill(from, { log: Buffer.alloc(8 * LARGE) });
  const log = join(from, 'log');
  const tasks = [file.copy({ path, from: log }), file.tree({ path, from })];
  let next = setImmediate(function grow() {
    appendFileSync(log, 'more');
    next = setImmediate(grow);
  });
  try {
    const refusal = { kind: 'refused', message: `${log} changed on the controller while it was read`, hint: 'run again once nobody writes to it' };
    for (const task of tasks) await expect(planned(task, on)).rejects.toMatchObject(refusal);
  } finally {
    clearImmediate(next);
  }
});

test('what large files hold does not stay in memory with their tasks', async () => {
  const megabytes = async (): Promise<number> => {
    await collected();
    return process.memoryUsage().arrayBuffers / 1024 / 1024;
  };
  const size = 65;
  const tasks = ['a', 'b', 'c', 'd', 'e'].map(name => {
    const big = join(folder, name);
    writeFileSync(big, name);
    truncateSync(big, size * 1024 * 1024);
    return file.copy({ path, from: big });
  });
  const before = await megabytes();
  for (const task of tasks) await planned(task, on);
  // The last one waits for another host.
  expect(await megabytes() - before).toBeLessThan(1.5 * size);
  for (const task of tasks) expect((await planned(task, on)).length).toBe(1);
});

test('a large tree is hashed while the event loop goes on; what changes afterwards is not brought', async () => {
  fill(from, { big: Buffer.alloc(8 * LARGE, 'x'), 'd/small': 'small' });
  const tree = (): ReturnType<typeof file.tree> => file.tree({ path, from });
  const seen = tree();
  expect((await turnsDuring(() => planned(seen, on))).turns).toBeGreaterThan(0);
  fill(from, { big: Buffer.alloc(9 * LARGE, 'y') });
  await expect(carryOut(seen, on)).rejects.toThrow(`${from}/big changed on the controller since it was looked at`);
  await changesOnce(tree, on);
  expect(readFileSync(join(path, 'big')).equals(Buffer.alloc(9 * LARGE, 'y'))).toBe(true);
  rmSync(join(from, 'd'), { recursive: true });
  const gone = tree();
  rmSync(join(from, 'big'));
  await expect(planned(gone, on)).rejects.toThrow('the directory to copy cannot be read: ENOENT');
});

test('a tree of many files is brought whole', async () => {
  const files = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`d${i % 10}/f${i}`, String(i)]));
  fill(from, files);
  await carryOut(file.tree({ path, from }), on);
  expect(Object.keys(files).map(name => [name, readFileSync(join(path, name), 'utf8')])).toEqual(Object.entries(files));
});
