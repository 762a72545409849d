import { describe, expect, test } from 'vitest';
import { block, handler, play, playbook, task, type Step } from '../../../core';
import { PlanError } from '../../../core/errors';
import type { Playbook } from '../../../core/playbook';
import type { Guard, StepAnswer } from '../../../core/run/job';
import { append, content, output } from './modules';
import { world, type World } from './world';

const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks }), play({ name: 'later', hosts: 'all', tasks: [task('Later', output({ script: 'true' }))] })] });
const file = (w: World, name: string): ReturnType<typeof task> => task(`File ${name}`, ({ host }) => content({ path: w.path(host, name), text: 'new' }));

/** Permits everything but what is named. */
function without(...places: readonly string[]): Guard {
  return { permit: ({ task: id, host }) => { if (places.includes(`${id} ${host}`)) throw new PlanError(`${host}: "${id}" is not in the plan`, 'It was not made.'); } };
}

describe('a guard', () => {
  test('stops the host before it acts, whoever tolerates failures, and the run ends with 3', async () => {
    using w = world('h1', 'h2');
    const steps = [task('File a', ({ host }) => content({ path: w.path(host, 'a'), text: 'new' }), { ignoreErrors: 'never mind' }), file(w, 'b')];
    const result = await w.run(book(steps), { job: { guard: without('p/File a h1') } });
    expect(result.recap).toMatchObject({ exit: 3, hosts: { h1: { changed: 0, failed: 1 }, h2: { changed: 2, ok: 1 } } });
    expect(result.of('File a')).toBe('h1=failed h2=changed');
    expect(result.of('Later')).toBe('h2=ok');
    expect(result.reason('File a')).toBe('h1: "p/File a" is not in the plan\nIt was not made.');
    expect(result.tasks.find(event => event.host === 'h1')?.changes).toEqual([]);
    expect([w.read('h1', 'a'), w.read('h1', 'b'), w.read('h2', 'b')]).toEqual([undefined, undefined, 'new']);
  });

  test('is asked about commands too, and not about what is as wanted', async () => {
    using w = world('h1');
    w.write('h1', 'a', 'new');
    const steps = [file(w, 'a'), task('Append', append({ path: w.logFile, line: 'x' }))];
    const result = await w.run(book(steps), { job: { guard: without('p/File a h1', 'p/Append h1') } });
    expect([result.of('File a'), result.of('Append')]).toEqual(['h1=ok', 'h1=failed']);
    expect(w.log).toEqual([]);
  });

  test('does not let a rescue bring the host back', async () => {
    using w = world('h1');
    const steps = [block('B', { tasks: [file(w, 'a')], rescue: [file(w, 'undone')] })];
    const result = await w.run(book(steps), { job: { guard: without('p/B/File a h1') } });
    expect(w.read('h1', 'undone')).toBe('new');
    expect(result.of('Later')).toBe('');
    expect(result.recap.exit).toBe(3);
  });

  test('is not asked again by until', async () => {
    using w = world('h1');
    let asked = 0;
    const guard: Guard = { permit: () => { asked += 1; throw new PlanError('no'); } };
    await w.run(book([task('Append', append({ path: w.logFile, line: 'x' }), { until: () => true, retries: 5, delay: '1ms' })]), { job: { guard } });
    expect(asked).toBe(1);
  });
});

describe('steps', () => {
  /** Answers in turn, and remembers what it was asked. */
  function answering(...answers: readonly StepAnswer[]): { readonly asked: string[]; readonly step: (id: string) => Promise<StepAnswer> } {
    const asked: string[] = [];
    return { asked, step: async id => { asked.push(id); await Promise.resolve(); return answers[asked.length - 1] ?? 'no'; } };
  }

  test('are asked once for all hosts of a task; a no leaves it out', async () => {
    using w = world('h1', 'h2');
    const { asked, step } = answering('yes', 'no', 'yes');
    const note = handler('Note', append({ path: w.logFile, line: 'noted' }));
    const steps = [task('File a', ({ host }) => content({ path: w.path(host, 'a'), text: 'new' }), { notify: note }), file(w, 'b'), file(w, 'c')];
    const result = await w.run(book(steps), { job: { step } });
    expect(asked).toEqual(['p/File a', 'p/File b', 'p/File c', 'p/handlers/Note', 'later/Later']);
    expect([result.of('File a'), result.of('File b'), result.of('File c'), result.of('Note')]).toEqual(['h1=changed h2=changed', 'h1=skipped h2=skipped', 'h1=changed h2=changed', 'h1=skipped h2=skipped']);
    expect(result.reason('File b')).toBe('left out at --step');
  });

  test('end with continue', async () => {
    using w = world('h1');
    const { asked, step } = answering('no', 'continue');
    const result = await w.run(book([file(w, 'a'), file(w, 'b'), file(w, 'c')]), { job: { step } });
    expect(asked).toEqual(['p/File a', 'p/File b']);
    expect([result.of('File a'), result.of('File b'), result.of('File c')]).toEqual(['h1=skipped', 'h1=changed', 'h1=changed']);
  });

  test('what uses the value of a task that was left out fails', async () => {
    using w = world('h1');
    const made = task('Make', content({ path: w.path('h1', 'a'), text: 'new' }));
    const use = task('Use', ({ made: text }) => content({ path: w.path('h1', 'b'), text }), { uses: { made } });
    const result = await w.run(book([made, use]), { job: { step: answering('no', 'yes').step } });
    expect(result.reason('Use')).toBe('it uses "Make", which has no value: left out at --step');
  });
});
