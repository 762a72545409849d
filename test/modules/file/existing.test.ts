import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

const on = localTarget();
let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "runsheet exist'ing ")); });
afterEach(() => rmSync(folder, { recursive: true }));

test('tells which paths are there, and what runs put beside them', async () => {
  const [here, gone, data, link] = ['a b.pem', 'gone', 'etcd', 'dangling'].map(name => join(folder, name));
  for (const name of ['a b.pem', 'a b.pem-bak-1', 'a b.pem-bak-2', 'a b.pem.other']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'etcd.removed-1'));
  symlinkSync('nowhere', link ?? '');
  const paths = [here ?? '', gone ?? '', data ?? '', link ?? ''];
  expect((await carryOut(file.existing({ paths }), on)).value).toEqual([here]);
  expect((await carryOut(file.existing({ paths, copies: true }), on)).value).toEqual([here, `${here ?? ''}-bak-1`, `${here ?? ''}-bak-2`, `${data ?? ''}.removed-1`]);
  expect((await carryOut(file.existing({ paths: [] }), on)).value).toEqual([]);
});

test('wants absolute paths', () => {
  expect(file.existing({ paths: ['etc'] }).problems).toHaveLength(1);
});
