import { describe, expect, test } from 'vitest';
import { handler, play, playbook, task, type Step } from '../../../core';
import { command, live } from '../../../core/module';
import type { Playbook } from '../../../core/playbook';
import { Ledger, type Done } from '../../../core/run/ledger';
import { Secret } from '../../../core/secret';
import { cmd } from '../../../core/transport/command';
import { append, content, output, script } from './modules';
import { world, type Result, type World } from './world';

const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });
const fail = task('Fail', output({ script: 'exit 1' }));

/** Runs it as a journal would hear it. @param earlier what the run goes on after had done */
async function run(w: World, tasks: readonly Step[], earlier: readonly Done[] = []): Promise<Result & { readonly done: readonly Done[] }> {
  const kept: Done[] = [];
  const ledger = new Ledger('20261122T101500Z-bbbb', done => kept.push(done), earlier);
  const result = await w.run(book(tasks), { job: { ledger } });
  return { ...result, done: kept };
}

/** Touches a file unless it is there: its look can tell that it was done. */
const once = command({
  name: 'test.once',
  subject: ({ path }: { readonly path: string; readonly log: string }) => path,
  before: ({ path }) => live(async on => (await on.run(cmd`[ -e ${path} ]`, { expect: [0, 1] })).code === 0),
  describe: (isThere, { path }) => (isThere ? undefined : `touch ${path}`),
  run: async (on, { params }) => {
    await on.run(cmd`touch ${params.path}`);
    await on.run(cmd`echo once >> ${params.log}`);
    return 'made';
  },
  verify: () => Promise.resolve(true),
  idle: () => 'there',
});

/** A restart: always, and again where something changed. */
const restart = command({
  name: 'test.restart',
  subject: () => 'thing',
  before: () => live(() => Promise.resolve(undefined)),
  describe: () => 'restart thing',
  run: async (on, { params }: { readonly params: { readonly log: string } }) => { await on.run(cmd`echo restart >> ${params.log}`); },
  verify: () => Promise.resolve(true),
  idle: () => undefined,
  again: true,
});

/** Leaves nothing behind (but the test's log). */
const proof = command({
  name: 'test.proof',
  subject: () => 'thing',
  before: () => live(() => Promise.resolve(undefined)),
  describe: () => 'write and read',
  run: async (on, { params }: { readonly params: { readonly log: string } }) => { await on.run(cmd`echo proved >> ${params.log}`); },
  verify: () => Promise.resolve(true),
  idle: () => undefined,
  undo: () => [],
});

describe('what commands did', () => {
  test('is written down as they end, also of a task that then fails, and not in check mode', async () => {
    using w = world('h1');
    const tasks = [task('Both', () => [append({ path: w.logFile, line: 'one' }), script({ run: 'exit 3' })])];
    const { done } = await run(w, tasks);
    expect(done).toMatchObject([{ task: 'p/Both', host: 'h1', action: 0, does: `append "one" to ${w.logFile}`, value: 'one', tells: false }]);
    const kept: Done[] = [];
    await w.run(book(tasks), { settings: { check: true }, job: { ledger: new Ledger('r', one => kept.push(one)) } });
    expect(kept).toEqual([]);
  });

  test('is not done twice: the value comes from the journal, and the task says when it was done', async () => {
    using w = world('h1', 'h2');
    const made = task('Make', ({ host }) => append({ path: w.path(host, 'log'), line: 'x' }));
    const use = task('Use', ({ made: value, host }) => content({ path: w.path(host, 'copy'), text: value }), { uses: { made } });
    const first = await run(w, [made, fail]);
    const second = await run(w, [made, use], first.done);
    expect([w.read('h1', 'log'), w.read('h2', 'log')]).toEqual(['x\n', 'x\n']);
    expect(second.of('Make')).toBe('h1=ok h2=ok');
    expect(second.reason('Make')).toMatch(/^done in run 20261122T101500Z-bbbb at \d{4}-/);
    expect(w.read('h1', 'copy')).toBe('x');
    // Whoever goes on after the second run knows it too.
    expect(second.done).toEqual(first.done);
  });

  test('is told action by action: what the task had not come to is done', async () => {
    using w = world('h1');
    const both = task('Both', () => [append({ path: w.logFile, line: 'one' }), script({ run: `[ -e ${w.path('h1', 'ready')} ]` })]);
    const { done } = await run(w, [both]);
    w.write('h1', 'ready', '');
    const second = await run(w, [both], done);
    expect(second.of('Both')).toBe('h1=changed');
    expect(second.reason('Both')).toBe('');
    expect(w.log).toEqual(['one']);
    expect(second.done.map(one => one.action)).toEqual([0, 1]);
  });

  test('is done where it had not been done yet, host by host', async () => {
    using w = world('h1', 'h2');
    const make = task('Make', ({ host }) => append({ path: w.path(host, 'log'), line: 'x' }));
    const { done } = await run(w, [make]);
    const second = await run(w, [make], done.filter(one => one.host === 'h1'));
    expect(second.of('Make')).toBe('h1=ok h2=changed');
    expect(w.read('h2', 'log')).toBe('x\nx\n');
  });

  test('is done for another call at the same place', async () => {
    using w = world('h1');
    const { done } = await run(w, [task('Make', append({ path: w.logFile, line: 'one' }))]);
    const second = await run(w, [task('Make', append({ path: w.logFile, line: 'two' }))], done);
    expect(second.of('Make')).toBe('h1=changed');
    expect(w.log).toEqual(['one', 'two']);
  });

  test('counts for whichever host does a task that runs once', async () => {
    using w = world('h1', 'h2');
    const make = task('Make', append({ path: w.logFile, line: 'x' }), { runOnce: true });
    const { done } = await run(w, [make]);
    w.down.add('h1');
    expect((await run(w, [make], done)).of('Make')).toBe('h1=unreachable h2=ok');
    expect(w.log).toEqual(['x']);
  });

  test('is no answer while until does not hold', async () => {
    using w = world('h1');
    const path = w.path('h1', 'count');
    const count = task('Count', script({ run: `echo x >> ${path}; wc -l < ${path}` }), { until: seen => Number(seen) >= 3, retries: 1, delay: '1ms' });
    const first = await run(w, [count]);
    expect(first.of('Count')).toBe('h1=failed');
    expect(first.done).toEqual([]);
    const second = await run(w, [count], first.done);
    expect(second.of('Count')).toBe('h1=changed');
    expect(second.done).toHaveLength(1);
  });
});

