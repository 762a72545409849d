import { describe, expect, test } from 'vitest';
import { all, block, from, handler, once, play, playbook, task, type Play, type Playbook } from '../../../core';
import { PlaybookError } from '../../../core/errors';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Host } from '../../../core/inventory/host';
import { mergeDraft } from '../../../core/inventory/merge';
import { planRun } from '../../../core/run/plan';
import type { Plan, Selection } from '../../../core/run/job';
import { append, content, text } from './modules';

const draft = newDraft();
readEntries(draft, { hosts: { h1: {}, h2: {}, h3: {} }, groups: { web: { hosts: ['h1', 'h2'] }, db: { hosts: ['h3'] } } }, 'test');
const inventory = mergeDraft(draft, ['test']);
const [h1, h2, h3] = inventory.hosts as [Host, Host, Host];
const look = text({ path: '/etc/motd' });

function plan(plays: Playbook['plays'], selection: Partial<Selection> = {}, more: Partial<Playbook> = {}): Plan {
  return planRun({ runId: 'r', playbook: playbook({ name: 'P', plays, ...more }), vars: {}, inventory, selection: { tags: [], skipTags: [], ...selection } });
}

/** The problems, without the files' names. */
function problems(make: () => Plan): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof PlaybookError) return error.problems.map(text => text.replaceAll(/test\/core\/run\/plan\.test\.ts:\d+/g, 'HERE'));
    throw error;
  }
  return [];
}

const web = (tasks: Play['tasks'], more: Partial<Play> = {}): Play => play({ name: 'web', hosts: 'web', tasks, ...more });
const selected = (laid: Plan): readonly string[] => laid.plays.flatMap(one => [...one.tasks, ...one.handlers]).filter(one => one.selected).map(one => one.id);

describe('a plan', () => {
  test('gives ids as paths, numbers what a loop made, and adds tags from above', () => {
    const restart = handler('Restart', look);
    const laid = plan([
      play({ name: 'web', hosts: 'web', tags: ['w'], handlers: [restart], tasks: [
        block('B', { tags: ['b'], tasks: [task('T', look, { tags: ['t'], notify: restart })], rescue: [task('R', look)], always: [task('A', look)] }),
        ...['x', 'y'].map(() => task('Same', look)),
      ] }),
    ]);
    expect(laid.plays[0]?.tasks).toEqual([
      { id: 'web/B/T', name: 'T', tags: ['w', 'b', 't'], selected: true },
      { id: 'web/B/rescue/R', name: 'R', tags: ['w', 'b'], selected: true },
      { id: 'web/B/always/A', name: 'A', tags: ['w', 'b'], selected: true },
      { id: 'web/Same', name: 'Same', tags: ['w'], selected: true },
      { id: 'web/Same#2', name: 'Same', tags: ['w'], selected: true },
    ]);
    expect(laid.plays[0]?.handlers).toEqual([{ id: 'web/handlers/Restart', name: 'Restart', tags: ['w'], selected: true }]);
    expect(laid.plays[0]?.hosts).toEqual([h1, h2]);
    expect(laid.hosts).toEqual([h1, h2]);
  });

  test('numbers plays that data made, and skips those whose hosts are an empty list of data', () => {
    const laid = plan(({ inventory: hosts }) => [[], [...hosts.hosts].reverse()].map(some => play({ name: 'each', hosts: some, tasks: [task('T', look)] })));
    expect(laid.plays.map(one => [one.id, one.hosts])).toEqual([['each', []], ['each#2', [h3, h2, h1]]]);
  });

  test('limits hosts', () => {
    const laid = plan([web([task('T', look)]), play({ name: 'db', hosts: 'db', tasks: [task('D', look)] })], { limit: 'h2' });
    expect(laid.plays.map(one => one.hosts)).toEqual([[h2], []]);
    expect(laid.hosts).toEqual([h2]);
  });

  test('puts listed handlers first, then those only notified in the order of definition', () => {
    const [a, b, c] = [handler('A', look), handler('B', look), handler('C', look)] as const;
    const laid = plan([web([task('T', look, { notify: [c, b] }), task('U', look, { notify: a })], { handlers: [b] })]);
    expect(laid.plays[0]?.handlers.map(one => one.name)).toEqual(['B', 'C', 'A']);
  });
});

