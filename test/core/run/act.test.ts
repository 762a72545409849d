import { describe, expect, test } from 'vitest';
import { block, play, playbook, task, Secret, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { live, query, resource } from '../../../core/module';
import { ConnectionError } from '../../../core/errors';
import { cmd } from '../../../core/transport/command';
import { append, confirm, content, holds, output, plain, script, stubborn, text } from './modules';
import { world } from './world';

const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });

describe('a resource', () => {
  test('that does not converge has failed, with its properties', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Stubborn', stubborn({ path: '/x' }))]));
    expect(result.tasks[0]).toMatchObject({ status: 'failed', changes: [{ property: 'mood' }] });
    expect(result.reason('Stubborn')).toBe('h1: /x did not converge: mood of /x is as before, wanted better\n'
      + 'This was while test.stubborn /x was being changed: how far that came is not known, and the next run looks at it again.');
  });

  test('that fails in the middle says so', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Broken', stubborn({ path: '/x', script: 'echo "disk full" >&2; exit 28' }))]));
    expect(result.reason('Broken')).toMatch(/^h1: .*exited with code 28: disk full\nThis was while test\.stubborn \/x was being changed/);
  });

  test('tells whether it changed something', async () => {
    using w = world('h1');
    const write = task('Write', plain({ path: w.path('h1', 'a'), text: 'x' }));
    const show = task('Show', ({ write: { changed } }) => content({ path: w.path('h1', 'seen'), text: String(changed) }), { uses: { write } });
    await w.run(book([write, show]));
    expect(w.read('h1', 'seen')).toBe('true');
    await w.run(book([write, show]));
    expect(w.read('h1', 'seen')).toBe('false');
  });
});

describe('a command', () => {
  test('that has no effect has failed', async () => {
    using w = world('h1');
    w.write('h1', 'a', '');
    const result = await w.run(book([task('Lie', append({ path: w.path('h1', 'a'), line: 'x', lies: true }))]));
    expect(result.reason('Lie')).toContain(`h1: append "x" to ${w.path('h1', 'a')} had no effect: ${w.path('h1', 'a')} has no line "x"`);
  });

  test('that is not needed is ok and gives its value', async () => {
    using w = world('h1');
    w.write('h1', 'a', 'there');
    const idle = task('Idle', append({ path: w.path('h1', 'a'), line: 'x', needed: false }));
    const show = task('Show', ({ value }) => content({ path: w.path('h1', 'seen'), text: value }), { uses: { value: idle } });
    expect((await w.run(book([idle, show]))).of('Idle')).toBe('h1=ok');
    expect(w.read('h1', 'seen')).toBe('there');
  });
});

describe('a check', () => {
  test('with patience waits until it holds', async () => {
    using w = world('h1');
    const later = task('Later', script({ run: `(sleep 0.3; echo ready > ${w.path('h1', 'a')}) >/dev/null 2>&1 &` }));
    const result = await w.run(book([later, task('Wait', holds({ path: w.path('h1', 'a'), text: 'ready', timeoutMs: 15_000 }))]));
    expect(result.of('Wait')).toBe('h1=ok');
  });

  test('fails with its last reason', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Wait', holds({ path: '/nowhere', text: 'ready', timeoutMs: 100 })), task('Now', holds({ path: '/nowhere', text: 'ready' }))]));
    expect(result.reason('Wait')).toBe('h1: /nowhere does not hold "ready" (waited 100 ms)');
  });
});

describe('until', () => {
  test('repeats a task until its value is right; a failure is not yet', async () => {
    using w = world('h1');
    const poll = task('Poll', output({ script: `echo x >> ${w.logFile}; test $(wc -l < ${w.logFile}) -gt 1 || exit 9; wc -l < ${w.logFile}` }), { until: seen => seen === '3', retries: 5, delay: '10ms' });
    const result = await w.run(book([poll]));
    expect(result.of('Poll')).toBe('h1=ok');
    expect(w.log).toHaveLength(3);
  });

  test('fails when it never holds, after retries', async () => {
    using w = world('h1');
    const poll = task('Poll', output({ script: `echo x >> ${w.logFile}` }), { until: () => false, retries: 2, delay: '10ms' });
    const result = await w.run(book([poll]));
    expect(result.reason('Poll')).toBe('h1: its until is still not true after 3 times');
    expect(w.log).toHaveLength(3);
  });

  test('of a resource lists each change once', async () => {
    using w = world('h1');
    const flaky = task('Flaky', stubborn({ path: '/x' }), { until: () => true, retries: 1, delay: '10ms' });
    const result = await w.run(book([flaky]));
    expect(result.tasks[0]).toMatchObject({ status: 'failed', changes: [{ property: 'mood' }] });
  });
});

