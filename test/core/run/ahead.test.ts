/** Looks that are sent ahead: the answers are those that a look in its own turn would have had. */
import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { handler, play, playbook, task, type Host, type Step } from '../../../core';
import { command, probe, query, resource, steps } from '../../../core/module';
import { cmd, raw } from '../../../core/transport/command';
import { movedClock } from '../../support/clock';
import { append, content, holds, meanwhile, output, script, text } from './modules';
import { world, type World } from './world';

const book = (...tasks: readonly Step[]) => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'web', tasks })] });

/** What a task saw, by its name. */
type Seen = Map<string, string>;

/** Reads a file when its turn has come, from the host's point of view, and counts how often the host was asked. */
const counted = query({
  name: 'test.counted',
  subject: ({ path }: { readonly path: string; readonly log: string }) => path,
  inspect: ({ path, log }) => probe(cmd`echo ${path} >>${log}; cat ${path} 2>/dev/null || echo nothing`, ({ stdout }) => stdout),
});

/** The same in two steps. */
const twice = query({
  name: 'test.twice',
  subject: ({ path }: { readonly path: string }) => path,
  inspect: ({ path }) => steps(async on => {
    const { stdout: first } = await on.run(cmd`cat ${path} 2>/dev/null || echo nothing`);
    return `${first}${(await on.run(cmd`cat ${path} 2>/dev/null || echo nothing; : again`)).stdout}`;
  }),
});

function reader(seen: Seen, w: World, host = 'h1'): (name: string, file?: string) => Step[] {
  return (name, file = 'a') => {
    const read = task(`Read ${name}`, twice({ path: w.path(host, file) }));
    return [read, task(`Tell ${name}`, ({ read: is }) => meanwhile(() => { seen.set(name, is); }), { uses: { read } })];
  };
}

