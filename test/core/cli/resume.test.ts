/** Runs that are looked at afterwards, and gone on with. */
import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Bench, playbookOf, until, type Ended } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const bench = new Bench();
const path = (name: string): string => join(bench.dir, name);
const read = (name: string): string => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : '');
const runs = (): readonly string[] => readdirSync(path('.runsheet/runs')).sort();
const fileOf = (run: string | undefined, name: string): string => join(bench.dir, '.runsheet', 'runs', run ?? '', name);

beforeAll(() => {
  bench.write({
    'here.ini': `here ansible_connection=local runsheet_state_dir=${path('state')}\n`,
    'site.ts': playbookOf(`
      task('Append', run({ command: cmd\`sh -c 'echo x >> ${path('log')}'\` })),
      task('Put', file.copy({ path: '${path('made.txt')}', content: 'made\\n' })),
      task('Gate', read({ command: cmd\`test -e ${path('gate')}\` })),
      task('Wait', run({ command: cmd\`sh -c '[ -e ${path('go')} ] || { touch ${path('waiting')}; sleep 3481; }'\` }))`),
    'secret.ts': playbookOf(`task('Look', read({ command: cmd\`test -e ${path('gate')}\` }))`, `import { z } from 'zod';`)
      .replace(`name: 'Test',`, `name: 'Test', vars: z.strictObject({ db_password: z.string(), colour: z.string().default('red') }),`),
  });
});
afterAll(() => bench.remove());

/** A run that fails at its gate, in a folder without earlier runs. */
async function failed(): Promise<Ended> {
  for (const name of ['.runsheet', 'log', 'made.txt', 'gate', 'go', 'waiting']) rmSync(path(name), { recursive: true, force: true });
  return bench.run('run', 'site.ts', '-i', 'here.ini');
}

describe('a run that failed', () => {
  test('is written down, listed, shown, and gone on with without doing a command twice', async () => {
    expect(await failed()).toMatchObject({ code: 2 });
    const [id = ''] = runs();
    expect(JSON.parse(readFileSync(fileOf(id, 'job.json'), 'utf8'))).toMatchObject({ v: 1, run: id, name: 'Test', args: { playbook: 'site.ts', inventory: ['here.ini'], check: false }, notKept: [] });
    expect(statSync(fileOf(id, 'job.json')).mode & 0o777).toBe(0o600);

    const list = await bench.run('runs');
    expect(list.stdout).toMatch(/^RUN +WHEN \(UTC\) +PLAYBOOK +HOSTS +ENDED +CHANGED\n\S+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +site\.ts +1 +failed +2 tasks on 1 host\n$/);
    const shown = await bench.run('show', id.slice(0, 16));
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain(`run ${id}  failed  `);
    expect(shown.stdout).toContain(`
  site.ts -i here.ini

here
  changed test/Append
    run sh -c 'echo x >> ${path('log')}'
  changed test/Put
    ${path('made.txt')} content: sha256:`);
    expect(shown.stdout).toMatch(/ {2}failed test\/Gate\n {4}here: test -e .* exited with code 1\n\nRECAP .*\n {2}here {2}ok=0 {2}changed=2 {2}failed=1\n$/);
    const only = await bench.run('show', 'last', '--failed', '--json');
    expect(JSON.parse(only.stdout)).toMatchObject({ run: id, ended: 'failed', exit: 2, recap: { exit: 2 }, tasks: [{ task: 'test/Gate', status: 'failed' }] });

    writeFileSync(path('made.txt'), 'by hand\n');
    for (const name of ['gate', 'go']) writeFileSync(path(name), '');
    const again = await bench.run('resume', '--verbose');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain(`Append  1 ok\n      ok here  done in run ${id} at `);
    expect(again.stdout).toContain('Put  1 changed');
    expect([read('log'), read('made.txt')]).toEqual(['x\n', 'made\n']);
    expect(await bench.run('resume')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^run \S+ ended well: there is nothing to go on with\n$/) as string });
    expect(JSON.parse((await bench.run('runs', '--json')).stdout)).toMatchObject([{ resumes: id, ended: 'ok', exit: 0, changed: { tasks: 2, hosts: 1 } }, { run: id, ended: 'failed', resumes: null }]);
  });

  test('is not gone on with when what it is made from changed, or a check, or one without job.json', async () => {
    await failed();
    const [id = ''] = runs();
    const ini = read('here.ini');
    appendFileSync(path('here.ini'), '# other\n');
    bench.write({ 'group_vars/all.yml': 'a: 1\n' });
    const changed = await bench.run('resume', id);
    expect(changed).toMatchObject({ code: 1, stdout: '' });
    expect(changed.stderr).toBe(`run ${id} was made from other sources: here.ini, group_vars/all.yml (new) changed since\nStart it anew: runsheet run site.ts ...; what is done already is found done.\n`);
    bench.write({ 'here.ini': ini });
    rmSync(path('group_vars'), { recursive: true });
    rmSync(fileOf(id, 'job.json'));
    expect((await bench.run('resume', id)).stderr).toContain(`run ${id} has no job.json that can be read`);
    await bench.run('run', 'site.ts', '-i', 'here.ini', '--check');
    expect((await bench.run('resume')).stderr).toMatch(/was a check, which changes nothing/);
  });
});

