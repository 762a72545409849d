import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task, type Host } from '../../../core';
import type { PlayOptions } from '../../../core/play';
import { batchesOf, sizeProblem } from '../../../core/run/batches';
import { append, content, output } from './modules';
import { world, type Result, type World } from './world';

const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const failOn = (...hosts: readonly string[]): ((values: { host: Host }) => ReturnType<typeof output>) => ({ host }) => output({ script: hosts.includes(host.name) ? 'exit 5' : ':' });

describe('sizes of batches', () => {
  const hosts = world('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j').inventory.hosts;
  test.each([
    [undefined, '10'], [3, '3 3 3 1'], [20, '10'], ['30%', '3 3 3 1'], ['25%', '2 2 2 2 2'], ['1%', '1 1 1 1 1 1 1 1 1 1'], ['100%', '10'], ['12.5%', '1 1 1 1 1 1 1 1 1 1'],
    [[1, '50%'], '1 5 4'], [[1, 2, 3], '1 2 3 3 1'], [[20, 1], '10'],
  ] as const)('%j', (size, expected) => {
    expect(batchesOf(hosts, size).map(batch => batch.length).join(' ')).toBe(expected);
    expect(batchesOf(hosts, size).flat()).toEqual(hosts);
  });

  test('are of the hosts that are there', () => {
    expect(batchesOf([], '30%')).toEqual([]);
    expect(batchesOf(hosts.slice(0, 4), '50%').map(batch => batch.length)).toEqual([2, 2]);
  });

  test.each([[0], [-1], [1.5], ['0%'], ['101%'], ['-5%'], [[]], [[1, 0]]] as const)('%j is refused', size => {
    expect(sizeProblem(size)).toMatch(/^.*; (it must be|give at least)/);
  });
});

describe('serial as a percentage', () => {
  test('is of the hosts that --limit leaves', async () => {
    using w = world('h1', 'h2', 'h3', 'h4', 'h5');
    const tasks = [task('A', note(w, 'a')), task('B', note(w, 'b'))];
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', serial: '50%', tasks })] }), { selection: { limit: 'h1,h2' }, settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 a', 'h1 b', 'h2 a', 'h2 b']);
  });
});

describe('maxFailPercent', () => {
  const roll = async (w: World, more: Partial<PlayOptions>, failing: readonly string[] = []): Promise<Result> => {
    const tasks = [task('A', note(w, 'a')), task('Fail', failOn(...failing)), task('B', note(w, 'b'))];
    return await w.run(playbook({ name: 'P', plays: [play({ name: 'roll', hosts: 'all', tasks, ...more }), play({ name: 'after', hosts: 'all', tasks: [task('After', note(w, 'after'))] })] }), { settings: { forks: 1 } });
  };

  test('lets the next batch start as long as it is not reached', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    const result = await roll(w, { serial: 2, maxFailPercent: 51 }, ['h1']);
    expect(w.log).toEqual(['h1 a', 'h2 a', 'h2 b', 'h3 a', 'h4 a', 'h3 b', 'h4 b', 'h2 after', 'h3 after', 'h4 after']);
    expect(result.recap.exit).toBe(2);
    expect(result.notices).toEqual([]);
  });

  test('counts when it is reached, and stops the others before their next task', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    const result = await roll(w, { serial: 2, maxFailPercent: 50 }, ['h1']);
    expect(w.log).toEqual(['h1 a', 'h2 a']);
    expect(result.notices).toEqual([
      '"roll" stops here, since 1 of 2 hosts of this batch failed and maxFailPercent is 50: not finished on h2; not started on h3, h4',
      'the play "after" is skipped: none of its hosts is left',
    ]);
  });

  test('counts hosts that cannot be reached', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    w.down.add('h1').add('h2');
    const result = await roll(w, { maxFailPercent: 50 });
    expect(result.of('A')).toBe('h1=unreachable h2=unreachable h3=changed h4=changed');
    expect(result.of('B')).toBe('');
    expect(result.recap.exit).toBe(4);
  });

  test('of 0 allows no failure, and none is none', async () => {
    using w = world('h1', 'h2');
    expect((await roll(w, { maxFailPercent: 0 })).recap.exit).toBe(0);
    expect((await roll(w, { maxFailPercent: 0 }, ['h2'])).of('B')).toBe('');
  });

  test('does not count what is rescued or ignored', async () => {
    using w = world('h1', 'h2');
    const rescued = block('Rescued', { tasks: [task('Fail', failOn('h1'))], rescue: [task('Rescue', note(w, 'rescue'))] });
    const ignored = task('Ignored', failOn('h2'), { ignoreErrors: 'known' });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', maxFailPercent: 0, tasks: [rescued, ignored, task('B', note(w, 'b'))] })] }));
    expect(result.of('B')).toBe('h1=changed h2=changed');
    expect(result.recap.exit).toBe(0);
  });

  test('finishes blocks that were entered, and the handlers of what was changed', async () => {
    using w = world('h1', 'h2');
    const done = handler('Done', note(w, 'done'));
    const inside = block('B', { tasks: [task('Write', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' }), { notify: done }), task('Fail', failOn('h1')), task('Never', note(w, 'never'))], always: [task('Always', note(w, 'always'))] });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', maxFailPercent: 1, tasks: [inside, task('Never 2', note(w, 'never'))] })] }), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 always', 'h2 always', 'h1 done', 'h2 done']);
    expect(result.notices).toEqual(['"p" stops here, since 1 of 2 hosts of this batch failed and maxFailPercent is 1: not finished on h2']);
  });

  test('says nothing of the others where they were through', async () => {
    using w = world('h1', 'h2');
    const plays = [play({ name: 'p', hosts: 'all', maxFailPercent: 1, tasks: [task('Fail', failOn('h1'))] }), play({ name: 'after', hosts: 'all', tasks: [task('After', note(w, 'after'))] })];
    const result = await w.run(playbook({ name: 'P', plays }));
    expect(result.notices).toEqual([]);
    expect(w.log).toEqual(['h2 after']);
  });
});
