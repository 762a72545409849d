/** Check mode next to the run after it: trees among the other modules of files. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Foreseen } from '../../../core/foreseen';
import { see, type Action, type Change } from '../../../core/module';
import type { Target } from '../../../core/transport/connection';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';
import { fill, fillSource } from './trees';

const on = localTarget();
let folder: string;
let from: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runsheet tree's "));
  from = join(folder, 'source');
  path = join(folder, 'host');
  fillSource(from);
});

afterEach(() => rmSync(folder, { recursive: true }));

type Call = () => Action<unknown>;

/** What check mode says of calls, one after the other. */
async function checked(calls: readonly Call[]): Promise<(readonly Change[])[]> {
  const checking: Target = { ...on, foreseen: new Foreseen() };
  const said: (readonly Change[])[] = [];
  for (const call of calls) {
    const action = call();
    if (action.kind !== 'resource') throw new Error('only resources are compared');
    const { changes, foretell } = await see(action.look, checking);
    if (changes.length > 0) await foretell?.(checking);
    said.push(changes);
  }
  return said;
}

/** The run makes the changes that check mode named before it. @returns how many each call made */
async function agreed(...calls: readonly Call[]): Promise<number[]> {
  const said = await checked(calls);
  const made: (readonly Change[])[] = [];
  for (const call of calls) made.push((await carryOut(call(), on)).changes);
  expect(made).toEqual(said);
  return made.map(changes => changes.length);
}

const tree = (more: Partial<file.TreeParams> = {}): Call => () => file.tree({ path, from, ...more });

describe('check mode foresees', () => {
  test('a tree that is new, and what is done in it', async () => {
    expect(await agreed(
      tree(), tree(),
      () => file.line({ path: join(path, 'a.conf'), line: 'more' }),
      () => file.copy({ path: join(path, 'conf.d/link to a'), content: 'through a link\n', mode: 0o600 }),
      () => file.copy({ path: join(path, 'deep/new'), content: 'new' }),
      () => file.absent({ path: join(path, 'bin'), recursive: true }),
      () => file.link({ path: join(path, 'dangling'), to: 'elsewhere' }),
      () => file.directory({ path: join(path, 'empty'), mode: 0o700, owner: 'daemon' }),
      tree(), tree({ prune: true }), tree({ prune: true }),
    )).toEqual([1, 0, 1, 2, 1, 1, 1, 2, 3, 1, 0]);
  });

  test('a tree in a directory that is new, through a link that is new, with an owner', async () => {
    const link = join(folder, 'link');
    expect(await agreed(
      () => file.directory({ path: join(path, 'x'), mode: 0o750 }),
      () => file.link({ path: link, to: join(path, 'x') }),
      tree({ path: link, mode: 0o640, directoryMode: 0o750, owner: 'daemon', group: 'daemon' }),
      tree({ path: join(path, 'x'), mode: 0o640, directoryMode: 0o750, owner: 'daemon', group: 'daemon' }),
      () => file.absent({ path: join(path, 'x/conf.d'), recursive: true }),
      tree({ path: link, owner: 'root', group: 'root' }),
      () => file.present({ path: join(path, 'x/conf.d/b 1.conf'), owner: 'root', mode: 0o644 }),
    )).toEqual([2, 1, 9, 0, 1, 12, 0]);
  });

  test('changes of a tree that is there', async () => {
    fill(path, { 'a.conf': 'old', 'foreign': '1', 'old/x': '2', 'conf.d/b 1.conf': 'b\n' });
    symlinkSync('a.conf', join(path, '-n'));
    expect(await agreed(
      () => file.absent({ path: join(path, 'old/x') }),
      () => file.copy({ path: join(path, 'a.conf'), content: 'a\n' }),
      () => file.copy({ path: join(path, 'conf.d/foreign'), content: 'a\n' }),
      tree({ prune: true }),
      () => file.copy({ path: join(path, 'bin/run'), content: '#!/bin/sh\n', mode: 0o755, owner: 'root' }),
      tree({ prune: true, mode: 0o600 }),
    )).toEqual([1, 1, 1, 11, 0, 6]);
  });

  test('what stands in the way once it is planned', async () => {
    mkdirSync(path);
    const refused = checked([() => file.link({ path: join(path, 'conf.d'), to: '/etc' }), tree()]);
    await expect(refused).rejects.toThrow(`${path}/conf.d is to be a directory and is a link to /etc`);
  });

  test('that only the run can tell what a large file of a tree will be', async () => {
    writeFileSync(join(from, 'large'), Buffer.alloc(1_100_000));
    await expect(checked([tree(), tree()])).rejects.toThrow(`${path}/large changes above`);
    await expect(checked([tree(), () => file.present({ path: join(path, 'a.conf') })])).resolves.toHaveLength(2);
  });
});
