import { describe, expect, test } from 'vitest';
import { handler, once, play, playbook, task, type Host } from '../../../core';
import { append, content, holds, output, script, text } from './modules';
import { world, type World } from './world';

const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const failOn = (...hosts: readonly string[]): ((values: { host: Host }) => ReturnType<typeof output>) => ({ host }) => output({ script: hosts.includes(host.name) ? 'echo "no such thing" >&2; exit 5' : ':' });

describe('the linear strategy', () => {
  test('does each task on all hosts before the next one', async () => {
    using w = world('h1', 'h2', 'h3');
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [task('A', note(w, 'a')), task('B', note(w, 'b'))] })] }), { settings: { forks: 2 } });
    expect(w.log.map(line => line.split(' ')[1])).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
  });

  test('never has more hosts at work than forks', async () => {
    using w = world('h1', 'h2', 'h3', 'h4', 'h5');
    const busy = task('Busy', ({ host }) => script({ run: `touch ${w.path('h1', `on-${host.name}`)}; sleep 0.1; ls ${w.path('h1', '')} | grep -c on- >> ${w.logFile}; rm ${w.path('h1', `on-${host.name}`)}` }));
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [busy] })] }), { settings: { forks: 2 } });
    expect(w.log).toHaveLength(5);
    expect(Math.max(...w.log.map(Number))).toBeLessThanOrEqual(2);
  });

  test('drops a host that failed from this play and all later ones, and goes on with the others', async () => {
    using w = world('h1', 'h2');
    const plays = [play({ name: 'one', hosts: 'all', tasks: [task('Fail', failOn('h1')), task('A', note(w, 'a'))] }), play({ name: 'two', hosts: 'all', tasks: [task('B', note(w, 'b'))] }), play({ name: 'three', hosts: 'h1', tasks: [task('C', note(w, 'c'))] })];
    const result = await w.run(playbook({ name: 'P', plays }));
    expect(w.log).toEqual(['h2 a', 'h2 b']);
    expect(result.recap).toMatchObject({ exit: 2, hosts: { h1: { failed: 1, changed: 0 }, h2: { ok: 1, changed: 2 } } });
    expect(result.reason('Fail')).toMatch(/^h1: .*exited with code 5: no such thing/);
    expect(result.notices).toEqual(['the play "three" is skipped: none of its hosts is left']);
  });

  test('reports unreachable hosts as such: 4 alone, 2 beside a failure', async () => {
    using w = world('h1', 'h2');
    w.down.add('h1');
    const alone = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [task('A', note(w, 'a')), task('B', note(w, 'b'))] })] }));
    expect(alone.of('A')).toBe('h1=unreachable h2=changed');
    expect(alone.of('B')).toBe('h2=changed');
    expect(alone.recap).toMatchObject({ exit: 4, hosts: { h1: { unreachable: 1 } } });
    const beside = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [task('Fail', failOn('h2'))] })] }));
    expect(beside.recap.exit).toBe(2);
  });

  test('never ignores an unreachable host', async () => {
    using w = world('h1');
    const gone = task('Gone', text({ path: '/etc/motd' }), { ignoreErrors: 'who cares' });
    w.down.add('h1');
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [gone] })] }));
    expect(result.tasks[0]).not.toHaveProperty('tolerated');
    expect(result.recap.exit).toBe(4);
  });
});

