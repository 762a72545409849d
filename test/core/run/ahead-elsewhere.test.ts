/** Looks that are sent ahead, and what happens meanwhile elsewhere: on a delegate, on one host for all, at the user's. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { play, playbook, task, type Host, type Step } from '../../../core';
import { live, probe, query, resource } from '../../../core/module';
import { cmd } from '../../../core/transport/command';
import { read as readCommand } from '../../../modules/command';
import { movedClock } from '../../support/clock';
import { content, holds, meanwhile, script, text } from './modules';
import { world, type World } from './world';

/** What happens to a file before h2 looks at it, or who else. */
interface Between { readonly what: string; readonly reader?: 'h1'; readonly steps: (w: World, file: string) => readonly Step[] }

const soon = (file: string): Step => task('Set off', meanwhile(() => { setTimeout(() => { appendFileSync(file, 'new'); }, 50); }), { runOnce: true });
const until = (file: string, options: { readonly delegateTo: Host; readonly runOnce?: true }): Step => task('Wait', holds({ path: file, text: 'new', timeoutMs: 5000 }), options);
const patient = query({ name: 'test.patient', subject: () => 'it', waits: true, inspect: (file: string) => live(async () => { await pause(50); appendFileSync(file, 'new'); }) });

const BETWEEN: readonly Between[] = [
  { what: 'a change on this host by the task of another one', reader: 'h1', steps: (w, file) => [task('Change', content({ path: file, text: 'new' }), { delegateTo: w.host('h1'), when: ({ host }) => host.name === 'h2' })] },
  { what: 'a change that another host makes for all', steps: (w, file) => [task('Change', content({ path: file, text: 'new' }), { delegateTo: w.host('h1'), runOnce: true })] },
  { what: 'a command that another host runs for all', steps: (w, file) => [task('Change', script({ run: `echo new >${file}` }), { delegateTo: w.host('h1'), runOnce: true })] },
  { what: 'a wait that is delegated', steps: (w, file) => [soon(file), until(file, { delegateTo: w.host('h1') })] },
  { what: 'a wait that another host does for all', steps: (w, file) => [soon(file), until(file, { delegateTo: w.host('h1'), runOnce: true })] },
  { what: 'a look that may wait', steps: (_w, file) => [task('Look', patient(file), { runOnce: true })] },
  { what: 'a command of the user that only reads, as he says', steps: (_w, file) => [task('Read', readCommand({ command: cmd`sleep 0.1; echo new >>${file}` }), { when: ({ host }) => host.name === 'h2' })] },
];

test.each(BETWEEN)('what was seen is forgotten after $what', async ({ steps, reader = 'h2' }) => {
  using w = world('h1', 'h2');
  w.write('h1', 'a', 'old');
  const file = w.path('h1', 'a');
  const after = task('After', text({ path: file }), { when: ({ host }) => host.name === reader });
  const seen: (string | undefined)[] = [];
  const tell = task('Tell', ({ after: is }) => meanwhile(() => { seen.push(is); }), { uses: { after }, when: ({ host }) => host.name === reader });
  const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'web', tasks: [task('First', text({ path: '/etc/hostname' })), ...steps(w, file), after, tell] })] }));
  expect(result.recap.exit).toBe(0);
  expect(seen).toEqual([expect.stringContaining('new')]);
});

test('a change is made from what is there when the user has answered, not from what was there before he was asked', async () => {
  using w = world('h1');
  const pass = movedClock();
  w.write('h1', 'a', 'old ');
  const added = resource({
    name: 'test.added', subject: (path: string) => path, effect: 'destroy',
    inspect: path => probe(cmd`cat ${path}`, ({ stdout }) => stdout),
    diff: (is, path) => (is.endsWith('new') ? [] : [{ resource: path, property: 'end', from: is, to: 'new' }]),
    apply: async (on, { params, state }) => { await on.run(cmd`printf %s ${`${state}new`} >${params}`); },
  });
  const questions: string[] = [];
  const result = await w.run(playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'web', tasks: [task('Add', added(w.path('h1', 'a')))] })] }), {
    ask: question => {
      questions.push(question);
      pass(180_000);
      writeFileSync(w.path('h1', 'a'), 'old edited ');
      return Promise.resolve(true);
    },
  });
  expect(result.of('Add')).toBe('h1=changed');
  expect(w.read('h1', 'a')).toBe('old edited new');
  expect(questions).toHaveLength(1);
});
