/** When handlers run: at the end of the play, at a flush, side by side or one after the other. */
import { describe, expect, test } from 'vitest';
import { block, flush, handler, play, playbook, task, type Step } from '../../../core';
import { content, script } from './modules';
import { world, type World } from './world';

/** Writes a file and notifies; the handler says so in the log, and fails where a file `bad` is. */
function parts(w: World, rolling = false) {
  const reload = handler('Reload', ({ host }) => script({ run: `echo reload ${host.name} >>${w.logFile}; [ ! -e ${w.path(host, 'bad')} ]` }), { rolling });
  const write = (name: string): Step => task(`Write ${name}`, ({ host }) => content({ path: w.path(host, name), text: 'new' }), { notify: reload });
  const say = (what: string): Step => task(`Say ${what}`, ({ host }) => script({ run: `echo ${what} ${host.name} >>${w.logFile}` }));
  return { write, say, run: (...tasks: readonly Step[]) => w.run(playbook({ name: 'Site', plays: [play({ name: 'web', hosts: 'web', tasks })] })) };
}

describe('flush', () => {
  test('runs what was notified so far at once, and once', async () => {
    using w = world('h1');
    const { write, say, run } = parts(w);
    await run(write('a'), flush(), say('after'), write('a'));
    expect(w.log).toEqual(['reload h1', 'after h1']);
  });

  test('leaves what is notified later to the end', async () => {
    using w = world('h1');
    const { write, say, run } = parts(w);
    await run(write('a'), flush(), write('b'), say('after'));
    expect(w.log).toEqual(['reload h1', 'after h1', 'reload h1']);
  });

  test('in a block its failure is the block\'s', async () => {
    using w = world('h1');
    const { write, say, run } = parts(w);
    w.write('h1', 'bad', '');
    const result = await run(block('Site', { tasks: [write('a'), flush(), say('never')], rescue: [say('rescued')] }));
    expect(w.log).toEqual(['reload h1', 'rescued h1']);
    expect(result.recap.exit).toBe(0);
  });
});

describe('a rolling handler', () => {
  test('runs on one host after the other', async () => {
    using w = world('h1', 'h2', 'h3');
    const { write, run } = parts(w, true);
    const { events } = await run(write('a'));
    expect(w.log).toEqual(['reload h1', 'reload h2', 'reload h3']);
    expect(events.filter(event => event.type === 'start' && event.name === 'Reload').map(event => ('hosts' in event ? event.hosts : []))).toEqual([['h1'], ['h2'], ['h3']]);
  });

  test('stops at the first that fails; the others stay as they are, and the next run goes on', async () => {
    using w = world('h1', 'h2', 'h3');
    const { write, run } = parts(w, true);
    w.write('h2', 'bad', '');
    const result = await run(write('a'));
    expect(result.recap.exit).toBe(2);
    expect(w.log).toEqual(['reload h1', 'reload h2']);
    expect(result.notices).toContain('the handler "Reload" was notified but not run on h3; what it does is still owed there');
    await run(write('a'));
    // h2 fails again, and h3 waits behind it.
    expect(w.log).toEqual(['reload h1', 'reload h2', 'reload h2']);
  });
});
