import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task, type Host, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { append, content, meanwhile, output } from './modules';
import { world, type World } from './world';

const note = (w: World, what: string): Step => task(what, ({ host }: { host: Host }) => append({ path: w.logFile, line: `${host.name} ${what}` }));
const failOn = (name: string, ...hosts: readonly string[]): Step => task(name, ({ host }: { host: Host }) => output({ script: hosts.includes(host.name) ? 'exit 5' : ':' }));
const book = (tasks: readonly Step[], more: { readonly anyErrorsFatal?: boolean; readonly serial?: number } = {}): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks, ...more })] });

describe('a block', () => {
  test('runs rescue on the hosts that failed, always on all, and the rescued go on', async () => {
    using w = world('h1', 'h2');
    const b = block('B', { tasks: [note(w, 'first'), failOn('Fail', 'h1'), note(w, 'second')], rescue: [note(w, 'rescue')], always: [note(w, 'always')] });
    const result = await w.run(book([b, note(w, 'after')]), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 first', 'h2 first', 'h2 second', 'h1 rescue', 'h1 always', 'h2 always', 'h1 after', 'h2 after']);
    expect(result.tasks.find(event => event.name === 'Fail' && event.host === 'h1')).toMatchObject({ status: 'failed', tolerated: 'rescued' });
    expect(result.recap).toMatchObject({ exit: 0, hosts: { h1: { failed: 0, ignored: 1 } } });
  });

  test('whose rescue fails has failed, after always', async () => {
    using w = world('h1');
    const b = block('B', { tasks: [failOn('Fail', 'h1')], rescue: [failOn('Worse', 'h1'), note(w, 'rescue')], always: [note(w, 'always')] });
    const result = await w.run(book([b, note(w, 'after')]));
    expect(w.log).toEqual(['h1 always']);
    expect(result.tasks.map(event => [event.name, event.status, event.tolerated])).toEqual([['Fail', 'failed', 'rescued'], ['Worse', 'failed', undefined], ['always', 'changed', undefined]]);
    expect(result.recap.exit).toBe(2);
  });

  test('without rescue fails after always', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(book([block('B', { tasks: [failOn('Fail', 'h1')], always: [note(w, 'always')] }), note(w, 'after')]), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 always', 'h2 always', 'h2 after']);
    expect(result.recap.exit).toBe(2);
  });

  test('within a block is rescued by the outer one', async () => {
    using w = world('h1');
    const inner = block('Inner', { tasks: [failOn('Fail', 'h1')], rescue: [failOn('Worse', 'h1')], always: [note(w, 'inner always')] });
    const result = await w.run(book([block('Outer', { tasks: [inner, note(w, 'not')], rescue: [note(w, 'outer rescue')] }), note(w, 'after')]));
    expect(w.log).toEqual(['h1 inner always', 'h1 outer rescue', 'h1 after']);
    expect(result.recap.exit).toBe(0);
  });

  test('does not rescue an unreachable host', async () => {
    using w = world('h1', 'h2');
    w.down.add('h1');
    const result = await w.run(book([block('B', { tasks: [note(w, 'x')], rescue: [note(w, 'rescue')], always: [note(w, 'always')] })]));
    expect(w.log).toEqual(['h2 x', 'h2 always']);
    expect(result.recap.exit).toBe(4);
  });

  test('that rescues is no fatal error; one that does not is, after rescue and always of all hosts', async () => {
    using w = world('h1', 'h2');
    const rescued = block('B', { tasks: [failOn('Fail', 'h1')], rescue: [note(w, 'rescue')] });
    expect((await w.run(book([rescued, note(w, 'after')], { anyErrorsFatal: true }), { settings: { forks: 1 } })).recap.exit).toBe(0);
    expect(w.log).toEqual(['h1 rescue', 'h1 after', 'h2 after']);
    const broken = block('C', { tasks: [failOn('Fail', 'h1', 'h2')], rescue: [failOn('Worse', 'h2'), note(w, 'rescued')], always: [note(w, 'always')] });
    const result = await w.run(book([broken, note(w, 'never')], { anyErrorsFatal: true }), { settings: { forks: 1 } });
    expect(w.log.slice(3)).toEqual(['h1 rescued', 'h1 always', 'h2 always']);
    expect(result.recap).toMatchObject({ exit: 2, stopped: expect.stringContaining('"Worse" failed on h2') as string });
  });
});

describe('handlers', () => {
  const write = (w: World, file: string, notify: ReturnType<typeof handler> | readonly ReturnType<typeof handler>[]): Step => task(`Write ${file}`, ({ host }: { host: Host }) => content({ path: w.path(host, file), text: 'x' }), { notify });
  const restart = (w: World, name: string): ReturnType<typeof handler> => handler(name, ({ host }: { host: Host }) => append({ path: w.logFile, line: `${host.name} ${name}` }));

  test('run once for each host, at the end of the play, in the order of definition, and only after a change', async () => {
    using w = world('h1', 'h2');
    const [reload, again] = [restart(w, 'reload'), restart(w, 'restart')] as const;
    w.write('h2', 'a', 'x');
    w.write('h2', 'b', 'x');
    const plays = [play({ name: 'p', hosts: 'all', handlers: [reload, again], tasks: [write(w, 'a', again), write(w, 'b', [reload, again]), note(w, 'last')] })];
    const result = await w.run(playbook({ name: 'P', plays }), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 last', 'h2 last', 'h1 reload', 'h1 restart']);
    expect(result.events.filter(event => event.type === 'start' && event.handler)).toHaveLength(2);
    await w.run(playbook({ name: 'P', plays }), { settings: { forks: 1 } });
    expect(w.log.slice(4)).toEqual(['h1 last', 'h2 last']);
  });

  test('are not lost when a later task fails on the host', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(book([write(w, 'conf', restart(w, 'restart')), failOn('Fail', 'h1')]), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 restart', 'h2 restart']);
    expect(result.recap.exit).toBe(2);
  });

  test('are named as owed where they cannot run', async () => {
    using w = world('h1', 'h2');
    const lose = task('Lose', ({ host }: { host: Host }) => meanwhile(() => { if (host.name === 'h1') w.down.add('h1'); }));
    const result = await w.run(book([write(w, 'conf', restart(w, 'restart')), lose, task('After', output({ script: ':' }))]));
    expect(w.log).toEqual(['h2 restart']);
    expect(result.notices).toEqual(['the handler "restart" was notified but not run on h1; what it does is still owed there']);
    const fatal = await w.run(book([write(w, 'other', restart(w, 'restart')), failOn('Fail', 'h2')], { anyErrorsFatal: true }), {});
    expect(fatal.notices).toContainEqual(expect.stringContaining('what it does is still owed there'));
  });

  test('that fail end the host, and its other handlers are owed', async () => {
    using w = world('h1');
    const broken = handler('Broken', output({ script: 'exit 1' }));
    const result = await w.run(book([write(w, 'conf', [broken, restart(w, 'restart')]), note(w, 'x')]));
    expect(w.log).toEqual(['h1 x']);
    expect(result.notices).toEqual(['the handler "restart" was notified but not run on h1; what it does is still owed there']);
    expect(result.recap.exit).toBe(2);
  });
});