describe('a look that was sent ahead', () => {
  test('is asked once, and answers the task', async () => {
    using w = world('h1', 'h2');
    const tasks = Array.from({ length: 12 }, (_, i) => task(`Read ${i}`, ({ host }: { host: Host }) => counted({ path: w.path(host, `f${i}`), log: w.logFile })));
    expect((await w.run(book(...tasks))).recap.exit).toBe(0);
    expect(w.log).toHaveLength(24);
  });

  test.each<[string, (w: World) => Step]>([
    ['a resource of the same host', w => task('Change', content({ path: w.path('h1', 'a'), text: 'new' }))],
    ['a command that asks first', w => task('Change', append({ path: w.path('h1', 'a'), line: 'new' }))],
    ['a command of the user', w => task('Change', script({ run: `echo new >${w.path('h1', 'a')}` }))],
  ])('is forgotten after %s', async (_name, change) => {
    using w = world('h1');
    const seen: Seen = new Map();
    w.write('h1', 'a', 'old\n');
    const read = reader(seen, w);
    expect((await w.run(book(...read('before'), change(w), ...read('after')))).recap.exit).toBe(0);
    expect(seen.get('before')).toBe('old\nold\n');
    expect(seen.get('after')).toContain('new');
    expect(seen.get('after')).not.toContain('nothing');
  });

  test('is forgotten after a wait, and asked anew by each try of an until', async () => {
    using w = world('h1');
    const seen: Seen = new Map();
    w.write('h1', 'a', 'old\n');
    w.write('h1', 'n', '');
    const read = reader(seen, w);
    const bump = task('Bump', output({ script: `echo >>${w.path('h1', 'n')}; wc -l <${w.path('h1', 'n')}` }), { until: lines => Number(lines) >= 3, retries: 5, delay: '10ms' });
    const later = task('Later', meanwhile(() => { setTimeout(() => { appendFileSync(w.path('h1', 'a'), 'new\n'); }, 50); }));
    const result = await w.run(book(bump, later, task('Wait', holds({ path: w.path('h1', 'a'), text: 'new', timeoutMs: 5000 })), ...read('after')));
    expect(result.recap.exit).toBe(0);
    expect(seen.get('after')).toBe('old\nnew\nold\nnew\n');
  });

  test('of a probe is asked anew by an until', async () => {
    using w = world('h1');
    const probed = task('Poll', counted({ path: w.path('h1', 'a'), log: w.path('h1', 'polls') }), { until: () => readFileSync(w.path('h1', 'polls'), 'utf8').split('\n').length > 3, retries: 5, delay: '10ms' });
    expect((await w.run(book(task('First', text({ path: '/etc/hostname' })), probed))).recap.exit).toBe(0);
    expect(w.read('h1', 'polls')?.split('\n')).toHaveLength(4);
  });

  test('is asked anew when it is too old, and then for no more tasks than come in time', async () => {
    using w = world('h1');
    const pass = movedClock();
    const read = (n: number): Step => task(`Read ${n}`, counted({ path: String(n), log: w.logFile }));
    // Once the answers are there.
    const late = (n: number): Step[] => [task(`Ask ${n}`, output({ script: 'true' })), task(`Late ${n}`, meanwhile(() => { pass(6000); }))];
    expect((await w.run(book(read(1), ...late(1), read(2), ...late(2), read(3), ...late(3), read(4)))).recap.exit).toBe(0);
    expect(w.log).toEqual(['1', '2', '3', '4', '2', '3', '4']);
  });

  test('fails its own task alone, and only when its turn comes', async () => {
    using w = world('h1');
    const failing = query({ name: 'test.failing', subject: () => 'it', inspect: () => probe(raw('echo no such thing >&2; exit 3'), () => 'never') });
    const result = await w.run(book(task('First', text({ path: '/etc/hostname' })), task('Fails', failing(undefined), { ignoreErrors: 'that is the test' }), task('Last', text({ path: '/etc/hostname' }))));
    expect(result.tasks.map(event => [event.name, event.status])).toEqual([['First', 'ok'], ['Fails', 'failed'], ['Last', 'ok']]);
    expect(result.reason('Fails')).toContain('no such thing');
    const skipped = await w.run(book(task('First', text({ path: '/etc/hostname' })), task('Fails', failing(undefined), { when: false })));
    expect(skipped.recap.exit).toBe(0);
  });

  test('that ends its shell takes nothing along', async () => {
    using w = world('h1');
    const killing = query({ name: 'test.killing', subject: () => 'it', inspect: () => probe(cmd`if mkdir ${w.path('h1', 'once')} 2>/dev/null; then kill -9 $$; fi; echo fine`, ({ stdout }) => stdout.trim()) });
    const result = await w.run(book(
      task('First', text({ path: '/etc/hostname' })), task('Kills', killing(undefined)), task('Write', content({ path: w.path('h1', 'a'), text: 'x' })), task('Last', text({ path: '/etc/hostname' }))));
    expect(result.tasks.map(event => [event.name, event.status])).toEqual([['First', 'ok'], ['Kills', 'ok'], ['Write', 'changed'], ['Last', 'ok']]);
  });

  test('is not what a change of a cluster left out of date on another host', async () => {
    using w = world('h1', 'h2');
    const seen: Seen = new Map();
    w.write('h2', 'a', 'old\n');
    const shared = resource({
      name: 'test.shared', subject: (path: string) => path, reach: 'cluster',
      inspect: path => probe(cmd`cat ${path} 2>/dev/null || :`, ({ stdout }) => stdout),
      diff: (is, path) => (is === 'new' ? [] : [{ resource: path, property: 'content', from: is, to: 'new' }]),
      apply: async (on, { params }) => { await on.run(cmd`printf new >${params}`); },
    });
    const change = task('Change', shared(w.path('h2', 'a')), { when: ({ host }) => host.name === 'h1' });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'web', tasks: [task('First', text({ path: '/etc/hostname' })), change, ...reader(seen, w, 'h2')('after')] })] }));
    expect(result.recap.exit).toBe(0);
    expect(seen.get('after')).toBe('newnew');
  });

  test('is never asked where that is turned off', async () => {
    using w = world('h1');
    const before = command({
      name: 'test.before', subject: () => 'it', before: () => probe(cmd`cat ${w.logFile} 2>/dev/null || :`, ({ stdout }) => stdout), describe: () => undefined, run: async () => { await Promise.resolve(); }, verify: () => Promise.resolve(true), idle: () => undefined,
    });
    const tasks = [task('One', counted({ path: '1', log: w.logFile })), task('Stop', output({ script: 'exit 1' })), task('Two', counted({ path: '2', log: w.logFile })), task('Three', before(undefined))];
    await w.run(book(...tasks), { settings: { ahead: false } });
    expect(w.log).toEqual(['1']);
    await w.run(book(...tasks));
    expect(w.log).toEqual(['1', '1', '2']);
  });

  test('waits for the lock of its host where it may lead to a change', async () => {
    using w = world('h1');
    w.write('h1', 'a', 'old');
    const first = task('First', counted({ path: w.path('h1', 'f'), log: w.logFile }));
    const write = task('Write', content({ path: w.path('h1', 'a'), text: 'x' }));
    const release = task('Another run ends', meanwhile(() => { w.write('h1', 'a', 'x'); }));
    const result = await w.run(book(first, release, write));
    expect(result.of('Write'), 'what was written before the lock was taken is seen').toBe('h1=ok');
  });

  test('runs handlers as ever', async () => {
    using w = world('h1', 'h2');
    const done = handler('Done', ({ host }) => append({ path: w.logFile, line: `${host.name} done` }));
    const write = (name: string): Step => task(`Write ${name}`, ({ host }) => content({ path: w.path(host, name), text: name }), { notify: done });
    w.write('h2', 'a', 'a');
    w.write('h2', 'b', 'b');
    const result = await w.run(book(write('a'), write('b')));
    expect([result.of('Write a'), result.of('Write b'), result.of('Done')]).toEqual(['h1=changed h2=ok', 'h1=changed h2=ok', 'h1=changed']);
    expect((await w.run(book(write('a'), write('b')))).of('Done')).toBe('');
  });
});
