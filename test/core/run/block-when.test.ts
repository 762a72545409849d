import { describe, expect, test } from 'vitest';
import { block, play, playbook, task, type Host, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { append, content, opaque, output } from './modules';
import { world, type World } from './world';

const note = (w: World, what: string): ((values: { host: Host }) => ReturnType<typeof append>) => ({ host }) => append({ path: w.logFile, line: `${host.name} ${what}` });
const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });
const one = { settings: { forks: 1 } };

describe('a block with a condition', () => {
  test('is skipped as a whole where it is false, rescue and always too, and inner blocks with it', async () => {
    using w = world('h1', 'h2');
    const role = task('Role', ({ host }) => output({ script: host.name === 'h1' ? 'echo web' : 'echo db' }));
    const web = block('Web', {
      uses: { role }, when: ({ role: is }) => is === 'web',
      tasks: [task('A', note(w, 'a')), block('Inner', { when: ({ host }) => host.name === 'h1', tasks: [task('B', note(w, 'b')), task('Fail', output({ script: 'exit 5' }))] })],
      rescue: [task('Rescue', note(w, 'rescue'))], always: [task('Always', note(w, 'always'))],
    });
    const result = await w.run(book([role, web, task('After', note(w, 'after'))]), one);
    expect(w.log).toEqual(['h1 a', 'h1 b', 'h1 rescue', 'h1 always', 'h1 after', 'h2 after']);
    expect(result.of('B')).toBe('h1=changed h2=skipped');
    expect(result.reason('B')).toBe('the condition of the block "Web" is false');
    expect(result.of('Always')).toBe('h1=changed h2=skipped');
    expect(result.recap.exit).toBe(0);
  });

  test('passes values on among its own tasks', async () => {
    using w = world('h1', 'h2');
    const name = task('Name', ({ host }) => output({ script: `echo ${host.name}` }));
    const show = task('Show', ({ name: is, host }) => content({ path: w.path(host, 'seen'), text: is }), { uses: { name } });
    const result = await w.run(book([block('B', { when: ({ host }) => host.name === 'h2', tasks: [name, show] })]));
    expect(result.of('Show')).toBe('h1=skipped h2=changed');
    expect(w.read('h2', 'seen')).toBe('h2');
  });

  test('runs once where it holds, on the first host of those', async () => {
    using w = world('h1', 'h2', 'h3');
    await w.run(book([block('B', { when: ({ host }) => host.name !== 'h1', tasks: [task('Once', note(w, 'once'), { runOnce: true })] })]));
    expect(w.log).toEqual(['h2 once']);
  });

  test('is unknown in check mode where its value is', async () => {
    using w = world('h1');
    const made = task('Made', opaque({ path: w.path('h1', 'a'), text: 'x' }));
    const result = await w.run(book([made, block('B', { uses: { made }, when: ({ made: is }) => is === 'x', tasks: [task('A', note(w, 'a'))] })]), { settings: { check: true } });
    expect(result.of('A')).toBe('h1=unknown');
    expect(result.reason('A')).toBe('it uses "Made", whose value only the run itself can tell');
  });

  test('whose code throws fails its tasks, with its own place', async () => {
    using w = world('h1');
    const wrong = block('B', { when: () => { throw new TypeError('no such field'); }, tasks: [task('A', note(w, 'a'))] });
    expect((await w.run(book([wrong]))).reason('A')).toMatch(/^the playbook's own code failed \(test\/core\/run\/block-when\.test\.ts:\d+\): TypeError: no such field/);
  });

  test('brings what its condition uses with --tags', async () => {
    using w = world('h1');
    const role = task('Role', output({ script: 'echo web' }));
    const result = await w.run(book([role, block('B', { uses: { role }, when: ({ role: is }) => is === 'web', tags: ['t'], tasks: [task('A', note(w, 'a'))] })]), { selection: { tags: ['t'] } });
    expect(result.of('Role')).toBe('h1=ok');
    expect(w.log).toEqual(['h1 a']);
  });
});