describe('tags', () => {
  const read = task('Read', look);
  const deep = task('Deep', () => look, { uses: { read } });
  const restart = handler('Restart', look);
  const use = task('Use', () => look, { uses: { deep }, tags: ['etcd'], notify: restart });
  const other = task('Other', look, { tags: ['nginx'] });

  test('pull in the tasks whose values are used, and the handlers that are notified', () => {
    expect(selected(plan([web([read, deep, other, use])], { tags: ['etcd'] }))).toEqual(['web/Read', 'web/Deep', 'web/Use', 'web/handlers/Restart']);
  });

  test('pull in what an earlier play gives', () => {
    expect(selected(plan([web([read, deep]), play({ name: 'later', hosts: 'web', tasks: [use] })], { tags: ['etcd'] }))).toEqual(['web/Read', 'web/Deep', 'later/Use', 'later/handlers/Restart']);
  });

  test('of a task in a block bring its rescue and always', () => {
    const b = block('B', { tasks: [other, task('T', look)], rescue: [task('R', look)], always: [task('A', look)] });
    expect(selected(plan([web([b])], { tags: ['nginx'] }))).toEqual(['web/B/Other', 'web/B/rescue/R', 'web/B/always/A']);
  });

  test('skipped leave tasks and handlers out', () => {
    expect(selected(plan([web([read, deep, other, use])], { skipTags: ['etcd'] }))).toEqual(['web/Read', 'web/Deep', 'web/Other']);
  });

  test('that no task has are a problem, and so is skipping what is used', () => {
    expect(problems(() => plan([web([other])], { tags: ['nginxx'] }))).toEqual(['--tags nginxx: no task of this playbook has this tag; its tags are nginx']);
    expect(problems(() => plan([web([other])], { skipTags: ['nginx'] }))).toEqual(['--tags and --skip-tags leave no task of this playbook']);
    const tagged = task('Tagged', look, { tags: ['facts'] });
    expect(problems(() => plan([web([tagged, task('User', () => look, { uses: { tagged } })])], { skipTags: ['facts'] })))
      .toEqual(['HERE: --skip-tags facts leaves out the task "Tagged", whose value "User" uses']);
  });
});

