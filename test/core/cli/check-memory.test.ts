/** A good check is remembered only for what was surely checked, and what was loaded is what was checked. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CheckMemory } from '../../../core/cli/check-memory';
import { checkTypes } from '../../../core/cli/typecheck';
import { Bench, playbookOf, ROOT } from './cli';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  vi.stubEnv('XDG_CACHE_HOME', join(bench.dir, '.cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  bench.remove();
});

const at = (name: string): string => join(bench.dir, name);
/** After it a first check believes the times of its files. */
const settled = (): Promise<void> => new Promise(done => setTimeout(done, 2100));

describe('the memory', () => {
  const remembers = (...roots: readonly string[]): boolean => new CheckMemory(roots.map(at), ROOT).goodSources() !== undefined;

  /** A good check, and what happens while the compiler is at work. */
  function check(root: string, imports: readonly string[] = [], meanwhile: () => void = () => undefined): CheckMemory {
    const memory = new CheckMemory([at(root)], ROOT);
    memory.goodSources();
    meanwhile();
    memory.remember([root, ...imports].map(at));
    return memory;
  }

  test('keeps a check of files that stayed as they are, saved just before it as well', () => {
    bench.write({ 'pb.ts': 'one' });
    check('pb.ts');
    expect(remembers('pb.ts')).toBe(true);
  });

  test('keeps none when the playbook was saved meanwhile, not even with the text of before', () => {
    bench.write({ 'pb.ts': 'one' });
    check('pb.ts', [], () => bench.write({ 'pb.ts': 'two' }));
    expect(remembers('pb.ts')).toBe(false);
  });

  test('keeps none when it held another text for a moment', async () => {
    bench.write({ 'pb.ts': 'one' });
    await settled();
    check('pb.ts', [], () => {
      bench.write({ 'pb.ts': 'two' });
      bench.write({ 'pb.ts': 'one' });
    });
    expect(remembers('pb.ts')).toBe(false);
  });

  test('keeps none when what it imports was saved meanwhile, known from the last check or not', async () => {
    bench.write({ 'pb.ts': 'one', 'part.ts': 'one' });
    await settled();
    check('pb.ts', ['part.ts'], () => bench.write({ 'part.ts': 'two' }));
    expect(remembers('pb.ts')).toBe(false);
    await settled();
    check('pb.ts', ['part.ts']);
    expect(remembers('pb.ts')).toBe(true);
    bench.write({ 'pb.ts': 'two' });
    check('pb.ts', ['part.ts'], () => bench.write({ 'part.ts': 'six' }));
    expect(remembers('pb.ts')).toBe(false);
  });

  test('keeps none when packages changed meanwhile', () => {
    bench.write({ 'pb.ts': 'one', 'package-lock.json': 'one' });
    check('pb.ts', [], () => bench.write({ 'package-lock.json': 'two' }));
    expect(remembers('pb.ts')).toBe(false);
  });

  test('takes no file for changed whose time lies ahead of the clock', () => {
    bench.write({ 'pb.ts': 'one', 'part.ts': 'one' });
    const clock = vi.spyOn(Date, 'now').mockReturnValue(statSync(at('part.ts')).ctimeMs - 60_000);
    const memory = check('pb.ts', ['part.ts']);
    expect(memory.changed(new Map([[at('part.ts'), 'its hash']]))).toEqual([]);
    clock.mockRestore();
    bench.write({ 'part.ts': 'two' });
    expect(memory.changed(new Map([[at('part.ts'), 'its hash']]))).toEqual([at('part.ts')]);
  });

  test('ends when npm writes a lock file in a folder of its files or above', async () => {
    bench.write({ 'site/playbooks/pb.ts': 'one', 'site/lib/part.ts': 'one' });
    await settled();
    const again = (): CheckMemory => check('site/playbooks/pb.ts', ['site/lib/part.ts']);
    again();
    for (const lock of ['', 'site/', 'site/playbooks/', 'site/lib/'].flatMap(folder => [`${folder}package-lock.json`, `${folder}node_modules/.package-lock.json`])) {
      for (const text of ['one', 'two']) {
        expect([lock, remembers('site/playbooks/pb.ts')]).toEqual([lock, true]);
        bench.write({ [lock]: text });
        expect([lock, remembers('site/playbooks/pb.ts')]).toEqual([lock, false]);
        again();
      }
    }
  });

  test('is not written again when nothing changed', async () => {
    bench.write({ 'pb.ts': 'one' });
    await settled();
    const { key } = check('pb.ts');
    const { mtimeMs } = statSync(at(`.cache/runsheet/types/${key}.json`));
    expect(remembers('pb.ts')).toBe(true);
    expect(statSync(at(`.cache/runsheet/types/${key}.json`)).mtimeMs).toBe(mtimeMs);
  });
});

