import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task, type Step } from '../../../core';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import { mergeDraft } from '../../../core/inventory/merge';
import type { Playbook } from '../../../core/playbook';
import { becomeUser } from '../../../core/run/become';
import { end } from '../../../modules/flow';
import { append, content, holds, output, script, text } from './modules';
import { world } from './world';

const book = (tasks: readonly Step[], more: { readonly become?: boolean | string } = {}): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks, ...more })] });

describe('a time limit', () => {
  test('kills the command and fails the task', async () => {
    using w = world('h1');
    const slow = task('Slow', script({ run: `sleep 60; touch ${w.path('h1', 'late')}` }), { timeout: '200ms' });
    const result = await w.run(book([slow]));
    expect(result.of('Slow')).toBe('h1=failed');
    expect(result.reason('Slow')).toContain('This was while test.script');
    expect(result.recap.exit).toBe(2);
  });

  test('ends a check that waits, and is longer by a check\'s own patience unless said', async () => {
    using w = world('h1');
    const short = await w.run(book([task('Wait', holds({ path: '/nowhere', text: 'x', timeoutMs: 60_000 }), { timeout: '100ms' })]));
    expect(short.reason('Wait')).toMatch(/^the time limit of 100 ms for this task was reached/);
    const patient = await w.run(book([task('Wait', holds({ path: '/nowhere', text: 'x', timeoutMs: 200 }))]), { settings: { timeoutMs: 5000 } });
    expect(patient.reason('Wait')).toMatch(/does not hold/);
  });
});