describe('a confirmation', () => {
  test('is asked once for all hosts, before any connection', async () => {
    using w = world('h1', 'h2');
    const asked: string[] = [];
    const result = await w.run(book([task('Ask', confirm('Go on?'))]), { ask: question => { asked.push(question); return Promise.resolve(true); } });
    expect(asked).toEqual(['Go on?']);
    expect(result.of('Ask')).toBe('h1=ok h2=ok');
    expect(w.calls).toEqual([]);
  });

  test('that is refused ends the run', async () => {
    using w = world('h1', 'h2');
    const result = await w.run(book([task('Ask', confirm('Go on?')), task('Write', append({ path: w.logFile, line: 'x' }))]), { ask: () => Promise.resolve(false) });
    expect(result.of('Ask')).toBe('h1=skipped h2=skipped');
    expect(w.log).toEqual([]);
    expect(result.recap).toMatchObject({ exit: 1, stopped: 'not confirmed: Go on?' });
  });
});

describe('a confirmation in a block', () => {
  test('that is refused still lets always clean up', async () => {
    using w = world('h1');
    const note = (line: string): Step => task(line, append({ path: w.logFile, line }));
    const b = block('B', { tasks: [note('drain'), task('Ask', confirm('Go on?')), note('restart')], always: [note('undrain')] });
    const result = await w.run(book([b, note('after')]), { ask: () => Promise.resolve(false) });
    expect(w.log).toEqual(['drain', 'undrain']);
    expect(result.recap.exit).toBe(1);
  });
});

describe('secrets', () => {
  test('never leave the engine', async () => {
    using w = world('h1');
    const secret = new Secret('correct horse battery staple');
    const leak = resource({
      name: 'test.leak', subject: (path: string) => path,
      inspect: path => ({ kind: 'live', see: async on => (await on.readSecret(path)).reveal() }),
      diff: (is, path) => [{ resource: path, property: 'content', from: is, to: null }],
      apply: async (on, { state }) => { on.say(state); await on.run(cmd`echo ${state} >&2; exit 1`); },
    });
    w.write('h1', 'key', secret.reveal());
    const result = await w.run(book([task('Leak', leak(w.path('h1', 'key')))]));
    expect(result.of('Leak')).toBe('h1=failed');
    expect(JSON.stringify(result.events)).not.toContain('horse');
  });
});

describe('a service that cannot be reached from a host that can', () => {
  const dead = query({ name: 'test.dead', subject: () => 'etcd', inspect: () => live(on => Promise.reject(new ConnectionError(on.host.name, 'etcd does not answer', 'Look at its log'))) });
  const after = task('After', text({ path: '/etc/motd' }));

  test('fails the task, and does not make the host unreachable', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Dead', dead({}), { ignoreErrors: 'it may be stopped' }), after]));
    expect(result.of('Dead')).toBe('h1=failed');
    expect(result.reason('Dead')).toBe('h1: etcd does not answer\nLook at its log');
    expect(result.of('After')).toBe('h1=ok');
  });

  test('is asked again with until', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Dead', dead({}), { until: () => true, retries: 1, delay: '10ms' })]));
    expect(result.of('Dead')).toBe('h1=failed');
  });

  test('is unknown in check mode after a planned change', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Write', content({ path: w.path('h1', 'a'), text: 'x' })), task('Dead', dead({}))]), { settings: { check: true } });
    expect(result.of('Dead')).toBe('h1=unknown');
  });
});

describe('a print', () => {
  test('is a notice of the run, in check mode too', async () => {
    using w = world('h1');
    const tell = query({ name: 'test.tell', subject: (what: string) => what, inspect: what => live(on => { on.print(what); return Promise.resolve(undefined); }) });
    for (const check of [true, false]) {
      const result = await w.run(book([task('Tell', tell('three members'))]), { settings: { check } });
      expect(result.events.find(event => event.type === 'notice')).toMatchObject({ level: 'info', host: 'h1', text: 'three members' });
    }
  });
});

describe('progress', () => {
  test('shows the lines of a command, five a second at most', async () => {
    using w = world('h1');
    const result = await w.run(book([task('Talk', script({ run: 'for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.02; done' })), task('Look', text({ path: '/etc/motd' }))]));
    const lines = result.events.filter(event => event.type === 'progress');
    expect(lines[0]).toMatchObject({ task: 'p/Talk', host: 'h1', line: 'line 1' });
    expect(lines.length).toBeLessThan(9);
  });
});