describe('a wrong playbook', () => {
  const read = task('Read', look);
  const single = task('Single', look, { runOnce: true });
  const uses = (what: Parameters<typeof all>[0] | ReturnType<typeof all> | ReturnType<typeof once> | ReturnType<typeof from>): ReturnType<typeof task> => task('User', () => look, { uses: { what } });
  const cases: readonly (readonly [string, () => Plan, readonly string[]])[] = [
    ['a handle used before it runs', () => plan([web([uses(read), read])]), ['HERE: the task "User" uses "Read", which runs only later (HERE): move it before']],
    ['a handle that is not in the playbook', () => plan([web([uses(read)])]), ['HERE: the task "User" uses "Read", which is not in the playbook (HERE): add it to a play that runs before']],
    ['once of a task that runs everywhere', () => plan([web([read, uses(once(read))])]), ['HERE: the task "User" uses "Read", which does not run once but on every host: add runOnce to it, or take this host\'s value or all(...)']],
    ['a runOnce task without once', () => plan([web([single, uses(single)])]), ['HERE: the task "User" uses "Single", which runs once for all hosts: take its value with once(...)']],
    ['all values in the middle of a serial play', () => plan([web([read, uses(all(read))], { serial: 1 })]), ['HERE: the task "User" uses "Read", and takes the values of all hosts, in the same play, whose 2 portions of hosts run one after the other, so put "Read" in a play before']],
    ['a value of a host where the task does not run', () => plan([web([read]), play({ name: 'db', hosts: 'db', tasks: [uses(read)] })]), ['HERE: the task "User" uses "Read", which does not run on h3']],
    ['from a host where the task does not run', () => plan([web([read, uses(from(h3, read))])]), ['HERE: the task "User" uses "Read", from h3, where it does not run']],
    ['from a host that --limit leaves out', () => plan([web([read, uses(from(h2, read))])], { limit: 'h1' }), ['HERE: the task "User" uses "Read", from h2, where it does not run (hosts that --limit leaves out run nothing)']],
    ['a runOnce task without a host', () => plan([web([single]), play({ name: 'db', hosts: 'db', tasks: [uses(once(single))] })], { limit: 'db' }), ['HERE: the task "User" uses "Single", which has no host to run on (hosts that --limit leaves out run nothing)']],
    ['but not what a play without hosts would use', () => plan([web([read]), play({ name: 'db', hosts: 'db', tasks: [uses(from(h3, read))] })], { limit: 'web' }), []],
    ['a pattern that is wrong', () => plan([play({ name: 'x', hosts: 'wbe', tasks: [read] })]), [expect.stringMatching(/^HERE: .*wbe.*did you mean.*web/i) as string]],
    ['a pattern that matches nobody', () => plan([play({ name: 'x', hosts: 'web:&db', tasks: [read] })]), [expect.stringMatching(/^HERE: .*web:&db/) as string]],
    ['a limit that matches nobody', () => plan([web([read])], { limit: 'web:&db' }), [expect.stringMatching(/web:&db.*no host/) as string]],
    ['a limit that leaves no host of the playbook', () => plan([web([read])], { limit: 'db' }), ['--limit db leaves no host of this playbook']],
    ['equal names in one list', () => plan([web([
      task('T', look),
      task('T', look),
    ])]), ['HERE: two tasks of one list are named "T"; the other one is at HERE']],
    ['a delegate that is not in the inventory', () => plan([web([task('T', look, { delegateTo: { ...h1, name: 'h9' } })])]), ['HERE: the task "T" is delegated to h9, which is not in the inventory']],
    ['a host given as data that is not in the inventory', () => plan([play({ name: 'x', hosts: { ...h1, name: 'h9' }, tasks: [read] })]), ['HERE: the play "x": its host h9 is not in the inventory']],
    ['an empty play', () => plan([web([])]), ['HERE: the play "web" has no tasks']],
    ['no plays', () => plan([]), ['HERE: the playbook "P" has no plays']],
    ['a handler that nothing notifies', () => plan([web([read], { handlers: [handler('H', look)] })]), ['HERE: no task of the play "web" notifies the handler "H"']],
    ['a serial that is no number of hosts', () => plan([web([read], { serial: 0 })]), ['HERE: the play "web" has serial: 0; it must be a whole number of hosts, 1 or more, or a percentage of them such as \'30%\', or a list of these']],
    ['a share of failures that is none', () => plan([web([read], { maxFailPercent: 101 })]), ['HERE: the play "web" has maxFailPercent: 101; it must be a number from 0 to 100']],
    ['a share of failures where one is fatal', () => plan([web([read], { maxFailPercent: 10 })], {}, { anyErrorsFatal: true }), ['HERE: the play "web" has maxFailPercent, but errors are fatal here, so one failure ends the run: set anyErrorsFatal: false, or leave it out']],
    ['runOnce in a free play', () => plan([web([single], { strategy: 'free' })]), ['HERE: the task "Single" has runOnce in a play with strategy: \'free\', where no host waits for another: put it in a play before or after']],
    ['all values in the middle of a free play', () => plan([web([read, uses(all(read))], { strategy: 'free' })]), ['HERE: the task "User" uses "Read", and takes the values of all hosts, in the same play with strategy: \'free\', where no host waits for another, so put "Read" in a play before']],
    ['another host\'s value in a free play', () => plan([web([read, uses(from(h2, read))], { strategy: 'free' })]), ['HERE: the task "User" uses "Read", and takes the value of h2, in the same play with strategy: \'free\', where no host waits for another, so put "Read" in a play before']],
    ['the value of a host whose turn comes later', () => plan([web([read, uses(from(h2, read))], { serial: 1 })]), ['HERE: the task "User" uses "Read", and takes the value of h2, in the same play, whose 2 portions of hosts run one after the other, so put "Read" in a play before']],
    ['but not of one whose turn was first', () => plan([web([read, uses(from(h1, read))], { serial: 1 })]), []],
    ['rolling without its strategy', () => plan([web([read], { rolling: {} })]), ['HERE: the play "web" has rolling, but its strategy is linear: set strategy: \'rolling\'']],
    ['rolling beside serial and maxFailPercent', () => plan([web([read], { strategy: 'rolling', serial: 1, maxFailPercent: 10 })]), [
      'HERE: the play "web" has serial, but hosts take turns by strategy: \'rolling\': give the number of hosts as rolling.batch',
      'HERE: the play "web" has maxFailPercent, but hosts take turns by strategy: \'rolling\': give the number of failures as rolling.maxFailures',
    ]],
    ['wrong numbers of a roll', () => plan([web([read], { strategy: 'rolling', rolling: { batch: 0, maxFailures: -1 } })]), [
      'HERE: the play "web" has rolling.batch: 0; it must be a whole number of hosts, 1 or more, or a percentage of them such as \'30%\', or a list of these',
      'HERE: the play "web" has rolling.maxFailures: -1; it must be a whole number of hosts, 0 or more',
    ]],
    ['a gate that is checked once', () => plan([web([read], { strategy: 'rolling', rolling: { gate: [single] } })]), ['HERE: the task "Single" has runOnce in the drain, gate or undrain of a rolling play, which are for each host: leave runOnce out']],
    ['a value that its block may have skipped', () => plan([web([block('B', { when: () => true, tasks: [read] }), uses(read)])]), ['HERE: the task "User" uses "Read", which is skipped together with its block "B": use it in that block only, or put `when` on the task itself']],
    ['but not in the same block, nor where it also stands outside', () => plan([web([block('B', { when: () => true, tasks: [read, uses(read)] }), read, task('Other', () => look, { uses: { read } })])]), []],
    ['a block\'s condition on what runs only later', () => plan([web([block('B', { uses: { read }, when: () => true, tasks: [task('T', look)] }), read])]), ['HERE: the task "T" uses "Read", which runs only later (HERE): move it before']],
    ['a throttle that is no number of hosts', () => plan([web([task('T', look, { throttle: 0 })])]), ['HERE: the task "T" has throttle: 0; it must be a whole number of hosts, 1 or more']],
    ['changedWhen of what is no command', () => plan([web([task('T', content({ path: '/a', text: '' }), { changedWhen: false })])]),
      ['HERE: the task "T": changedWhen is for commands, and test.content is a resource, of which is known what it changes: leave changedWhen out']],
    ['notify of what never changes', () => plan([web([task('T', append({ path: '/a', line: '' }), { changedWhen: false, notify: handler('H', look) })])]),
      ['HERE: the task "T" has notify, but with changedWhen: false it never notifies: leave one of them out']],
    ['retries that are no number', () => plan([web([task('T', look, { retries: -1 })])]), ['HERE: the task "T" has retries: -1; it must be a whole number, 0 or more']],
    ['parameters that are wrong', () => plan([web([task('T', content({ path: 'motd', text: '' }))])]), ['HERE: the task "T": test.content: the path "motd" is not absolute']],
    ['a function of plays that throws', () => plan(() => { throw new RangeError('no kept master'); }), ['HERE: no kept master']],
    ['what the playbook itself refuses', () => plan([web([read])], { limit: 'h1' }, { refuse: ({ selected: left }) => [`only ${left.map(host => host.name).join()}`] }), ['only h1']],
  ];
  test.each(cases)('%s', (_name, make, expected) => {
    expect(problems(make)).toEqual(expected);
  });

  test('is told all at once, each problem once, with its place', () => {
    const bad = task('Bad', content({ path: 'motd', text: '' }));
    const found = problems(() => plan([web([bad, uses(read)]), play({ name: 'again', hosts: 'web', tasks: [bad] }), play({ name: 'none', hosts: 'nosuch', tasks: [read] })], { limit: 'h1' }));
    expect(found).toHaveLength(3);
    expect(() => plan([web([bad])])).toThrow(/^test\/core\/run\/plan\.test\.ts:\d+: the task "Bad": test\.content/);
  });
});
