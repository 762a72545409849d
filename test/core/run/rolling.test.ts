import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task, type Host, type Step } from '../../../core';
import type { PlayOptions, Rolling } from '../../../core/play';
import type { Playbook } from '../../../core/playbook';
import { append, content, holds, output, script } from './modules';
import { world, type World } from './world';

type Here = (values: { host: Host }) => ReturnType<typeof append>;
const note = (w: World, what: string): Here => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const failOn = (...hosts: readonly string[]): ((values: { host: Host }) => ReturnType<typeof output>) => ({ host }) => output({ script: hosts.includes(host.name) ? 'exit 5' : ':' });

/** Everything that a roll has, each step noted; `gate` fails on these hosts. */
function rolling(w: World, { tasks = [], gateFails = [], more = {}, of = {} }: { tasks?: readonly Step[]; gateFails?: readonly string[]; more?: Partial<PlayOptions>; of?: Partial<Rolling> } = {}): Playbook {
  const parts: Rolling = {
    drain: [task('Drain', note(w, 'drain'))],
    gate: [task('Gate', failOn(...gateFails))],
    undrain: [task('Undrain', note(w, 'undrain'))],
  };
  const done = handler('Done', note(w, 'done'));
  const work = [task('Work', note(w, 'work'), { notify: done }), ...tasks];
  return playbook({ name: 'P', plays: [
    play({ name: 'roll', hosts: 'all', strategy: 'rolling', tasks: work, rolling: { ...parts, ...of }, ...more }),
    play({ name: 'after', hosts: 'all', tasks: [task('After', note(w, 'after'))] }),
  ] });
}

const one = { settings: { forks: 1 } };
const whole = (host: string): string[] => ['drain', 'work', 'done', 'undrain'].map(step => `${host} ${step}`);