test('a run that was taken back is not gone on with, nor is its rollback', async () => {
  bench.write({ 'back.ts': playbookOf(`task('Put', file.copy({ path: '${path('back.txt')}', content: 'made\\n' })), task('Gate', read({ command: cmd\`test -e ${path('never')}\` }))`) });
  expect(await bench.run('run', 'back.ts', '-i', 'here.ini')).toMatchObject({ code: 2 });
  const id = runs().at(-1) ?? '';
  expect(await bench.run('rollback', id, '--yes')).toMatchObject({ code: 0 });
  expect(read('back.txt')).toBe('');
  const back = runs().at(-1) ?? '';
  expect((await bench.run('resume', id)).stderr).toBe(`run ${id} was taken back by run ${back}, so what it had done does not count any more; start it anew\n`);
  expect((await bench.run('resume')).stderr).toBe(`run ${back} took run ${id} back\nGo on with it: runsheet rollback ${id}\n`);
  expect((await bench.run('show', 'last')).stdout).toContain(`  takes back run ${id}\n`);
});

test('a run that is at work is listed as running; one that was killed is gone on with', async () => {
  await failed();
  writeFileSync(path('gate'), '');
  const run = bench.start(['run', 'site.ts', '-i', 'here.ini']);
  await until(() => existsSync(path('waiting')));
  const id = runs().at(-1) ?? '';
  expect((await bench.run('runs')).stdout).toMatch(new RegExp(`^${id} .* running +1 task on 1 host$`, 'm'));
  expect((await bench.run('resume')).stderr).toBe(`run ${id} is still at work (process ${run.child.pid ?? 0})\n`);
  run.child.kill('SIGKILL');
  await run.ended;
  expect((await bench.run('runs')).stdout).toMatch(new RegExp(`^${id} .* killed +1 task on 1 host$`, 'm'));
  const shown = await bench.run('show', id);
  expect(shown.stdout).toContain('here  ok=2  changed=1  failed=0');
  expect(shown.stdout).toContain('Stopped: it wrote no end: it was killed');
  writeFileSync(path('go'), '');
  const again = await bench.run('resume');
  expect(again).toMatchObject({ code: 0, stderr: '' });
  // Once by the run that failed, once by the one that was killed, and not again.
  expect(read('log')).toBe('x\nx\n');
});

test('the value of a secret is not written down, and must be given again', async () => {
  rmSync(path('gate'), { force: true });
  expect(await bench.run('run', 'secret.ts', '-i', 'here.ini', '--set', 'db_password=hunter22', '--set', 'colour=blue')).toMatchObject({ code: 2 });
  const id = runs().at(-1) ?? '';
  const job = readFileSync(fileOf(id, 'job.json'), 'utf8');
  expect(job).not.toContain('hunter22');
  expect(JSON.parse(job)).toMatchObject({ notKept: ['db_password'], args: { set: ['colour=blue'] } });
  expect((await bench.run('resume')).stderr).toBe(`run ${id}: the value of db_password was not written down, since it is a secret; give it again: --set db_password=...\n`);
  expect((await bench.run('resume', '--set', 'colour=green')).stderr).toMatch(/^--set colour: run \S+ has this value already, or does not take it/);
  writeFileSync(path('gate'), '');
  expect(await bench.run('resume', '--set', 'db_password=hunter22')).toMatchObject({ code: 0 });
});

describe('what a person does wrong', () => {
  test.each<[string, string[], RegExp]>([
    ['an id with a wrong letter', ['show', 'ID+'], /^there is no run \S+; did you mean "\d{8}T\d{6}Z-[0-9a-f]{4}"\?\n$/],
    ['no id at all', ['show', 'site'], /^there is no run site; runsheet runs lists them\n$/],
    ['a beginning that many have', ['resume', '20'], /^\d+ runs begin with 20: 20.*; write more of the id\n$/],
    ['no argument', ['show'], /missing required argument 'WHAT'/],
    ['a plan that is not there', ['show', 'plan.json'], /^there is no plan plan\.json; runsheet plan PLAYBOOK -i INVENTORY -o plan\.json makes one\n$/],
    ['steps without a terminal', ['run', 'site.ts', '-i', 'here.ini', '--step'], /^--step asks before each task, and there is no terminal to answer on\n$/],
    ['a wrong start', ['run', 'site.ts', '-i', 'here.ini', '--start-at', 'test/Pat'], /^--start-at test\/Pat: no task of this playbook has this id; did you mean "test\/Put"\? \(--list-tasks prints them\)\n$/],
  ])('%s', async (_name, args, message) => {
    const [id = ''] = runs();
    const ended = await bench.run(...args.map(arg => arg.replace('ID+', `${id.slice(0, -1)}x`)));
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
  });

  test('a folder in which nothing was run', async () => {
    const empty = new Bench();
    expect(await empty.run('runs')).toMatchObject({ code: 0, stdout: 'No run was started in this folder.\n' });
    expect((await empty.run('resume')).stderr).toMatch(/^no run was started in this folder: .*\/\.runsheet\/runs holds none\n$/);
    empty.remove();
  });
});
