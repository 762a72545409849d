import { describe, expect, test } from 'vitest';
import { handler, play, playbook, task, type Host, type Step } from '../../../core';
import { PlanError } from '../../../core/errors';
import type { Playbook } from '../../../core/playbook';
import type { Guard } from '../../../core/run/job';
import { Ledger, type Done } from '../../../core/run/ledger';
import * as command from '../../../modules/command';
import { append, content, meanwhile, output, script, text } from './modules';
import { world, type World } from './world';

const book = (tasks: readonly Step[], more: object = {}): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks, ...more })] });
const check = { settings: { check: true } };
const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const sh = (run: string): ReturnType<typeof command.run> => command.run({ command: ['sh', '-c', run], expect: 'any' });

describe('changedWhen', () => {
  test('false: the command is run, changes nothing, and notifies nobody; check mode says the same', async () => {
    using w = world('h1');
    const steps = [task('Sync', append({ path: w.logFile, line: 'synced' }), { changedWhen: false })];
    const planned = await w.run(book(steps), check);
    expect(w.log).toEqual([]);
    const done = await w.run(book(steps));
    expect(w.log).toEqual(['synced']);
    for (const { tasks, recap } of [planned, done]) {
      expect(tasks).toMatchObject([{ status: 'ok', changes: [] }]);
      expect(recap).toMatchObject({ exit: 0, hosts: { h1: { ok: 1, changed: 0 } } });
    }
    expect(w.read('h1', '.lock')).toBeUndefined();
    expect(w.calls.filter(call => call.startsWith('lock'))).toEqual(['lock h1 login']);
  });

  test('a function decides by the value, and with it whether handlers are notified', async () => {
    using w = world('h1', 'h2');
    const done = handler('Done', note(w, 'done'));
    const sync = task('Sync', ({ host }) => sh(`echo ${host.name === 'h1' ? 'updated 3 packages' : 'nothing to do'}`), { changedWhen: ({ stdout }, { host }) => stdout.includes('updated') && host.name !== 'h9', notify: done });
    const result = await w.run(book([sync]));
    expect(result.of('Sync')).toBe('h1=changed h2=ok');
    expect(result.tasks.find(event => event.host === 'h2')?.changes).toEqual([]);
    expect(result.of('Done')).toBe('h1=changed');
    expect(w.log).toEqual(['h1 done']);
    await w.run(book([task('Sync', sh(':'), { changedWhen: () => false, notify: done })]));
    const later = await w.run(book([task('Sync', sh(':'), { when: false, notify: done })]));
    expect(later.of('Done'), 'nothing is owed by a change that was none').toBe('');
    expect(w.log).toEqual(['h1 done']);
  });

  test('leaves what an earlier run owes', async () => {
    using w = world('h1');
    const stop = new AbortController();
    const done = handler('Done', note(w, 'done'));
    const write = task('Write', content({ path: w.path('h1', 'a'), text: 'x' }), { notify: done });
    await w.run(book([write, task('Stop', meanwhile(() => { stop.abort(); }))]), { signal: stop.signal });
    const sync = task('Sync', sh(':'), { changedWhen: () => false, notify: done });
    await w.run(book([sync]));
    expect(w.log).toEqual(['h1 done']);
  });

  test('by the value is unknown in check mode, and so are its handlers', async () => {
    using w = world('h1');
    const done = handler('Done', note(w, 'done'));
    const result = await w.run(book([task('Sync', sh(':'), { changedWhen: ({ code }) => code === 0, notify: done })]), check);
    expect(result.tasks).toMatchObject([
      { name: 'Sync', status: 'unknown', reason: 'whether it counts as a change is known only when it runs', changes: [{ property: 'run' }] },
      { name: 'Done', status: 'unknown' },
    ]);
    expect(result.recap.planned).toEqual({ exact: 0, total: 2, unknown: ['p/Sync', 'p/handlers/Done'] });
  });

  test('false: such a command needs no place in a plan', async () => {
    using w = world('h1');
    const guard: Guard = { permit: () => { throw new PlanError('it is not in the plan'); } };
    const sync = (more: object): Step => task('Sync', append({ path: w.logFile, line: 'synced' }), more);
    expect((await w.run(book([sync({ changedWhen: false })]), { job: { guard } })).recap.exit).toBe(0);
    expect((await w.run(book([sync({})]), { job: { guard } })).recap.exit).toBe(3);
    expect(w.log).toEqual(['synced']);
  });

  test('is not asked where nothing was run', async () => {
    using w = world('h1');
    const idle = task('Idle', append({ path: w.logFile, line: 'x', needed: false }), { changedWhen: () => true });
    expect((await w.run(book([idle]))).of('Idle')).toBe('h1=ok');
    expect((await w.run(book([idle]), check)).of('Idle')).toBe('h1=ok');
  });

  test('is refused for what is no command, where the task itself makes it too', async () => {
    using w = world('h1');
    const made = task('Made', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' }), { changedWhen: false });
    const result = await w.run(book([made]));
    expect(result.reason('Made')).toBe('changedWhen is for commands, and test.content is a resource, of which is known what it changes: leave changedWhen out');
    expect(w.read('h1', 'a')).toBeUndefined();
  });
});

describe('failedWhen', () => {
  test('judges a command by its exit code and output, with values and host at hand', async () => {
    using w = world('h1', 'h2', 'h3');
    const limit = task('Limit', output({ script: 'echo 3' }));
    const probe = task('Probe', ({ host }) => sh(`echo "found ${host.name}" >&2; exit ${host.name.slice(1)}`), {
      uses: { limit }, failedWhen: ({ code }, { limit: most, host }) => code >= Number(most) && `${host.name} has ${code}, and ${most} is too many`,
    });
    const result = await w.run(book([limit, probe]));
    expect(result.of('Probe')).toBe('h1=changed h2=changed h3=failed');
    expect(result.reason('Probe')).toBe('h3: h3 has 3, and 3 is too many');
    expect(result.recap.exit).toBe(2);
  });

  test('true: the command\'s own end is the reason', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Probe', sh('echo boom >&2; exit 7'), { failedWhen: ({ code }) => code > 1 }), task('After', text({ path: '/etc/motd' }))]));
    expect(result.reason('Probe')).toMatch(/exited with code 7: boom\nIts failedWhen holds\.$/);
    expect(result.of('After')).toBe('');
    const other = await w.run(book([task('Text', output({ script: 'echo WARN' }), { failedWhen: seen => seen.includes('WARN') })]));
    expect(other.reason('Text')).toBe('h1: its failedWhen holds');
  });

  test('is tried again with until', async () => {
    using w = world('h1');
    const poll = task('Poll', script({ run: `echo x >> ${w.logFile}; grep -c x ${w.logFile}` }), { failedWhen: seen => seen.trim() !== '3', until: () => true, retries: 4, delay: '10ms' });
    expect((await w.run(book([poll]))).of('Poll')).toBe('h1=changed');
    expect(w.log).toHaveLength(3);
  });

  test('of what check mode can see is judged there; after a planned change it will be checked', async () => {
    using w = world('h1');
    const look = task('Look', text({ path: w.path('h1', 'a') }), { failedWhen: seen => seen === '' && 'the file is empty' });
    expect((await w.run(book([look]), check)).reason('Look')).toBe('h1: the file is empty');
    const after = await w.run(book([task('Write', content({ path: w.path('h1', 'a'), text: 'x' })), look]), check);
    expect(after.tasks[1]).toMatchObject({ status: 'ok', willCheck: true });
  });

  test('is asked before the journal takes the command as done', async () => {
    using w = world('h1');
    const kept: Done[] = [];
    const ledger = new Ledger('20261122T101500Z-bbbb', done => kept.push(done));
    const judged = (name: string, fails: boolean): Step => task(name, script({ run: 'echo x' }), { failedWhen: () => fails, ignoreErrors: 'only for show' });
    await w.run(book([judged('Good', false), judged('Bad', true)]), { job: { ledger } });
    expect(kept.map(done => done.task)).toEqual(['p/Good']);
  });

  test('that throws is the playbook\'s own failure, with its place', async () => {
    using w = world('h1');
    const bad = task('Bad', text({ path: '/etc/motd' }), { failedWhen: () => { throw new TypeError('no such field'); } });
    expect((await w.run(book([bad]))).reason('Bad')).toMatch(/^the playbook's own code failed \(test\/core\/run\/judgement\.test\.ts:\d+\): TypeError: no such field/);
  });
});

describe('throttle', () => {
  const busy = (w: World) => ({ host }: { host: Host }): ReturnType<typeof script> =>
    script({ run: `touch ${w.path('h1', `on-${host.name}`)}; sleep 0.05; ls ${w.path('h1', '')} | grep -c on- >> ${w.logFile}; rm ${w.path('h1', `on-${host.name}`)}` });

  test.each(['linear', 'free'] as const)('is how many hosts do it at once (%s)', async strategy => {
    using w = world('h1', 'h2', 'h3', 'h4', 'h5');
    await w.run(book([task('Busy', busy(w), { throttle: 2 })], { strategy }));
    expect(w.log).toHaveLength(5);
    expect(Math.max(...w.log.map(Number))).toBeLessThanOrEqual(2);
  });

  test('of a handler restarts one host after the other', async () => {
    using w = world('h1', 'h2', 'h3');
    const restart = handler('Restart', busy(w), { throttle: 1 });
    await w.run(book([task('Write', ({ host }) => content({ path: w.path(host, 'a'), text: 'x' }), { notify: restart })]));
    expect(w.log).toEqual(['1', '1', '1']);
  });
});

describe('a list that is known only at run time', () => {
  test('gives several actions: each named in the changes, their values in the same order', async () => {
    using w = world('h1');
    w.write('h1', 'units', 'a b c');
    w.write('h1', 'b', 'on');
    const units = task('Units', text({ path: w.path('h1', 'units') }));
    const each = task('Turn on', ({ units: found }) => found.split(' ').map(name => content({ path: w.path('h1', name), text: 'on' })), { uses: { units } });
    const show = task('Show', ({ units: found, values }) => content({ path: w.path('h1', 'seen'), text: found.split(' ').map((name, i) => `${name}=${values[i] ?? ''}`).join() }), { uses: { units, values: each } });
    const planned = await w.run(book([units, each, show]), check);
    const done = await w.run(book([units, each, show]));
    expect(done.tasks[1]?.changes.map(change => change.resource)).toEqual([w.path('h1', 'a'), w.path('h1', 'c')]);
    expect(done.tasks.map(event => event.changes)).toEqual(planned.tasks.map(event => event.changes));
    expect(w.read('h1', 'seen')).toBe('a=on,b=on,c=on');
  });

  test('stops at the first that fails, and says which one it was', async () => {
    using w = world('h1');
    const each = task('Each', () => ['true', 'exit 3', 'true'].map(run => output({ script: run })));
    expect((await w.run(book([each]))).reason('Each')).toMatch(/^h1: .*exited with code 3\nThis was number 2 of 3: test\.output exit 3$/);
    expect((await w.run(book([each]), check)).reason('Each')).toMatch(/\nThis was number 2 of 3: test\.output exit 3$/);
  });
});