describe('the live state decides where it can', () => {
  test('what its look finds done is not done, and has the value of the journal', async () => {
    using w = world('h1');
    const make = task('Make', once({ path: w.path('h1', 'flag'), log: w.logFile }));
    const show = task('Show', ({ made }) => content({ path: w.path('h1', 'value'), text: made }), { uses: { made: make } });
    const { done } = await run(w, [make]);
    expect(done).toMatchObject([{ tells: true, value: 'made' }]);
    expect((await run(w, [make, show], done)).of('Make')).toBe('h1=ok');
    expect(w.read('h1', 'value')).toBe('made');
  });

  test('what its look finds undone again is done again', async () => {
    using w = world('h1');
    const make = task('Make', once({ path: w.path('h1', 'flag'), log: w.logFile }));
    const gone = task('Remove', output({ script: `rm ${w.path('h1', 'flag')}` }));
    const { done } = await run(w, [make, gone]);
    expect((await run(w, [make], done)).of('Make')).toBe('h1=changed');
    expect(w.log).toEqual(['once', 'once']);
  });

  test('a restart is done again only where something changed before it', async () => {
    using w = world('h1', 'h2');
    const file = task('File', ({ host }) => content({ path: w.path(host, 'conf'), text: 'new' }));
    const again = task('Restart', ({ host }) => restart({ log: w.path(host, 'log') }));
    const { done } = await run(w, [file, again]);
    w.write('h2', 'conf', 'by hand');
    const second = await run(w, [file, again], done);
    expect(second.of('Restart')).toBe('h1=ok h2=changed');
    expect([w.read('h1', 'log'), w.read('h2', 'log')]).toEqual(['restart\n', 'restart\nrestart\n']);
  });

  test('what leaves nothing behind is done again: a proof of then is none of now', async () => {
    using w = world('h1');
    const { done } = await run(w, [task('Prove', proof({ log: w.logFile }))]);
    expect((await run(w, [task('Prove', proof({ log: w.logFile }))], done)).of('Prove')).toBe('h1=changed');
    expect(w.log).toEqual(['proved', 'proved']);
  });

  test('a command that is no restart is not done again after a change', async () => {
    using w = world('h1');
    const file = task('File', content({ path: w.path('h1', 'conf'), text: 'new' }));
    const make = task('Make', append({ path: w.logFile, line: 'x' }));
    const { done } = await run(w, [file, make]);
    w.write('h1', 'conf', 'by hand');
    expect((await run(w, [file, make], done)).of('Make')).toBe('h1=ok');
    expect(w.log).toEqual(['x']);
  });

  test('a handler that is called for again does its work again', async () => {
    using w = world('h1');
    const note = handler('Note', append({ path: w.logFile, line: 'noted' }));
    const file = task('File', content({ path: w.path('h1', 'conf'), text: 'new' }), { notify: note });
    const { done } = await run(w, [file]);
    expect(done).toHaveLength(1);
    w.write('h1', 'conf', 'by hand');
    await run(w, [file], done);
    expect(w.log).toEqual(['noted', 'noted']);
  });
});

test('a value that holds a secret is not written down, and its command is done again', async () => {
  using w = world('h1');
  new Secret('hunter22hunter');
  const make = task('Make', script({ run: `echo hunter22hunter; echo x >> ${w.logFile}` }));
  const { done } = await run(w, [make]);
  expect(done).toMatchObject([{ notKept: 'it holds a secret' }]);
  expect(JSON.stringify(done)).not.toContain('hunter22hunter');
  expect((await run(w, [make], done)).of('Make')).toBe('h1=changed');
  expect(w.log).toEqual(['x', 'x']);
});