describe('serial', () => {
  test('takes each batch through all tasks and handlers before the next one', async () => {
    using w = world('h1', 'h2', 'h3');
    const done = handler('Done', note(w, 'done'));
    const tasks = [task('A', note(w, 'a'), { notify: done }), task('B', note(w, 'b'))];
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', serial: 2, tasks })] }), { settings: { forks: 1 } });
    expect(w.log).toEqual(['h1 a', 'h2 a', 'h1 b', 'h2 b', 'h1 done', 'h2 done', 'h3 a', 'h3 b', 'h3 done']);
  });

  test('stops after a batch in which a host failed, and those not started take no part in later plays', async () => {
    using w = world('h1', 'h2', 'h3');
    const plays = [play({ name: 'roll', hosts: 'all', serial: 1, tasks: [task('Fail', failOn('h2')), task('A', note(w, 'a'))] }), play({ name: 'after', hosts: 'all', tasks: [task('B', note(w, 'b'))] })];
    const result = await w.run(playbook({ name: 'P', plays }));
    expect(w.log).toEqual(['h1 a', 'h1 b']);
    expect(result.notices).toEqual(['"roll" stops here, since a host of this batch failed: not started on h3']);
    expect(result.recap.exit).toBe(2);
  });

  test('stops after a batch in which a host was unreachable', async () => {
    using w = world('h1', 'h2');
    w.down.add('h1');
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', serial: 1, tasks: [task('A', output({ script: ':' }))] })] }));
    expect(result.of('A')).toBe('h1=unreachable');
    expect(result.recap.exit).toBe(4);
  });
});

describe('anyErrorsFatal', () => {
  test('ends the run for all hosts before the next task', async () => {
    using w = world('h1', 'h2');
    const plays = [play({ name: 'p', hosts: 'all', anyErrorsFatal: true, tasks: [task('Fail', failOn('h1')), task('A', note(w, 'a'))] }), play({ name: 'later', hosts: 'h2', tasks: [task('B', note(w, 'b'))] })];
    const result = await w.run(playbook({ name: 'P', plays }));
    expect(result.of('Fail')).toBe('h1=failed h2=ok');
    expect(w.log).toEqual([]);
    expect(result.recap).toMatchObject({ exit: 2, stopped: '"Fail" failed on h1, and errors are fatal here: no further task was started on any host' });
  });

  test('finishes the task that is at work on all hosts', async () => {
    using w = world('h1', 'h2', 'h3');
    const result = await w.run(playbook({ name: 'P', anyErrorsFatal: true, plays: [play({ name: 'p', hosts: 'all', tasks: [task('Fail', failOn('h1'))] })] }), { settings: { forks: 1 } });
    expect(result.of('Fail')).toBe('h1=failed h2=ok h3=ok');
  });

  test('counts an unreachable host, and holds for the whole playbook when set there', async () => {
    using w = world('h1', 'h2');
    w.down.add('h2');
    const result = await w.run(playbook({ name: 'P', anyErrorsFatal: true, plays: [play({ name: 'p', hosts: 'all', tasks: [task('A', note(w, 'a')), task('B', note(w, 'b'))] })] }));
    expect(w.log).toEqual(['h1 a']);
    expect(result.recap).toMatchObject({ exit: 4, stopped: expect.stringContaining('"A" failed on h2') as string });
  });

  test('does not count what is ignored', async () => {
    using w = world('h1');
    const result = await w.run(playbook({ name: 'P', anyErrorsFatal: true, plays: [play({ name: 'p', hosts: 'all', tasks: [task('Fail', failOn('h1'), { ignoreErrors: 'known' }), task('A', note(w, 'a'))] })] }));
    expect(w.log).toEqual(['h1 a']);
    expect(result.recap.exit).toBe(0);
  });
});

