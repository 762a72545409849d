/** What Ansible's users have stumbled over for years, each as it is here. */
import { describe, expect, test } from 'vitest';
import { all, block, from, handler, once, play, playbook, task, type Host, type Play } from '../../../core';
import * as command from '../../../modules/command';
import { append, content, holds, output, text } from './modules';
import { world, type Result, type World } from './world';

const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const failOn = (...hosts: readonly string[]): ((values: { host: Host }) => ReturnType<typeof output>) => ({ host }) => output({ script: hosts.includes(host.name) ? 'exit 5' : ':' });
const run = (w: World, plays: readonly Play[], over: Parameters<World['run']>[1] = {}): Promise<Result> => w.run(playbook({ name: 'P', plays }), over);

describe('serial', () => {
  // Ansible goes on with the next batch as long as one host of the last one is left.
  test('does not roll a failure on through the fleet', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    const result = await run(w, [play({ name: 'roll', hosts: 'all', serial: 2, tasks: [task('Deploy', failOn('h2')), task('A', note(w, 'a'))] }), play({ name: 'after', hosts: 'all', tasks: [task('B', note(w, 'b'))] })]);
    expect(result.of('Deploy')).toBe('h1=ok h2=failed');
    expect(w.log).toEqual(['h1 a', 'h1 b']);
    expect(result.notices).toContain('"roll" stops here, since a host of this batch failed: not started on h3, h4');
  });
});

describe('maxFailPercent', () => {
  // max_fail_percentage must be exceeded there: 50 lets one of two fail.
  test('is reached, not exceeded', async () => {
    using w = world('h1', 'h2', 'h3');
    const result = await run(w, [play({ name: 'p', hosts: 'all', serial: 2, maxFailPercent: 50, tasks: [task('Deploy', failOn('h1')), task('A', note(w, 'a'))] })]);
    expect(w.log).toEqual([]);
    expect(result.of('Deploy')).toBe('h1=failed h2=ok');
  });

  // Unreachable hosts are no failures there.
  test('counts hosts that cannot be reached', async () => {
    using w = world('h1', 'h2', 'h3');
    w.down.add('h1');
    const result = await run(w, [play({ name: 'p', hosts: 'all', serial: 2, maxFailPercent: 50, tasks: [task('A', output({ script: ':' })), task('B', note(w, 'b'))] })]);
    expect(result.of('A')).toBe('h1=unreachable h2=ok');
    expect(w.log).toEqual([]);
  });
});

describe('--limit', () => {
  // hostvars of hosts that were left out are undefined there, in the middle of the run.
  test('that leaves out a host whose value is used is told before any connection', async () => {
    using w = world('h1', 'h2');
    const id = task('Id', output({ script: 'echo 1' }));
    const use = task('Use', ({ other }) => text({ path: other }), { uses: { other: from(w.host('h2'), id) } });
    const result = await run(w, [play({ name: 'p', hosts: 'all', tasks: [id, use] })], { selection: { limit: 'h1' } });
    expect(result.recap).toMatchObject({ exit: 1, stopped: expect.stringContaining('from h2, where it does not run (hosts that --limit leaves out run nothing)') as string });
    expect(w.calls).toEqual([]);
  });

  test('leaves nobody else in the values of all hosts', async () => {
    using w = world('h1', 'h2');
    const id = task('Id', ({ host }) => output({ script: `echo ${host.name}` }));
    const show = task('Show', ({ everyone, host }) => content({ path: w.path(host, 'seen'), text: [...everyone.keys()].map(each => each.name).join() }), { uses: { everyone: all(id) } });
    await run(w, [play({ name: 'p', hosts: 'all', tasks: [id, show] })], { selection: { limit: 'h1' } });
    expect(w.read('h1', 'seen')).toBe('h1');
  });

  // "skipping: no hosts matched" and exit code 0 there.
  test.each([['nosuch', /nosuch/], ['h1:&h2', /--limit h1:&h2 matches no host of the inventory/]] as const)('%s that matches nobody is an error', async (limit, said) => {
    using w = world('h1', 'h2');
    const { recap } = await run(w, [play({ name: 'p', hosts: 'all', tasks: [task('A', note(w, 'a'))] })], { selection: { limit } });
    expect(recap.exit).toBe(1);
    expect(recap.stopped).toMatch(said);
    expect(w.log).toEqual([]);
  });
});

describe('a pattern', () => {
  // A warning and exit code 0 there.
  test('of a play that matches no host is an error, before any other play is begun', async () => {
    using w = world('h1');
    const { recap } = await run(w, [play({ name: 'one', hosts: 'h1', tasks: [task('A', note(w, 'a'))] }), play({ name: 'two', hosts: 'wbe', tasks: [task('B', note(w, 'b'))] })]);
    expect(recap).toMatchObject({ exit: 1, stopped: expect.stringContaining('wbe') as string });
    expect(w.log).toEqual([]);
  });
});