describe('the check', () => {
  const roots = (): readonly string[] => [at('pb.ts')];
  const part = (value: string): void => bench.write({ 'part.ts': `export const part: ${value};\n` });
  const changed = [expect.stringMatching(/part\.ts changed while it was checked and loaded, /)];

  beforeEach(() => {
    bench.write({ 'pb.ts': `import { part } from './part';\nexport const text: string = part;\n` });
    part(`string = 'one'`);
  });

  test('is a problem and is not remembered when a file is saved while the compiler is at work', async () => {
    await settled();
    const checking = checkTypes(roots());
    part(`string = 'two'`);
    expect((await checking).changed()).toEqual(changed);
    expect((await checkTypes(roots())).remembered).toBe(false);
  });

  test('is a problem when a file is saved after it and before it is loaded, remembered or not', async () => {
    await settled();
    for (const [remembered, text] of [[false, 'number = 1'], [true, 'number = 2']] as const) {
      part(`string = 'one'`);
      if (remembered) await checkTypes(roots()).then(settled).then(() => checkTypes(roots()));
      const check = await checkTypes(roots());
      expect(check).toMatchObject({ remembered, problems: [] });
      part(text);
      expect(check.changed()).toEqual(changed);
    }
  });

  test('is made again when npm changed the packages of a folder above', async () => {
    const site = (type: string): void => bench.write({
      'site/package-lock.json': type, 'site/node_modules/.package-lock.json': type,
      'site/node_modules/dep/package.json': '{ "name": "dep", "types": "index.d.ts" }', 'site/node_modules/dep/index.d.ts': `export declare const dep: ${type};\n`,
    });
    site('string');
    bench.write({ 'site/playbooks/pb.ts': `import { dep } from 'dep';\nexport const text: string = dep;\n` });
    const check = () => checkTypes([at('site/playbooks/pb.ts')]);
    expect((await check()).problems).toEqual([]);
    expect(await check()).toMatchObject({ remembered: true, problems: [] });
    site('number');
    expect((await check()).problems).toEqual([expect.stringContaining(`Type 'number' is not assignable to type 'string'`)]);
  });
});

test('a playbook of which a file changes while it is loaded is refused, and checked again', async () => {
  const text = playbookOf(`task('Look', read({ command: cmd\`true\` }))`, `import { writeFileSync } from 'node:fs';
import { part } from './part';
if (process.env['SAVE'] !== undefined) writeFileSync(__dirname + '/part.ts', 'export const part: number = 1;\\n');
void part;`);
  bench.write({ 'hosts.ini': 'here ansible_connection=local\n', 'part.ts': `export const part: string = 'one';\n`, 'pb.ts': text });
  await settled();
  const check = (env: Readonly<Record<string, string>>) => bench.start(['check', 'pb.ts', '-i', 'hosts.ini', '--verbose'], env).ended;
  expect(await check({})).toMatchObject({ code: 0, stderr: expect.stringContaining('types checked') as string });
  expect(await check({ SAVE: '1' })).toMatchObject({ code: 1, stderr: expect.stringMatching(/part\.ts changed while it was checked and loaded, .*run it again/) as string });
  expect((await check({})).stderr).toContain('types checked');
});
