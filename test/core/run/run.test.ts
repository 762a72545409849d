import { describe, expect, test } from 'vitest';
import { block, handler, once, play, playbook, task } from '../../../core';
import { append, content, text } from './modules';
import { world } from './world';

describe('a run', () => {
  test('brings hosts to a state, and the second run changes nothing', async () => {
    using w = world('h1', 'h2');
    const motd = task('Write the greeting', ({ host }) => content({ path: w.path(host, 'motd'), text: `hello ${host.name}` }));
    const book = playbook({ name: 'Greeting', plays: [play({ name: 'all', hosts: 'web', tasks: [motd] })] });
    const first = await w.run(book);
    expect(first.of('Write the greeting')).toBe('h1=changed h2=changed');
    expect(first.recap).toMatchObject({ exit: 0, hosts: { h1: { changed: 1, ok: 0 }, h2: { changed: 1 } } });
    expect(w.read('h2', 'motd')).toBe('hello h2');
    const second = await w.run(book);
    expect(second.of('Write the greeting')).toBe('h1=ok h2=ok');
    expect(second.tasks[0]?.changes).toEqual([]);
  });

  test('emits run, play, start, task and recap in order', async () => {
    using w = world('h1');
    const look = task('Look', text({ path: w.path('h1', 'a') }));
    const { events } = await w.run(playbook({ name: 'P', plays: [play({ name: 'one', hosts: 'h1', tasks: [look] })] }));
    expect(events.map(event => event.type)).toEqual(['run', 'play', 'start', 'task', 'recap']);
    expect(events[3]).toMatchObject({ v: 1, run: 'run-1', play: 'one', task: 'one/Look', host: 'h1', status: 'ok', module: 'test.text', changes: [], handler: false });
  });

  test('hands values to later tasks and plays', async () => {
    using w = world('h1', 'h2');
    w.write('h1', 'name', 'alpha');
    const name = task('Read', text({ path: w.path('h1', 'name') }), { runOnce: true });
    const copy = task('Copy', ({ value, host }) => content({ path: w.path(host, 'copy'), text: value }), { uses: { value: once(name) } });
    const both = [play({ name: 'first', hosts: 'h1', tasks: [name] }), play({ name: 'second', hosts: 'web', tasks: [copy] })];
    await w.run(playbook({ name: 'P', plays: both }));
    expect(w.read('h2', 'copy')).toBe('alpha');
  });

  test('runs a block, a handler and a command', async () => {
    using w = world('h1');
    const restart = handler('Restart', append({ path: w.logFile, line: 'restarted' }));
    const write = task('Write', content({ path: w.path('h1', 'conf'), text: 'x' }), { notify: restart });
    const note = task('Note', append({ path: w.logFile, line: 'noted' }));
    const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'h1', tasks: [block('b', { tasks: [write, note] })] })] }));
    expect(w.log).toEqual(['noted', 'restarted']);
    expect(result.tasks.map(event => event.task)).toEqual(['p/b/Write', 'p/b/Note', 'p/handlers/Restart']);
    expect(result.tasks[1]?.changes).toEqual([{ resource: w.logFile, property: 'run', from: null, to: `append "noted" to ${w.logFile}` }]);
  });
});
