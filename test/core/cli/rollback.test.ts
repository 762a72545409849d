/** `runsheet rollback` as its user calls it, on this machine as the only host. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { Bench, playbookOf, type Ended } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const bench = new Bench();
afterAll(() => bench.remove());
const at = (name: string): string => join(bench.dir, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');
const lastRun = (): string => readdirSync(at('.runsheet/runs')).sort().at(-1) ?? '';

bench.write({ 'here.ini': `here ansible_connection=local runsheet_state_dir=${at('state')}\n` });

/** Runs a playbook of these tasks. @returns the run's id */
async function run(tasks: string): Promise<string> {
  bench.write({ 'pb.ts': playbookOf(tasks) });
  await bench.run('run', 'pb.ts', '-i', 'here.ini');
  return lastRun();
}

const rollback = (...args: readonly string[]): Promise<Ended> => bench.run('rollback', ...args);
const copy = (path: string, content: string): string => `task('Write ${path}', file.copy({ path: '${at(path)}', content: '${content}' }))`;

describe('runsheet rollback', () => {
  test('says what it will do, asks, and does it', async () => {
    writeFileSync(at('a'), 'old');
    const id = await run(`${copy('a', 'new')}, ${copy('b', 'more')}`);
    const unasked = await rollback(id);
    expect(unasked).toMatchObject({ code: 1 });
    expect(unasked.stdout).toContain(`Rollback of run ${id} (Test)\n  puts back:\n    here: ${at('b')}, ${at('a')}\n`);
    expect(unasked.stdout).toContain(`Take back 2 changes of run ${id} on here?`);
    expect(read('a')).toBe('new');
    expect(await rollback(id, '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(read('a')).toBe('old');
    expect(readdirSync(bench.dir)).not.toContain('b');
    expect((await bench.run('show', 'last')).stdout).toContain(`takes back run ${id}`);
    expect((await bench.run('resume')).stderr).toContain(`took run ${id} back\nGo on with it: runsheet rollback ${id}`);
  });

  test('goes no further back than the last change that cannot be taken back', async () => {
    const id = await run(`${copy('first', 'x')}, task('Migrate', run({ command: cmd\`true\` })), ${copy('second', 'y')}`);
    const ended = await rollback(id, '--yes');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('leaves "Migrate" on here, since command.run cannot be taken back; instead: undo by hand what it did');
    expect(ended.stdout).toContain('and what was done before it: Write first (here)');
    expect(readdirSync(bench.dir)).toContain('first');
    expect(readdirSync(bench.dir)).not.toContain('second');
  });

  test('undoes commands as the playbook says, once', async () => {
    const id = await run(`task('Count up', run({ command: ['sh', '-c', 'echo up >>${at('count')}'], undo: ['sh', '-c', 'echo down >>${at('count')}'] }))`);
    await rollback(id, '--yes');
    await rollback(id, '--yes');
    expect(read('count')).toBe('up\ndown\n');
  });

  test('touches nothing where somebody else changed something since', async () => {
    const id = await run(`${copy('mine', 'x')}, ${copy('theirs', 'y')}`);
    writeFileSync(at('theirs'), 'z');
    const ended = await rollback(id, '--yes');
    expect(ended.code).toBe(2);
    expect(ended.stdout).toContain(`here: ${at('theirs')} was changed by somebody else since`);
    expect(read('mine')).toBe('x');
  });

  test('says when there is nothing to take back, and when it cannot', async () => {
    const nothing = await run(`task('Look', read({ command: cmd\`true\` }))`);
    const ended = await rollback(nothing, '--yes');
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain('nothing is to be put back');
    expect((await rollback('2099')).stderr).toContain('there is no run 2099');
    const id = await run(copy('kept', 'x'));
    writeFileSync(at('other.ini'), 'there ansible_connection=local\n');
    expect((await rollback(id, '-i', 'other.ini')).stderr).toContain('the run changed here, which is not in this inventory');
    mkdirSync(at(`.runsheet/runs/${id}`), { recursive: true });
    writeFileSync(at(`.runsheet/runs/${id}/undo.incomplete.jsonl`), '');
    expect((await rollback(id)).stderr).toContain(`the record of run ${id} is not complete`);
  });
});
