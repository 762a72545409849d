/** Plans: written, shown, applied, and refused where they no longer fit. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Bench, playbookOf } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const bench = new Bench();
const path = (name: string): string => join(bench.dir, name);
const read = (name: string): string | undefined => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined);
const line = (name: string): string => `${name} ansible_connection=local runsheet_state_dir=${path('state')}\n`;
const copy = (name: string, text: string): string => `task('Put ${name}', ({ host }) => file.copy({ path: '${bench.dir}/' + host.name + '-${name}', content: '${text}\\n' }))`;

beforeAll(() => {
  bench.write({
    'one.ini': line('a'), 'two.ini': line('a') + line('b'),
    'put.ts': playbookOf(copy('x', 'new')),
    'more.ts': playbookOf(`
      task('Run', run({ command: cmd\`sh -c 'echo altered > ${path('a-x')}; echo 7'\` })),
      task('Put x', file.copy({ path: '${path('a-x')}', content: 'new\\n' })),
      task('Never', run({ command: cmd\`touch ${path('never')}\` }))`),
    'unknown.ts': playbookOf(`number, task('Put', ({ number, host }) => file.copy({ path: '${bench.dir}/' + host.name + '-n', content: number.stdout }), { uses: { number } })`,
      `const number = task('Number', run({ command: cmd\`echo 7\` }));`),
    'secret.ts': `import { play, playbook, runIfMain, Secret, task } from 'runsheet';
import * as file from 'runsheet/modules/file';
import { z } from 'zod';
const put = (password: Secret) => task('Put', file.copy({ path: '${path('a-secret')}', content: password }));
export default playbook({
  name: 'Test', vars: z.strictObject({ db_password: z.string() }),
  plays: ({ vars }) => [play({ name: 'test', hosts: 'all', tasks: [put(new Secret(vars.db_password))] })],
});
runIfMain(module);
`,
    'whole.ts': playbookOf(copy('w', 'new')).replace(`name: 'Test',`, `name: 'Test', refuse: ({ inventory, selected }) => (selected.length < inventory.hosts.length ? ['run it without --limit'] : []),`),
    'narrow.ts': playbookOf(copy('x', 'new')).replace(`hosts: 'all',`, `hosts: 'all', requireLimit: true,`),
    'gate.ts': playbookOf(`task('Gate', read({ command: cmd\`test -e ${path('gate')}\` }))`),
  });
});
afterAll(() => bench.remove());

describe('a plan', () => {
  test('is written for its owner, shown, and applied; then it no longer fits', async () => {
    const made = await bench.run('plan', 'put.ts', '-i', 'one.ini', '-o', 'plan.json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('\n1 change on 1 host\nplan.json is written; runsheet show plan.json prints it, runsheet apply plan.json does it.\n');
    expect(statSync(path('plan.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(read('plan.json') ?? '')).toMatchObject({
      v: 1, kind: 'runsheet plan', hosts: ['a'], job: { args: { playbook: 'put.ts', check: false } },
      tasks: [{ task: 'test/Put x', host: 'a', status: 'changed', changes: [{ resource: path('a-x'), property: 'content', from: null }], hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
    });
    expect(read('a-x')).toBeUndefined();
    const shown = await bench.run('show', 'plan.json', '--diff');
    expect(shown.stdout).toMatch(/^plan plan\.json .* UTC\n {2}put\.ts -i one\.ini\n\na\n {2}changed test\/Put x\n {4}\S+a-x content: sha256:.*\+new\n\n1 change on 1 host\n$/s);

    expect(await bench.run('apply', 'plan.json')).toMatchObject({ code: 0, stderr: '' });
    expect(read('a-x')).toBe('new\n');
    const again = await bench.run('apply', 'plan.json', '--json');
    expect(again.code).toBe(3);
    expect(again.stderr).toBe('nothing of the plan plan.json is left to do, so it was applied already or somebody else did it; nothing was touched\nMake a new plan.\n');
    expect(JSON.parse(again.stdout)).toMatchObject({ type: 'recap', exit: 3 });
    // Its run is no run that can be gone on with.
    const empty = await bench.run('plan', 'put.ts', '-i', 'one.ini', '-o', 'plan.json');
    expect(empty.stdout).toContain('Nothing is to be done.');
    expect(await bench.run('apply', 'plan.json')).toMatchObject({ code: 0, stdout: 'Nothing is to be done.\n' });
  });

  test('is refused as a whole where one host drifted, unless that is left out', async () => {
    for (const host of ['a', 'b']) rmSync(path(`${host}-x`), { force: true });
    expect(await bench.run('plan', 'put.ts', '-i', 'two.ini', '-o', 'two.json')).toMatchObject({ code: 0 });
    writeFileSync(path('b-x'), 'by hand\n');
    const refused = await bench.run('apply', 'two.json');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/^the plan two\.json no longer fits; nothing was touched:\nb {2}test\/Put x\n {4}planned: \S+b-x content: sha256:\w+\n {4}now: {5}\S+b-x content: sha256:\w+ -> sha256:\w+\nMake a new plan, or leave out what differs: --limit '!b'\n$/);
    expect(read('a-x')).toBeUndefined();
    expect((await bench.run('apply', 'two.json', '--limit', 'b')).code).toBe(3);
    expect(await bench.run('apply', 'two.json', '--limit', '!b')).toMatchObject({ code: 0, stderr: '' });
    expect([read('a-x'), read('b-x')]).toEqual(['new\n', 'by hand\n']);
  });

  test('names no limit that the playbook refuses', async () => {
    expect(await bench.run('plan', 'whole.ts', '-i', 'two.ini', '-o', 'whole.json')).toMatchObject({ code: 0 });
    writeFileSync(path('b-w'), 'by hand\n');
    expect(await bench.run('apply', 'whole.json')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/\nMake a new plan\.\n$/) as string });
    expect(await bench.run('apply', 'whole.json', '--limit', '!b')).toMatchObject({ code: 1, stderr: expect.stringContaining('run it without --limit') as string });
    expect([read('a-w'), read('b-w')]).toEqual([undefined, 'by hand\n']);
  });

  test('stops a host before a change that it does not have', async () => {
    writeFileSync(path('a-x'), 'new\n');
    await bench.run('plan', 'more.ts', '-i', 'one.ini', '-o', 'more.json');
    const applied = await bench.run('apply', 'more.json');
    expect(applied.code).toBe(3);
    expect(applied.stdout).toMatch(/failed a\n {8}a: "test\/Put x" would make a change that is not in the plan: \S+a-x content: sha256:\w+ -> sha256:\w+ \(planned: nothing\)\n {8}It was not made\. Make a new plan\.\n/);
    expect([read('a-x'), read('never')]).toEqual(['altered\n', undefined]);
    expect((await bench.run('resume')).stderr).toMatch(/^run \S+ applied the plan more\.json, which no longer fits; make a plan of what is left\n$/);
    expect((await bench.run('runs')).stdout).toMatch(/more\.ts +1 +off plan +1 task on 1 host\n/);
  });

  test('names what only the run can tell, and lets that act', async () => {
    const made = await bench.run('plan', 'unknown.ts', '-i', 'one.ini', '-o', 'unknown.json');
    expect(made.stdout).toContain('1 change on 1 host; what this task does only the run can tell: test/Put\n');
    expect(await bench.run('apply', 'unknown.json')).toMatchObject({ code: 0 });
    expect(read('a-n')).toBe('7\n');
  });

  test('holds no secret', async () => {
    const made = await bench.run('plan', 'secret.ts', '-i', 'one.ini', '-o', 'secret.json', '--set', 'db_password=hunter22');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(read('secret.json')).not.toContain('hunter22');
    expect((await bench.run('show', 'secret.json')).stdout).toContain('not in the plan, since they are secret: db_password');
    expect((await bench.run('apply', 'secret.json')).stderr).toContain('the plan secret.json: the value of db_password was not written down, since it is a secret; give it again: --set db_password=...');
    expect(await bench.run('apply', 'secret.json', '--set', 'db_password=hunter22')).toMatchObject({ code: 0 });
    expect(read('a-secret')).toBe('hunter22');
  });

  test('is not written after a check that failed, and not applied after one', async () => {
    const failed = await bench.run('plan', 'gate.ts', '-i', 'one.ini', '-o', 'gate.json');
    expect(failed.code).toBe(2);
    expect(failed.stdout).toContain('No plan is written, since the check did not end well.\n');
    expect(existsSync(path('gate.json'))).toBe(false);
    writeFileSync(path('gate'), '');
    await bench.run('plan', 'gate.ts', '-i', 'one.ini', '-o', 'gate.json');
    rmSync(path('gate'));
    const applied = await bench.run('apply', 'gate.json');
    expect(applied).toMatchObject({ code: 2, stdout: '' });
    expect(applied.stderr).toMatch(/^gate\.json is not applied, since the check before it did not end well; nothing was touched:\na {2}test\/Gate: a: test -e .* exited with code 1\n$/);
  });

  test('is refused when its sources changed, or it was altered', async () => {
    rmSync(path('a-x'));
    bench.write({ 'fresh.ts': playbookOf(copy('x', 'fresh')) });
    await bench.run('plan', 'fresh.ts', '-i', 'one.ini', '-o', 'fresh.json');
    const plan = read('fresh.json') ?? '';
    writeFileSync(path('fresh.json'), plan.replace('a-x', 'a-y'));
    expect(await bench.run('apply', 'fresh.json')).toMatchObject({ code: 1, stderr: 'the plan fresh.json was altered after it was made ("test/Put x" on a); make a new one\n' });
    writeFileSync(path('fresh.json'), plan);
    bench.write({ 'fresh.ts': playbookOf(copy('x', 'fresher')) });
    expect(await bench.run('apply', 'fresh.json')).toMatchObject({ code: 1, stderr: 'the plan fresh.json was made from other sources: fresh.ts changed since\nMake a new plan.\n' });
  });
});

describe('what a person does wrong', () => {
  test.each<[string, string[], RegExp]>([
    ['no file for the plan', ['plan', 'put.ts', '-i', 'one.ini'], /^where is the plan to be written\? Add -o plan\.json \(for a look without a plan: runsheet run PLAYBOOK --check\)\n$/],
    ['a file that is something else', ['plan', 'put.ts', '-i', 'one.ini', '-o', 'put.ts'], /^-o put\.ts: this file is there and is no plan; it is left as it is\n$/],
    ['a folder that is not there', ['plan', 'put.ts', '-i', 'one.ini', '-o', 'plans/p.json'], /^-o plans\/p\.json: there is no folder \S+\/plans\n$/],
    ['no limit where the playbook wants one', ['plan', 'narrow.ts', '-i', 'one.ini', '-o', 'n.json'], /^the play "test" may only run with --limit; without it, it would run on a\n$/],
    ['more hosts than allowed', ['plan', 'put.ts', '-i', 'two.ini', '-o', 'n.json', '--max-hosts', '1'], /^this would run on 2 hosts \(a, b\), and --max-hosts allows 1\n/],
    ['a plan that is none', ['apply', 'put.ts'], /^put\.ts is no plan of runsheet\n$/],
    ['no plan', ['apply', 'none.json'], /^there is no plan none\.json; runsheet plan PLAYBOOK -i INVENTORY -o none\.json makes one\n$/],
    ['a limit that leaves none', ['apply', 'two.json', '--limit', 'c'], /called "c"/],
    ['a limit outside of the plan', ['apply', 'one.json', '--limit', 'b'], /^--limit b leaves no host of the plan; it has a\n$/],
  ])('%s', async (_name, args, message) => {
    if (args.includes('one.json')) await bench.run('plan', 'put.ts', '-i', 'two.ini', '--limit', 'a', '-o', 'one.json');
    const ended = await bench.run(...args);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
  });
});
