import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { all, block, from, handler, once, play, playbook, task, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { append, confirm, content, holds, opaque, output, plain, stubborn, text } from './modules';
import { world, type World } from './world';

const check = { settings: { check: true } };
const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });
const file = (w: World, name: string, more: Parameters<typeof task>[2] = {}): ReturnType<typeof task> => task(`File ${name}`, content({ path: w.path('h1', name), text: 'new' }), more);

/** Every file below the hosts' directories with its text and time. */
function tree(w: World): readonly string[] {
  const root = join(w.path('h1', ''), '..');
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name)).sort()
    .map(path => `${path} ${statSync(path).mtimeMs} ${readFileSync(path, 'utf8')}`);
}

describe('check mode', () => {
  test('writes nothing, takes no lock, asks nothing, and lists the changes that the run then makes', async () => {
    using w = world('h1');
    w.write('h1', 'a', 'old');
    const restart = handler('Restart', append({ path: w.logFile, line: 'restarted' }));
    const steps = [
      task('Really?', confirm('Really?')), file(w, 'a', { notify: restart }), task('Append', append({ path: w.logFile, line: 'one' })),
      block('B', { tasks: [file(w, 'b')], always: [file(w, 'c')] }), task('Idle', append({ path: w.logFile, line: 'two', needed: false })),
    ];
    const before = tree(w);
    const asked: string[] = [];
    const planned = await w.run(book(steps), { ...check, ask: question => { asked.push(question); return Promise.resolve(true); } });
    expect(tree(w)).toEqual(before);
    expect(asked).toEqual([]);
    expect(w.calls.filter(call => call.startsWith('lock'))).toEqual([]);
    expect(planned.tasks.map(event => [event.name, event.status])).toEqual([
      ['Really?', 'skipped'], ['File a', 'changed'], ['Append', 'changed'], ['File b', 'changed'], ['File c', 'changed'], ['Idle', 'ok'], ['Restart', 'changed'],
    ]);
    expect(planned.recap).toMatchObject({ exit: 0, check: true, planned: { exact: 7, total: 7, unknown: [] } });
    const done = await w.run(book(steps));
    expect(done.tasks.map(event => event.changes)).toEqual(planned.tasks.map(event => event.changes));
  });

  test('does not check a condition after a planned change, but before one it does', async () => {
    using w = world('h1', 'h2');
    const steps = [
      task('Before', holds({ path: w.path('h1', 'state'), text: '' })),
      task('Change', content({ path: w.path('h1', 'state'), text: 'ready' }), { runOnce: true }),
      task('After', holds({ path: w.path('h1', 'state'), text: 'ready', timeoutMs: 5000 })),
    ];
    const { tasks, recap } = await w.run(book(steps), check);
    expect(tasks.map(event => [event.name, event.status, event.willCheck])).toEqual([
      ['Before', 'ok', undefined], ['Before', 'ok', undefined], ['Change', 'changed', undefined], ['After', 'ok', true], ['After', 'ok', true],
    ]);
    expect(recap.exit).toBe(0);
    const wrong = await w.run(book([task('Wrong', holds({ path: w.path('h1', 'state'), text: 'nothing' }))]), check);
    expect(wrong.recap.exit).toBe(2);
  });

  test('does not wait for an until that only the run can make true', async () => {
    using w = world('h1');
    const poll = task('Poll', text({ path: w.path('h1', 'a') }), { until: seen => seen === 'new', retries: 1, delay: '10ms' });
    const user = task('User', ({ seen }) => text({ path: seen }), { uses: { seen: poll } });
    const after = await w.run(book([file(w, 'a'), poll, user]), check);
    expect(after.tasks.map(event => [event.name, event.status, event.willCheck])).toEqual([['File a', 'changed', undefined], ['Poll', 'ok', true], ['User', 'unknown', undefined]]);
    const before = await w.run(book([poll]), check);
    expect(before.of('Poll')).toBe('h1=failed');
  });

  test('hands on a value that the module can predict', async () => {
    using w = world('h1');
    const predicted = file(w, 'a');
    const changed = task('Plain', plain({ path: w.path('h1', 'p'), text: 'x' }));
    const use = task('Use', ({ value, plain: { changed: did } }) => content({ path: w.path('h1', 'b'), text: `${String(value)} ${did}` }), { uses: { value: predicted, plain: changed } });
    const result = await w.run(book([predicted, changed, use]), check);
    expect(result.tasks[2]?.changes).toEqual([{ resource: w.path('h1', 'b'), property: 'content', from: null, to: 'new true' }]);
  });

  test('passes what is unknown on, without calling the functions that use it', async () => {
    using w = world('h1', 'h2');
    let called = 0;
    const made = task('Made', ({ host }) => opaque({ path: w.path(host, 'a'), text: 'x' }));
    const ran = task('Ran', append({ path: w.logFile, line: 'x' }), { runOnce: true });
    const counting = (): ReturnType<typeof text> => { called += 1; return text({ path: '/etc/motd' }); };
    const steps = [
      made, ran,
      task('Own', counting, { uses: { made } }), task('All', counting, { uses: { made: all(made) } }), task('From', counting, { uses: { made: from(w.host('h2'), made) } }),
      task('Once', counting, { uses: { ran: once(ran) } }), task('When', counting, { uses: { made }, when: () => { called += 1; return true; } }),
      task('Never', counting, { uses: { made }, when: false }),
    ];
    const own = steps[2] as typeof made;
    const result = await w.run(book([...steps, task('Chain', counting, { uses: { own } })]), check);
    for (const name of ['Own', 'All', 'From', 'Once', 'When', 'Chain']) expect(result.of(name), name).toBe('h1=unknown h2=unknown');
    expect(result.of('Never')).toBe('h1=skipped h2=skipped');
    expect(called).toBe(0);
    expect(result.reason('Own')).toBe('it uses "Made", whose value only the run itself can tell');
    expect(result.recap).toMatchObject({ exit: 0, planned: { exact: 3, total: 9, unknown: ['p/Own', 'p/All', 'p/From', 'p/Once', 'p/When', 'p/Chain'] } });
  });

  test('knows such a value when nothing is to be changed', async () => {
    using w = world('h1');
    w.write('h1', 'a', 'x');
    const made = task('Made', opaque({ path: w.path('h1', 'a'), text: 'x' }));
    const use = task('Use', ({ value }) => content({ path: w.path('h1', 'b'), text: value }), { uses: { value: made } });
    expect((await w.run(book([made, use]), check)).of('Use')).toBe('h1=changed');
  });

  test('calls a look that fails after a planned change unknown, before one a failure', async () => {
    using w = world('h1');
    const look = task('Look', output({ script: `cat ${w.path('h1', 'a')}` }));
    const after = await w.run(book([file(w, 'a'), look]), check);
    expect(after.of('Look')).toBe('h1=unknown');
    expect(after.reason('Look')).toContain('it cannot be looked at before the changes planned above are made: h1:');
    expect((await w.run(book([look]), check)).of('Look')).toBe('h1=failed');
  });

  test('does not know of a handler that finds nothing to do yet, nor of one that may not be notified at all', async () => {
    using w = world('h1');
    const lazy = handler('Lazy', append({ path: w.logFile, line: 'x', needed: false }));
    const maybe = handler('Maybe', append({ path: w.logFile, line: 'y' }));
    const made = task('Made', opaque({ path: w.path('h1', 'a'), text: 'x' }), { notify: lazy });
    const use = task('Use', ({ value }) => content({ path: w.path('h1', 'b'), text: value }), { uses: { value: made }, notify: maybe });
    const result = await w.run(book([made, use]), check);
    expect(result.tasks.slice(2)).toMatchObject([
      { name: 'Lazy', status: 'unknown', handler: true, changes: [], reason: 'whether it finds something to do is known only once the changes that notify it are made' },
      { name: 'Maybe', status: 'unknown', handler: true, changes: [] },
    ]);
  });

  test('stops after diff also for a module that would never converge', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Stubborn', stubborn({ path: w.path('h1', 'a'), script: `touch ${w.path('h1', 'a')}` }))]), check);
    expect(result.of('Stubborn')).toBe('h1=changed');
    expect(w.read('h1', 'a')).toBeUndefined();
  });
});