describe('runOnce', () => {
  test('is done once for the run, not once for each batch', async () => {
    using w = world('h1', 'h2', 'h3');
    await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', serial: 1, tasks: [task('Once', note(w, 'once'), { runOnce: true })] })] }));
    expect(w.log).toEqual(['h1 once']);
  });

  test('goes to the next host when one fails or is unreachable', async () => {
    using w = world('h1', 'h2', 'h3', 'h4');
    w.down.add('h1');
    const single = task('Once', ({ host }) => output({ script: `echo ${host.name} once >> ${w.logFile}; test ${host.name} = h3` }), { runOnce: true });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [single, task('A', note(w, 'a'))] })] }), { settings: { forks: 1 } });
    expect(result.of('Once')).toBe('h1=unreachable h2=failed h3=ok');
    expect(w.log).toEqual(['h2 once', 'h3 once', 'h3 a', 'h4 a']);
  });

  test('goes to no other host where errors are fatal', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(playbook({ name: 'P', anyErrorsFatal: true, plays: [play({ name: 'p', hosts: 'all', tasks: [task('Once', failOn('h1'), { runOnce: true })] })] }));
    expect(result.of('Once')).toBe('h1=failed');
  });

  test('is done by the first host for which its condition holds, and skipped once when there is none', async () => {
    using w = world('h1', 'h2');
    const second = task('Second', note(w, 'second'), { runOnce: true, when: ({ host }) => host.name === 'h2' });
    const nobody = task('Nobody', note(w, 'nobody'), { runOnce: true, when: () => false });
    const show = task('Show', ({ value, host }) => content({ path: w.path(host, 'seen'), text: String(value) }), { uses: { value: once(nobody) } });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks: [second, nobody, show] })] }));
    expect(w.log).toEqual(['h2 second']);
    expect(result.of('Second')).toBe('h2=changed');
    expect(result.of('Nobody')).toBe('h1=skipped');
    expect(w.read('h2', 'seen')).toBe('undefined');
  });

  test('that is delegated and fails has failed for all hosts', async () => {
    using w = world('h1', 'h2', 'lb');
    const gate = task('Gate', holds({ path: w.path('lb', 'state'), text: 'ready' }), { runOnce: true, delegateTo: w.host('lb') });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1,h2', tasks: [gate, task('A', note(w, 'a'))] })] }));
    expect(result.of('Gate')).toBe('h1=failed h2=failed');
    expect(w.log).toEqual([]);
  });
});

describe('delegateTo', () => {
  test('does the task on the other host, once for each host, and the event says so', async () => {
    using w = world('h1', 'h2', 'lb');
    const drain = task('Drain', ({ host }) => append({ path: w.path('lb', 'drained'), line: host.name }), { delegateTo: w.host('lb') });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1,h2', tasks: [drain] })] }));
    expect(w.read('lb', 'drained')?.split('\n').sort()).toEqual(['', 'h1', 'h2']);
    expect(result.tasks.map(event => event.delegate)).toEqual(['lb', 'lb']);
    // Before the first change each host is asked for handlers that it is owed; nothing else is done on the two.
    expect(['h1', 'h2'].map(host => w.calls.filter(call => call === `connect ${host} login`))).toEqual([['connect h1 login'], ['connect h2 login']]);
    expect(w.calls).toContain('connect lb login');
    expect(w.calls.filter(call => call.startsWith('lock')).sort()).toEqual(['lock h1 login', 'lock h2 login', 'lock lb login']);
  });

  test('lets hosts change the same thing one after the other', async () => {
    using w = world('h1', 'h2', 'h3', 'lb');
    const busy = task('Busy', script({ run: `test ! -e ${w.path('lb', 'busy')} && touch ${w.path('lb', 'busy')} && sleep 0.05 && rm ${w.path('lb', 'busy')}` }), { delegateTo: w.host('lb') });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: '!lb', tasks: [busy] })] }));
    expect(result.of('Busy')).toBe('h1=changed h2=changed h3=changed');
  });

  test('fails when that host is unreachable, which is not ignored', async () => {
    using w = world('h1', 'lb');
    w.down.add('lb');
    const look = task('Look', text({ path: '/etc/motd' }), { delegateTo: w.host('lb'), ignoreErrors: 'never mind' });
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [look] })] }));
    expect(result.of('Look')).toBe('h1=failed');
    expect(result.reason('Look')).toContain('it is delegated to lb, which cannot be reached: lb: no route to host');
    expect(result.recap.exit).toBe(2);
  });
});
