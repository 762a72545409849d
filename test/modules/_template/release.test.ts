import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as release from '../../../modules/_template';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';

const on = localTarget();
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runsheet release's "));
  for (const version of ['1.9.0', '1.10.0+1']) mkdirSync(join(root, 'releases', version), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

describe('release.current', () => {
  test('points to a release, once', async () => {
    await changesOnce(() => release.current({ root, version: '1.9.0' }), on);
    const { changes } = await changesOnce(() => release.current({ root, version: '1.10.0+1' }), on);
    expect(changes).toEqual([{ resource: root, property: 'current', from: '1.9.0', to: '1.10.0+1' }]);
    expect(readlinkSync(join(root, 'current'))).toBe('releases/1.10.0+1');
    expect(readdirSync(root).sort()).toEqual(['current', 'releases']);
  });

  test('is undone', async () => {
    await applyAndTakeBack(release.current({ root, version: '1.9.0' }), on);
    expect(existsSync(join(root, 'current'))).toBe(false);
    await carryOut(release.current({ root, version: '1.9.0' }), on);
    await applyAndTakeBack(release.current({ root, version: '1.10.0+1' }), on);
    expect(readlinkSync(join(root, 'current'))).toBe('releases/1.9.0');
  });

  test('refuses a release that is not there', async () => {
    await expect(planned(release.current({ root, version: '2.0.0' }), on)).rejects.toThrow(`${root}/releases/2.0.0 does not exist`);
    await expect(planned(release.current({ root: join(root, 'no'), version: '2.0.0' }), on)).rejects.toThrow('exited with code 1');
  });

  test.each([['etc', '1'], ['/opt/x', '..'], ['/opt/x', 'a/b'], ['/opt/x', '']])('refuses the parameters %o', (folder, version) => {
    expect(release.current({ root: folder, version }).problems).toHaveLength(1);
  });
});

describe('release.list', () => {
  test('names the releases', async () => {
    expect((await carryOut(release.list({ root }), on)).value).toEqual(['1.10.0+1', '1.9.0']);
    expect(release.list({ root: 'x' }).problems).toHaveLength(1);
  });
});

test('docs/writing-a-module.md shows these very files', () => {
  const page = readFileSync(join(__dirname, '../../../docs/writing-a-module.md'), 'utf8');
  for (const name of ['current.ts', 'list.ts', 'index.ts']) {
    expect(page, name).toContain(readFileSync(join(__dirname, '../../../modules/_template', name), 'utf8').trim());
  }
});
