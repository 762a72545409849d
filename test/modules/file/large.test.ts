import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cmd } from '../../../core/transport/command';
import * as file from '../../../modules/file';
import { LARGE } from '../../../modules/file/controller-files';
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
