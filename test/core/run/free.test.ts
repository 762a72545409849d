import { describe, expect, test } from 'vitest';
import { all, handler, isUnreachable, play, playbook, task, type Host, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { append, content, holds, output, script, text } from './modules';
import { world, type World } from './world';

const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const free = (tasks: readonly Step[], more: object = {}): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', strategy: 'free', tasks, ...more })] });

describe('the strategy free', () => {
  test('lets each host go on at its own pace, handlers too', async () => {
    using w = world('fast', 'slow');
    const done = handler('Done', note(w, 'done'));
    const first = task('First', ({ host }) => script({ run: host.name === 'fast' ? ':' : `until grep -q 'fast done' ${w.logFile}; do sleep 0.02; done` }), { timeout: '20s', notify: done });
    const result = await w.run(free([first, task('Second', note(w, 'second'))]));
    expect(w.log).toEqual(['fast second', 'fast done', 'slow second', 'slow done']);
    expect(result.recap.exit).toBe(0);
  });

  test('never has more hosts at work than forks', async () => {
    using w = world('h1', 'h2', 'h3', 'h4', 'h5');
    const busy = ['a', 'b'].map(name => task(name, ({ host }) => script({ run: `touch ${w.path('h1', `on-${host.name}`)}; sleep 0.05; ls ${w.path('h1', '')} | grep -c on- >> ${w.logFile}; rm ${w.path('h1', `on-${host.name}`)}` })));
    await w.run(free(busy), { settings: { forks: 2 } });
    expect(w.log).toHaveLength(10);
    expect(Math.max(...w.log.map(Number))).toBeLessThanOrEqual(2);
  });

  test('drops a host that failed, and starts no batch after it', async () => {
    using w = world('h1', 'h2', 'h3');
    const fail = task('Fail', ({ host }) => output({ script: host.name === 'h1' ? 'exit 5' : ':' }));
    const result = await w.run(free([fail, task('A', note(w, 'a'))], { serial: 2 }));
    expect(w.log).toEqual(['h2 a']);
    expect(result.notices).toEqual(['"p" stops here, since a host of this batch failed: not started on h3']);
  });

  test('stops all hosts before their next task where too many fail, or errors are fatal', async () => {
    using w = world('h1', 'h2', 'h3');
    const fail = task('Fail', ({ host }) => output({ script: host.name === 'h1' ? 'exit 5' : ':' }));
    const stopped = await w.run(free([fail, task('A', note(w, 'a'))], { maxFailPercent: 30 }), { settings: { forks: 1 } });
    expect(stopped.notices).toEqual(['"p" stops here, since 1 of 3 hosts of this batch failed and maxFailPercent is 30: not finished on h2, h3']);
    const fatal = await w.run(free([fail, task('A', note(w, 'a'))], { anyErrorsFatal: true }), { settings: { forks: 1 } });
    expect(fatal.recap.stopped).toContain('"Fail" failed on h1, and errors are fatal here');
    expect(w.log).toEqual([]);
  });

  test('goes task by task in check mode, where every host is told the same', async () => {
    using w = world('h1', 'h2');
    const steps = [task('Before', holds({ path: w.path('h1', 'a'), text: '' })), task('Write', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' })), task('After', holds({ path: w.path('h1', 'a'), text: 'x' }))];
    const { tasks } = await w.run(free(steps), { settings: { check: true } });
    expect(tasks.map(event => [event.name, event.willCheck])).toEqual([['Before', undefined], ['Before', undefined], ['Write', undefined], ['Write', undefined], ['After', true], ['After', true]]);
  });

  test('takes values of all hosts from a play before', async () => {
    using w = world('h1', 'h2');
    const name = task('Name', ({ host }) => output({ script: `echo ${host.name}` }));
    const show = task('Show', ({ names, host }) => content({ path: w.path(host, 'seen'), text: [...names.values()].map(value => (isUnreachable(value) ? '-' : value)).join('+') }), { uses: { names: all(name) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'a', hosts: 'all', tasks: [name] }), play({ name: 'b', hosts: 'all', strategy: 'free', tasks: [show] })] }));
    expect(result.of('Show')).toBe('h1=changed h2=changed');
    expect(w.read('h2', 'seen')).toBe('h1+h2');
  });

  test('kills what is at work on every host when it is cancelled', async () => {
    using w = world('h1', 'h2');
    const stop = new AbortController();
    const slow = task('Slow', ({ host }) => script({ run: `echo at work; echo and this takes a while, as long as nobody stops it; sleep 60; touch ${w.path(host, 'late')}` }));
    const working = new Set<string>();
    const result = await w.run(free([slow, task('Look', text({ path: '/etc/motd' }))]), { signal: stop.signal, onEvent: event => {
      if (event.type === 'progress') working.add(event.host);
      if (working.size === 2) stop.abort();
    } });
    expect(result.of('Slow')).toBe('h1=unknown h2=unknown');
    expect(result.of('Look')).toBe('');
    expect(result.recap.exit).toBe(130);
  });
});
