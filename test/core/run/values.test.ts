import { describe, expect, test } from 'vitest';
import { all, from, isUnreachable, once, play, playbook, task } from '../../../core';
import { RefusedError } from '../../../core/errors';
import { content, output, text } from './modules';
import { world } from './world';

describe('values', () => {
  test('of this host, of another one, of all: a host that failed or is gone has a reason', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    for (const name of ['h1', 'h2', 'h3']) w.write(name, 'id', name.toUpperCase());
    w.down.add('h4');
    const id = task('Id', ({ host }) => output({ script: `cat ${w.path(host, 'id')}; test ${host.name} != h3` }));
    const show = task('Show', ({ mine, first, everyone, host }) => content({
      path: w.path(host, 'seen'),
      text: [mine, first, ...[...everyone].map(([other, value]) => `${other.name}: ${isUnreachable(value) ? `none, ${value.reason.split('\n')[0] ?? ''}` : value}`)].join('\n'),
    }), { uses: { mine: id, first: from(w.host('h1'), id), everyone: all(id) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [id, show] })] }));
    expect(result.of('Show')).toBe('h1=changed h2=changed');
    expect(w.read('h2', 'seen')?.split('\n')).toEqual(['H2', 'H1', 'h1: H1', 'h2: H2', expect.stringMatching(/^h3: none, h3: .*exited with code 1/), expect.stringMatching(/^h4: none, h4: no route/)]);
    expect(result.recap.exit).toBe(2);
  });

  test('of a skipped task are undefined, for this host and in all', async () => {
    using w = world('h1', 'h2');
    const maybe = task('Maybe', text({ path: w.path('h1', 'x') }), { when: ({ host }) => host.name === 'h1' });
    const show = task('Show', ({ mine, everyone, host }) => content({ path: w.path(host, 'seen'), text: `${typeof mine} ${[...everyone.values()].map(value => typeof value).join()}` }), { uses: { mine: maybe, everyone: all(maybe) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [maybe, show] })] }));
    expect(result.of('Maybe')).toBe('h1=ok h2=skipped');
    expect(w.read('h1', 'seen')).toBe('string string,undefined');
    expect(w.read('h2', 'seen')).toBe('undefined string,undefined');
  });

  test('of a failure that is ignored are undefined, and all says why', async () => {
    using w = world('h1');
    const broken = task('Broken', output({ script: 'exit 7' }), { ignoreErrors: 'only for show' });
    const show = task('Show', ({ mine, everyone, host }) => {
      const one = everyone.get(host);
      return content({ path: w.path(host, 'seen'), text: `${String(mine)} ${isUnreachable(one) ? 'no value' : String(one)}` });
    }, { uses: { mine: broken, everyone: all(broken) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [broken, show] })] }));
    expect(result.tasks[0]).toMatchObject({ status: 'failed', tolerated: 'only for show', reason: expect.stringContaining('exited with code 7') as string });
    expect(w.read('h1', 'seen')).toBe('undefined no value');
    expect(result.recap).toMatchObject({ exit: 0, hosts: { h1: { failed: 0, ignored: 1, changed: 1 } } });
  });

  test('that are not there fail the task that uses them, with the reason', async () => {
    using w = world('h1', 'h2');
    const id = task('Id', ({ host }) => output({ script: `test ${host.name} = h2` }));
    const useIt = task('Use', ({ other }) => text({ path: other }), { uses: { other: from(w.host('h1'), id) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [id, useIt] })] }));
    expect(result.of('Use')).toBe('h2=failed');
    expect(result.reason('Use')).toMatch(/^it uses "Id", which has no value: h1: .*exited with code 1/);
  });

  test('are those of the last run of a task that stands twice', async () => {
    using w = world('h1');
    const look = task('Look', text({ path: w.path('h1', 'f') }));
    const write = task('Write', content({ path: w.path('h1', 'f'), text: 'new' }));
    const show = task('Show', ({ seen }) => content({ path: w.path('h1', 'seen'), text: seen }), { uses: { seen: look } });
    await w.run(playbook({ name: 'P', plays: [play({ name: 'a', hosts: 'h1', tasks: [look, write] }), play({ name: 'b', hosts: 'h1', tasks: [look, show] })] }));
    expect(w.read('h1', 'seen')).toBe('new');
  });

  test('of several actions are an array, and the first failure stops them', async () => {
    using w = world('h1');
    const both = task('Both', () => ['a', 'b'].map(file => content({ path: w.path('h1', file), text: file })));
    const show = task('Show', ({ values }) => content({ path: w.path('h1', 'seen'), text: values.join('+') }), { uses: { values: both } });
    const stop = task('Stop', () => [output({ script: 'exit 3' }), output({ script: `touch ${w.path('h1', 'never')}` })]);
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [both, show, stop] })] }));
    expect(w.read('h1', 'seen')).toBe('a+b');
    expect(result.tasks[0]?.changes.map(change => change.resource)).toEqual([w.path('h1', 'a'), w.path('h1', 'b')]);
    expect(result.of('Stop')).toBe('h1=failed');
    expect(w.read('h1', 'never')).toBeUndefined();
  });

  test('once is the value of whichever host did it', async () => {
    using w = world('h1', 'h2');
    w.down.add('h1');
    const name = task('Name', ({ host }) => output({ script: `echo ${host.name}` }), { runOnce: true });
    const show = task('Show', ({ value, host }) => content({ path: w.path(host, 'seen'), text: value }), { uses: { value: once(name) } });
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [name, show] })] }));
    expect(w.read('h2', 'seen')).toBe('h2');
  });
});

describe('a task from a function', () => {
  test('fails with its problems before anything is touched', async () => {
    using w = world('h1');
    const bad = task('Bad', () => [content({ path: w.path('h1', 'a'), text: 'x' }), content({ path: 'relative', text: 'x' })]);
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [bad] })] }));
    expect(result.reason('Bad')).toBe('test.content: the path "relative" is not absolute');
    expect(w.read('h1', 'a')).toBeUndefined();
    expect(w.calls).toEqual([]);
  });

  test('fails when the playbook\'s own code throws, and names its place', async () => {
    using w = world('h1');
    const bad = task('Bad', (): ReturnType<typeof text> => { throw new TypeError('members is not iterable'); });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [bad] })] }));
    expect(result.reason('Bad')).toMatch(/^the playbook's own code failed \(test\/core\/run\/values\.test\.ts:\d+\): TypeError: members is not iterable/);
    expect(result.recap.exit).toBe(2);
  });

  test('may refuse with an error of the house, which is told as it is', async () => {
    using w = world('h1');
    const bad = task('Bad', (): ReturnType<typeof text> => { throw new RefusedError('two members would be left', 'Keep three'); });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [bad] })] }));
    expect(result.reason('Bad')).toBe('two members would be left\nKeep three');
  });

  test('may have nothing to do', async () => {
    using w = world('h1');
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [task('None', () => [] as ReturnType<typeof content>[])] })] }));
    expect(result.of('None')).toBe('h1=ok');
    expect(w.calls).toEqual([]);
  });
});