describe('the result of a skipped task', () => {
  // There it is a dictionary with `skipped` and without what is used of it.
  test('is undefined, and its type says so', async () => {
    using w = world('h1', 'h2');
    const maybe = task('Maybe', output({ script: 'echo yes' }), { when: ({ host }) => host.name === 'h1' });
    const use = task('Use', ({ maybe: said, host }) => {
      // @ts-expect-error it may be undefined
      const length: number = said.length;
      return content({ path: w.path(host, 'seen'), text: String(length) });
    }, { uses: { maybe }, when: ({ maybe: said }) => said !== undefined });
    const result = await run(w, [play({ name: 'p', hosts: 'all', tasks: [maybe, use] })]);
    expect(result.of('Use')).toBe('h1=changed h2=skipped');
    expect(w.read('h1', 'seen')).toBe('3');
  });

  test('that only its block skipped cannot be used outside it, which is told before any connection', async () => {
    using w = world('h1');
    const inside = task('Inside', output({ script: 'echo yes' }));
    const use = task('Use', ({ inside: said }) => text({ path: said }), { uses: { inside } });
    const { recap } = await run(w, [play({ name: 'p', hosts: 'all', tasks: [block('B', { when: ({ host }) => host.name === 'h2', tasks: [inside] }), use] })]);
    expect(recap.stopped).toContain('the task "Use" uses "Inside", which is skipped together with its block "B": use it in that block only, or put `when` on the task itself');
    expect(w.calls).toEqual([]);
  });
});

describe('a handler', () => {
  // There it is lost when a later task fails: the next run finds nothing changed.
  test('runs although a later task failed on the host', async () => {
    using w = world('h1');
    const restart = handler('Restart', note(w, 'restarted'));
    const result = await run(w, [play({ name: 'p', hosts: 'all', tasks: [task('Write', content({ path: w.path('h1', 'a'), text: 'x' }), { notify: restart }), task('Fail', failOn('h1'))] })]);
    expect(w.log).toEqual(['h1 restarted']);
    expect(result.recap.exit).toBe(2);
  });
});

describe('runOnce', () => {
  // There it is done once for each batch, and the first host's failure is everybody's.
  test('is once for the run, not for each batch', async () => {
    using w = world('h1', 'h2', 'h3');
    const single = task('Once', ({ host }) => output({ script: `echo ${host.name} | tee -a ${w.logFile}` }), { runOnce: true });
    const show = task('Show', ({ who, host }) => content({ path: w.path(host, 'seen'), text: who }), { uses: { who: once(single) } });
    await run(w, [play({ name: 'p', hosts: 'all', serial: 1, tasks: [single, show] })]);
    expect(w.log).toEqual(['h1']);
    expect(w.read('h3', 'seen')).toBe('h1');
  });

  test('is done by the next host where one fails or is gone', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    w.down.add('h1');
    const single = task('Once', ({ host }) => output({ script: `echo ${host.name} | tee -a ${w.logFile}; test ${host.name} = h3` }), { runOnce: true });
    const show = task('Show', ({ who, host }) => content({ path: w.path(host, 'seen'), text: who }), { uses: { who: once(single) } });
    const result = await run(w, [play({ name: 'p', hosts: 'all', serial: '100%', maxFailPercent: 75, tasks: [single, show] })]);
    expect(result.of('Once')).toBe('h1=unreachable h2=failed h3=ok');
    expect(w.log).toEqual(['h2', 'h3']);
    expect(w.read('h4', 'seen')).toBe('h3');
  });
});

describe('delegateTo', () => {
  // delegate_to one host is done by all at once there, and meets its own half-done work.
  test('looks side by side', async () => {
    using w = world('h1', 'h2', 'lb');
    const meet = task('Meet', ({ host }) => command.read({ command: ['sh', '-c', `echo ${host.name} >> ${w.logFile}; for i in $(seq 500); do test $(wc -l < ${w.logFile}) = 2 && exit 0; sleep 0.02; done; exit 1`] }), { delegateTo: w.host('lb') });
    const result = await run(w, [play({ name: 'p', hosts: 'h1,h2', tasks: [meet] })]);
    expect(result.of('Meet')).toBe('h1=ok h2=ok');
  });

  test('changes one after the other', async () => {
    using w = world('h1', 'h2', 'h3', 'lb');
    const busy = w.path('lb', 'busy');
    const alone = task('Alone', command.run({ command: ['sh', '-c', `mkdir ${busy} && sleep 0.05 && rmdir ${busy}`] }), { delegateTo: w.host('lb') });
    const result = await run(w, [play({ name: 'p', hosts: '!lb', tasks: [alone] })]);
    expect(result.of('Alone')).toBe('h1=changed h2=changed h3=changed');
  });
});

describe('a condition after a change', () => {
  // Modules decide there what check mode does, and a wait after a planned change fails.
  test('is listed in check mode, not evaluated', async () => {
    using w = world('h1');
    const { tasks, recap } = await run(w, [play({ name: 'p', hosts: 'all', tasks: [task('Write', content({ path: w.path('h1', 'a'), text: 'x' })), task('Wait', holds({ path: w.path('h1', 'a'), text: 'x' }))] })], { settings: { check: true } });
    expect(tasks[1]).toMatchObject({ status: 'ok', willCheck: true });
    expect(recap.exit).toBe(0);
  });
});
