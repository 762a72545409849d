/** What is kept between two starts: it saves time, is the user's alone, and is never believed against the sources. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bench, playbookOf, ROOT } from './cli';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  bench.write({ 'hosts.ini': 'here ansible_connection=local\n', 'pb.ts': playbook('one') });
});
afterEach(() => bench.remove());

const kept = (folder: string, name: RegExp): readonly string[] => readdirSync(join(bench.dir, '.cache/runsheet', folder)).filter(file => name.test(file)).map(file => join(bench.dir, '.cache/runsheet', folder, file));
const check = async (): Promise<string> => (await bench.run('check', 'pb.ts', '-i', 'hosts.ini')).stderr;

/** The sixth line throws: `name` is not what the loader wants to see, and the place is in the message. */
function playbook(text: string): string {
  return `import { playbook } from 'runsheet';\n\ninterface Never { readonly a: string }\nconst never: Never = { a: '${text}' };\n\nexport default playbook({ name: 'Caches', plays: () => { throw new Error(never.a); } });\n`;
}

test('a second start takes compiled code from the cache, and names the lines of the source all the same', async () => {
  expect(await check()).toContain('pb.ts:6: one');
  const [code = ''] = kept('code', /^pb\.ts-/);
  const written = statSync(code).mtimeMs;
  expect(await check()).toContain('pb.ts:6: one');
  expect(statSync(code).mtimeMs).toBe(written);
});

test('code of other sources, or that is damaged, is not used', async () => {
  await check();
  // As long as before: V8 itself compares no more than the length.
  bench.write({ 'pb.ts': playbook('two') });
  expect(await check()).toContain('pb.ts:6: two');
  const [code = ''] = kept('code', /^pb\.ts-/);
  writeFileSync(code, readFileSync(code).fill(0, 20, 200));
  expect(await check()).toContain('pb.ts:6: two');
});

test('the modules of the runner are in one file, and one that is cut off is made anew', async () => {
  await check();
  const [pack = ''] = kept('packs', /./);
  const { size } = statSync(pack);
  expect(await check()).toContain('pb.ts:6: one');
  expect(kept('packs', /./)).toEqual([pack]);
  truncateSync(pack, size - 100);
  expect(await check()).toContain('pb.ts:6: one');
  const { mtimeMs, size: whole } = statSync(pack);
  expect(whole).not.toBe(size - 100);
  expect(await check()).toContain('pb.ts:6: one');
  expect(statSync(pack).mtimeMs).toBe(mtimeMs);
});

test('what many hosts change in V8 does not make the next start compile anew', async () => {
  // Nothing listens there: ssh2 is loaded, after the heap was made small.
  const hosts = (count: number): string => Array.from({ length: count }, (_, i) => `h${i} ansible_host=127.0.0.1 ansible_port=1\n`).join('');
  bench.write({ 'many.ini': hosts(150), 'few.ini': hosts(2), 'pb.ts': playbookOf("task('Nothing', run({ command: cmd`true` }))") });
  const runOn = async (inventory: string): Promise<void> => expect(await bench.run('run', 'pb.ts', '-i', inventory)).toMatchObject({ code: 4 });
  for (const inventory of ['many.ini', 'few.ini']) await runOn(inventory);
  const [pack = ''] = kept('packs', /./);
  const { mtimeMs } = statSync(pack);
  for (const inventory of ['many.ini', 'few.ini', 'many.ini']) await runOn(inventory);
  expect(statSync(pack).mtimeMs).toBe(mtimeMs);
});

/** Loads a module by way of the pack, as bin/register.js does. */
const LOADER = `const [pack, root, path] = process.argv.slice(2);
const Module = require('node:module');
const { readFileSync, writeFileSync } = require('node:fs');
const { Pack } = require(pack);
const packed = new Pack({ root, path, salt: 'test', keep: writeFileSync });
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, parent, ...rest) => {
  const known = packed.resolve(request, parent?.filename);
  const found = known ?? resolve(request, parent, ...rest);
  if (known === undefined) packed.resolved(request, parent?.filename, found);
  return found;
};
const plain = Module._extensions['.js'];
Module._extensions['.js'] = (module, file) => { if (!packed.run(module, file) && !packed.compile(module, file, readFileSync(file, 'utf8'))) plain(module, file); };
process.stdout.write(require(root + '/main.js'));`;

test('a file that comes to stand before another one is found, as without the pack', async () => {
  bench.write({ 'load.js': LOADER, 'home/node_modules/.package-lock.json': '{}', 'home/main.js': "module.exports = require('./part');", 'home/part/index.js': "module.exports = 'the folder';" });
  const path = join(bench.dir, 'pack');
  const load = (): string => spawnSync(process.execPath, [join(bench.dir, 'load.js'), join(ROOT, 'bin/pack.js'), join(bench.dir, 'home'), path], { encoding: 'utf8' }).stdout;
  // What changed just now is not kept.
  await new Promise(resolve => setTimeout(resolve, 2100));
  expect(load()).toBe('the folder');
  const { mtimeMs } = statSync(path);
  expect(load()).toBe('the folder');
  expect(statSync(path).mtimeMs).toBe(mtimeMs);
  bench.write({ 'home/part.js': "module.exports = 'the file';" });
  expect(load()).toBe('the file');
  await new Promise(resolve => setTimeout(resolve, 2100));
  expect([load(), load()]).toEqual(['the file', 'the file']);
});

test('a folder that others may write is left alone', async () => {
  await check();
  for (const folder of ['code', 'js', 'packs']) {
    for (const file of kept(folder, /./)) writeFileSync(file, 'process.exit(99)');
    chmodSync(join(bench.dir, '.cache/runsheet', folder), 0o777);
  }
  expect(await check()).toContain('pb.ts:6: one');
});

test('what npm ci prepares is what the first run of another playbook starts from', async () => {
  const env = { PATH: process.env['PATH'], HOME: bench.dir, XDG_CACHE_HOME: join(bench.dir, '.cache') };
  expect(spawnSync(process.execPath, [join(ROOT, 'scripts/warm.js')], { cwd: bench.dir, env, encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const prepared = kept('types', /\.tsbuildinfo$/);
  expect(prepared).toHaveLength(1);
  expect(kept('js', /\.js$/).length).toBeGreaterThan(100);
  expect(kept('types', /\.json$/).filter(file => !file.endsWith('tsconfig.json'))).toEqual([]);
  bench.write({ 'pb.ts': `${playbook('one')}const wrong: number = 'text';\n` });
  expect(await check()).toContain(`pb.ts:7:7: Type 'string' is not assignable to type 'number'.`);
  expect(existsSync(prepared[0] ?? '')).toBe(true);
});