describe('the strategy rolling', () => {
  test('takes each host out, through tasks and handlers, past its gate and back, before the next one', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(rolling(w), one);
    expect(w.log).toEqual([...whole('h1'), ...whole('h2'), 'h1 after', 'h2 after']);
    expect(result.tasks.map(event => event.task).slice(0, 5)).toEqual(['roll/drain/Drain', 'roll/Work', 'roll/handlers/Done', 'roll/gate/Gate', 'roll/undrain/Undrain']);
    expect(result.notices).toEqual([]);
  });

  test('takes several at a time where it is told to', async () => {
    using w = world('h1', 'h2', 'h3');
    await w.run(rolling(w, { of: { batch: '67%' } }), one);
    expect(w.log.slice(0, 8)).toEqual(['h1 drain', 'h2 drain', 'h1 work', 'h2 work', 'h1 done', 'h2 done', 'h1 undrain', 'h2 undrain']);
    expect(w.log.slice(8, 12)).toEqual(whole('h3'));
  });

  test('a gate that fails stops the roll: that host stays out of service, the rest is untouched, and both are named', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    const result = await w.run(rolling(w, { gateFails: ['h2'], of: { maxFailures: 3 } }), one);
    expect(w.log).toEqual([...whole('h1'), 'h2 drain', 'h2 work', 'h2 done', 'h1 after']);
    expect(result.notices).toEqual([
      expect.stringMatching(/^"roll": h2 stays out of service, since it failed at "Gate": h2: .*exited with code 5/) as string,
      '"roll" stops here, since the gate of h2 did not hold: not started on h3, h4',
    ]);
    expect(result.recap.exit).toBe(2);
  });

  test('a task that fails ends it for the host, without gate and undrain, and the roll with it', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(rolling(w, { tasks: [task('Fail', failOn('h1'))] }), one);
    expect(w.log).toEqual(['h1 drain', 'h1 work', 'h1 done']);
    expect(result.of('Gate')).toBe('');
    expect(result.notices.slice(0, 2)).toEqual([expect.stringMatching(/^"roll": h1 stays out of service, since it failed at "Fail"/), '"roll" stops here, since a host of this batch failed: not started on h2']);
  });

  test('a rescue is the way back into service', async () => {
    using w = world('h1', 'h2');
    const tried = block('Try', { tasks: [task('Fail', failOn('h1'))], rescue: [task('Old state', note(w, 'rescued'))] });
    const result = await w.run(rolling(w, { tasks: [tried] }), one);
    expect(w.log.slice(0, 5)).toEqual(['h1 drain', 'h1 work', 'h1 rescued', 'h1 done', 'h1 undrain']);
    expect(result.recap.exit).toBe(0);
  });

  test('goes on over as many lost hosts as maxFailures allows, unreachable ones included', async () => {
    using w = world('h1', 'h2', 'h3', 'h4', 'h5');
    w.down.add('h3');
    const result = await w.run(rolling(w, { tasks: [task('Fail', failOn('h1'))], of: { maxFailures: 1 } }), one);
    expect(w.log).toEqual(['h1 drain', 'h1 work', 'h1 done', ...whole('h2'), 'h2 after']);
    expect(result.notices.at(-1)).toBe('"roll" stops here, since 2 hosts failed and maxFailures is 1: not started on h4, h5');
    expect(result.notices).toContainEqual(expect.stringMatching(/^"roll": h3 may be out of service, since it is unreachable/));
  });

  test('lets the hosts of a batch that passed go back while another one does not', async () => {
    using w = world('h1', 'h2', 'h3');
    const result = await w.run(rolling(w, { gateFails: ['h1'], of: { batch: 2 } }), one);
    expect(w.log.filter(line => line.endsWith('undrain'))).toEqual(['h2 undrain']);
    expect(result.notices.at(-1)).toBe('"roll" stops here, since the gate of h1 did not hold: not started on h3');
  });

  test('runs the handlers of a drain before the tasks, and delegates as anywhere', async () => {
    using w = world('h1', 'lb');
    const reload = handler('Reload', ({ host }) => append({ path: w.logFile, line: `lb reloaded for ${host.name}` }), { delegateTo: w.host('lb') });
    const drain = task('Out', ({ host }) => content({ path: w.path('lb', host.name), text: 'down' }), { delegateTo: w.host('lb'), notify: reload });
    const back = task('Back', ({ host }) => content({ path: w.path('lb', host.name), text: 'up' }), { delegateTo: w.host('lb'), notify: reload });
    const gate = task('Gate', ({ host }) => holds({ path: w.path('lb', host.name), text: 'down' }), { delegateTo: w.host('lb') });
    const roll = play({ name: 'roll', hosts: 'h1', strategy: 'rolling', tasks: [task('Work', note(w, 'work'))], rolling: { drain: [drain], gate: [gate], undrain: [back] } });
    const result = await w.run(playbook({ name: 'P', plays: [roll] }));
    expect(w.log).toEqual(['lb reloaded for h1', 'h1 work', 'lb reloaded for h1']);
    expect(w.read('lb', 'h1')).toBe('up');
    expect(result.recap.exit).toBe(0);
  });

  test('a cancel leaves nothing unsaid', async () => {
    using w = world('h1', 'h2');
    const stop = new AbortController();
    const slow = task('Slow', ({ host }) => script({ run: `echo at work; echo and this takes a while, as long as nobody stops it; sleep 60; touch ${w.path(host, 'late')}` }));
    const result = await w.run(rolling(w, { tasks: [slow] }), { signal: stop.signal, onEvent: event => { if (event.type === 'progress') stop.abort(); } });
    expect(result.notices).toContain('"roll": h1 stays out of service, since the run ended before it was back');
    expect(result.recap.exit).toBe(130);
  });

  test('check mode goes the whole way and takes nobody out of service', async () => {
    using w = world('h1', 'h2');
    const gate = [task('Gate', ({ host }) => holds({ path: w.path(host, 'state'), text: 'ready' }))];
    const result = await w.run(rolling(w, { of: { gate } }), { settings: { check: true, forks: 1 } });
    expect(result.of('Undrain')).toBe('h1=changed h2=changed');
    expect(result.tasks.filter(event => event.name === 'Gate').map(event => event.willCheck)).toEqual([true, true]);
    expect(result.recap).toMatchObject({ exit: 0, planned: { unknown: [] } });
    expect(w.log).toEqual([]);
  });

  test('--tags brings drain, gate and undrain with any of its tasks', async () => {
    using w = world('h1');
    await w.run(rolling(w, { tasks: [task('Tagged', note(w, 'tagged'), { tags: ['t'] })] }), { selection: { tags: ['t'] } });
    expect(w.log).toEqual(['h1 drain', 'h1 tagged', 'h1 undrain']);
  });

  test('without drain and gate it is a few hosts at a time', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', strategy: 'rolling', tasks: [task('Fail', failOn('h1'))] })] }));
    expect(result.of('Fail')).toBe('h1=failed');
    expect(result.notices).toEqual(['"p" stops here, since a host of this batch failed: not started on h2']);
  });
});