describe('a cancel', () => {
  test('kills what is at work, starts nothing more, and says what is unknown', async () => {
    using w = world('h1', 'h2');
    const stop = new AbortController();
    const write = task('Write', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' }), { notify: handler('Restart', append({ path: w.logFile, line: 'restarted' })) });
    const slow = task('Slow', ({ host }) => script({ run: host.name === 'h1' ? `echo at work; echo and this takes a while, as long as nobody stops it; sleep 60; touch ${w.path('h1', 'late')}` : ':' }));
    const note = (name: string): Step => task(name, append({ path: w.logFile, line: name }));
    const steps = [write, block('B', { tasks: [slow], rescue: [note('rescue')], always: [note('always')] }), note('after')];
    const seen = new Set<string>();
    const result = await w.run(book(steps), { signal: stop.signal, onEvent: event => {
      if (event.type === 'progress' || (event.type === 'task' && event.name === 'Slow')) seen.add(event.host);
      if (seen.size === 2) stop.abort();
    } });
    expect(result.of('Slow')).toBe('h1=unknown h2=changed');
    expect(result.reason('Slow')).toContain('interrupted\nThis was while test.script');
    expect(w.log).toEqual([]);
    expect(result.recap).toMatchObject({ exit: 130, stopped: expect.stringContaining('interrupted') as string, hosts: { h1: { unknown: 1 } } });
    expect(result.events.at(-1)?.type).toBe('recap');
    expect(result.notices).toEqual(['the handler "Restart" was notified but not run on h1, h2; what it does is still owed there']);
    expect(w.read('h1', '.lock')).toBeUndefined();
  });

  test('before the start touches no host', async () => {
    using w = world('h1');
    const stop = new AbortController();
    stop.abort();
    const result = await w.run(book([task('Look', text({ path: '/etc/motd' }))]), { signal: stop.signal });
    expect(result.tasks).toEqual([]);
    expect(w.calls).toEqual([]);
    expect(result.recap.exit).toBe(130);
  });

  test('ends a question to the user', async () => {
    using w = world('h1');
    const stop = new AbortController();
    const ask = { kind: 'confirm', module: 'confirm', subject: '?', effect: 'read', problems: [], text: '?', value: true } as const;
    const result = await w.run(book([task('Ask', ask)]), { signal: stop.signal, ask: () => { stop.abort(); return new Promise(() => undefined); } });
    expect(result.recap.exit).toBe(130);
  });
});

describe('locks', () => {
  const write = (w: ReturnType<typeof world>): Step => task('Write', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' }));

  test('are taken on every host before the first change, and given back', async () => {
    using w = world('h1', 'h2', 'h3');
    const plays = [
      play({ name: 'look', hosts: 'all', tasks: [task('Look', text({ path: '/etc/motd' }))] }),
      play({ name: 'one', hosts: 'h1', tasks: [write(w)] }), play({ name: 'two', hosts: 'h2', tasks: [task('Again', ({ host }) => content({ path: w.path(host, 'b'), text: 'x' }))] }),
    ];
    const result = await w.run(playbook({ name: 'P', plays }));
    expect(result.recap.exit).toBe(0);
    expect(w.calls.filter(call => call.startsWith('lock')).sort()).toEqual(['lock h1 login', 'lock h2 login', 'lock h3 login']);
    expect(w.calls.slice(0, 3).filter(call => call.startsWith('lock')), 'not before the first task that may change something').toEqual([]);
    expect(['h1', 'h2', 'h3'].map(host => w.read(host, '.lock'))).toEqual([undefined, undefined, undefined]);
  });

  test('that another run holds refuse the run before any change, and leave no lock', async () => {
    using w = world('h1', 'h2');
    w.write('h2', '.lock', 'run other of you@there');
    const result = await w.run(book([write(w)]));
    expect(result.recap).toMatchObject({ exit: 1, stopped: 'h2 is locked by run other of you@there' });
    expect(w.read('h1', 'a')).toBeUndefined();
    expect(w.read('h1', '.lock')).toBeUndefined();
  });

  test.each(['linear', 'free'] as const)('that were given back to wait for another run make what was seen before out of date, %s', async strategy => {
    using w = world('h1', 'h2');
    w.write('h1', '.lock', 'run other of you@there');
    for (const host of ['h1', 'h2']) w.write(host, 'first', 'x');
    // h1 is waited for first, with nothing in hand: the other run does the same work on both, and ends.
    setTimeout(() => { for (const host of ['h1', 'h2']) w.write(host, 'a', 'x'); }, 150);
    setTimeout(() => { rmSync(w.path('h1', '.lock')); }, 300);
    const first = task('First', ({ host }) => content({ path: w.path(host, 'first'), text: 'x' }));
    const tasks = strategy === 'free' ? [first, write(w)] : [write(w)];
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', strategy, tasks })] }), { settings: { lockWaitMs: 5000 } });
    expect(result.of('Write')).toBe('h1=ok h2=ok');
  });

  test('are not taken by a playbook that only looks', async () => {
    using w = world('h1');
    w.write('h1', '.lock', 'run other');
    const result = await w.run(book([task('Look', text({ path: '/etc/motd' })), task('Check', holds({ path: '/etc/passwd', text: 'root' }))]));
    expect(result.recap.exit).toBe(0);
    expect(w.calls).toEqual(['connect h1 login', 'connect h1 login']);
  });

  test('leave out a host that cannot be reached, which then gets no task', async () => {
    using w = world('h1', 'h2');
    w.down.add('h2');
    const result = await w.run(playbook({ name: 'P', plays: [
      play({ name: 'one', hosts: 'h1', tasks: [write(w), task('Up again', ({ host }) => { w.down.delete('h2'); return text({ path: w.path(host, 'a') }); })] }),
      play({ name: 'two', hosts: 'h2', tasks: [task('Late', output({ script: ':' }))] }),
    ] }));
    expect(result.of('Late')).toBe('h2=unreachable');
    expect(result.recap.exit).toBe(4);
  });

  test('are taken as root where any task becomes somebody', async () => {
    using w = world('h1');
    await w.run(book([task('Look', text({ path: '/etc/motd' })), task('Own', content({ path: w.path('h1', 'a'), text: 'x' }), { become: true })]));
    // Beside the lock, for handlers that are owed, as whoever changes things there, and for the task.
    expect(w.calls).toEqual(['connect h1 login', 'lock h1 root', 'connect h1 root', 'connect h1 root', 'connect h1 root']);
  });
});

describe('become', () => {
  const draft = newDraft();
  readEntries(draft, { hosts: { plain: {}, sudo: { become: true, becomeUser: 'admin' }, never: { become: false } } }, 'test');
  const inventory = mergeDraft(draft, ['test']);
  const cases: readonly (readonly [string, boolean | string | undefined, boolean, string | undefined])[] = [
    ['plain', undefined, false, undefined], ['plain', undefined, true, 'root'], ['plain', true, false, 'root'], ['plain', 'etcd', false, 'etcd'], ['plain', false, true, undefined],
    ['sudo', undefined, false, 'admin'], ['sudo', true, false, 'admin'], ['sudo', false, true, undefined], ['sudo', 'etcd', false, 'etcd'],
    ['never', undefined, true, undefined], ['never', true, false, 'root'],
  ];
  test.each(cases)('on %s, said %s, -b %s: %s', (name, said, byDefault, user) => {
    const host = inventory.find(name);
    expect(host === undefined ? 'no host' : becomeUser(host, said, byDefault)).toBe(user);
  });

  test('goes task before block before play', async () => {
    using w = world('h1');
    const look = (name: string, become?: string | boolean): Step => task(name, text({ path: '/etc/motd' }), become === undefined ? {} : { become });
    await w.run(book([look('a'), look('b', false), block('B', { become: 'etcd', tasks: [look('c'), look('d', 'nobody')] })], { become: true }));
    expect(w.calls).toEqual(['connect h1 root', 'connect h1 login', 'connect h1 etcd', 'connect h1 nobody']);
  });
});

describe('a recap', () => {
  test('ends a run whose playbook is wrong, with every problem', async () => {
    using w = world('h1');
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'a', hosts: 'nosuch', tasks: [task('T', text({ path: '/x' }))] }), play({ name: 'b', hosts: 'h1', tasks: [] })] }));
    expect(result.events.map(event => event.type)).toEqual(['recap']);
    expect(result.recap).toMatchObject({ exit: 1, hosts: {} });
    expect(result.recap.stopped?.split('\n')).toHaveLength(2);
  });

  test('ends a run in which the engine itself breaks', async () => {
    using w = world('h1');
    const result = await w.run(book([task('T', text({ path: '/x' }))]), { onEvent: event => { if (event.type === 'start') throw new Error('reporter broke'); } });
    expect(result.recap).toMatchObject({ exit: 2, stopped: expect.stringContaining('reporter broke') as string });
  });
});

describe('the end of a run where nothing is left to do', () => {
  test.each([false, true])('no later task starts, in no play, and the exit code is 0 (check mode: %s)', async check => {
    using w = world('h1', 'h2');
    const later = (name: string): Step => task(name, ({ host }) => content({ path: w.path(host, name), text: 'x' }));
    const enough = task('Enough', end({ text: 'it is done already' }), { when: ({ host }) => host.name === 'h1' });
    const result = await w.run(playbook({ name: 'P', plays: [
      play({ name: 'one', hosts: 'all', tasks: [enough, later('a')] }),
      play({ name: 'two', hosts: 'all', tasks: [later('b')] }),
    ] }), { settings: { check } });
    expect(result.of('Enough')).toBe('h1=ok h2=skipped');
    expect([result.of('a'), result.of('b')]).toEqual(['', '']);
    expect(result.recap).toMatchObject({ exit: 0 });
    expect(result.recap.stopped).toBeUndefined();
  });
});
