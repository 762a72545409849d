import { describe, expect, test } from 'vitest';
import { agreementOf } from '../../lab/proofs/agreement';
import { boundariesOf } from '../../lab/proofs/boundaries';
import { disagreementsOf } from '../../lab/proofs/check';
import { changesOf, failuresOf, parseEvents, recapOf } from '../../lab/proofs/events';
import { randomFrom } from '../../lab/proofs/random';
import type { Attempt } from '../../lab/proofs/record';
import { replaceSection, sectionOf } from '../../lab/proofs/section';
import { treeChanges, type Trees } from '../../lab/proofs/trees';
import type { Change } from '../../core/module';
import type { StartEvent, Status, TaskEvent } from '../../core/report/events';

const change = (resource: string, from: string | null, to: string | null, property = 'content'): Change => ({ resource, property, from, to });

function event(run: string, task: string, status: Status, changes: readonly Change[] = [], more: Partial<TaskEvent> = {}): TaskEvent {
  return { v: 1, type: 'task', run, at: '2026-08-22T10:15:00.000Z', play: 'p', task: `p/${task}`, name: task, host: 'm1', module: 'file.copy', status, changes, ms: 1, handler: false, ...more };
}

describe('the agreement of check mode and run', () => {
  test('counts changes with the same task, host, resource and property', () => {
    const check = [event('r1', 'a', 'changed', [change('/x', null, 'new'), change('/y', 'old', 'new')])];
    const run = [event('r2', 'a', 'changed', [change('/x', null, 'new'), change('/y', 'old', 'new')])];
    expect(agreementOf(check, run)).toEqual({ named: 2, made: 2, agreed: 2, open: [], others: [], unlisted: [], notMade: [], otherValues: [] });
  });

  test('takes the ids of the two runs for the same', () => {
    const agreement = agreementOf([event('r1', 'a', 'changed', [change('/b/etcd-r1.db', null, 'r1')])], [event('r2', 'a', 'changed', [change('/b/etcd-r2.db', null, 'r2')])]);
    expect(agreement).toMatchObject({ agreed: 1, notMade: [], otherValues: [] });
  });

  test.each<[string, TaskEvent, object]>([
    ['a change of a task that was unknown is open', event('r1', 'a', 'unknown'), { open: ['m1: p/a: /x content'], unlisted: [] }],
    ['a change of a task that will be checked is open', event('r1', 'a', 'ok', [], { willCheck: true }), { open: ['m1: p/a: /x content'], unlisted: [] }],
    ['a change beside the named ones is another', event('r1', 'a', 'changed', [change('/z', null, 'new')]), { others: ['m1: p/a: /x content'], notMade: ['m1: p/a: /z content'], unlisted: [] }],
    ['a change of a task that was ok is unlisted', event('r1', 'a', 'ok'), { unlisted: ['m1: p/a: /x content'], open: [], others: [] }],
    ['a change of another host is unlisted', event('r1', 'a', 'changed', [change('/x', null, 'new')], { host: 'm2' }), { unlisted: ['m1: p/a: /x content'], notMade: ['m2: p/a: /x content'] }],
    ['another new value is told', event('r1', 'a', 'changed', [change('/x', null, 'else')]), { agreed: 1, otherValues: ['m1: p/a: /x content: check mode said - -> else, the run did - -> new'] }],
  ])('%s', (_, checked, expected) => {
    expect(agreementOf([checked], [event('r2', 'a', 'changed', [change('/x', null, 'new')])])).toMatchObject(expected);
  });
});

test('disagreements of several hosts stand in one line', () => {
  const nothing = agreementOf([], []);
  expect(disagreementsOf({ ...nothing, open: ['m2: p/a: /x content', 'm1: p/a: /x content', 'm1: p/b: /x content'] })).toEqual([
    'made where check mode said that only the run would tell: m1, m2: p/a: /x content', 'made where check mode said that only the run would tell: m1: p/b: /x content',
  ]);
});

describe('the events of a run', () => {
  test('are read back without the line that a kill cut off', () => {
    const events = parseEvents(`${JSON.stringify(event('r', 'a', 'ok'))}\n{"v":1,"type":"ta`);
    expect(events.map(({ type }) => type)).toEqual(['task']);
    expect(recapOf(events)).toBeUndefined();
  });

  test('tell what was changed and what went wrong', () => {
    const events = [
      event('r', 'a', 'changed', [change('/x', null, 'new')]), event('r', 'b', 'changed'), event('r', 'c', 'failed', [], { reason: 'no' }),
      event('r', 'd', 'failed', [], { reason: 'no', tolerated: 'rescued' }), event('r', 'e', 'ok'),
    ];
    expect(changesOf(events)).toEqual(['m1: p/a: /x content: - -> new', 'm1: p/b']);
    expect(failuresOf(events)).toEqual(['m1: p/c: failed: no']);
  });
});

function start(task: string): StartEvent {
  return { v: 1, type: 'start', run: 'r', at: '2026-11-22T10:15:00.000Z', play: 'p', task, name: task, hosts: ['m1'], handler: false };
}

describe('the boundaries of a run', () => {
  test('are the starts of its tasks, several of one task told apart, and the end of the last', () => {
    expect(boundariesOf(['a', 'b', 'a'].map(start))).toEqual([
      { place: 1, task: 'a', nth: 1, isEnd: false }, { place: 2, task: 'b', nth: 1, isEnd: false },
      { place: 3, task: 'a', nth: 2, isEnd: false }, { place: 4, task: 'a', nth: 2, isEnd: true },
    ]);
  });

  test('are none where nothing began', () => {
    expect(boundariesOf([])).toEqual([]);
  });
});

test('trees differ where something came, went or changed', () => {
  const trees = (files: Readonly<Record<string, string>>): Trees => new Map([['m1', new Map(Object.entries(files))]]);
  expect(treeChanges(trees({ '/a': '1', '/b': '1', '/c': '1' }), trees({ '/a': '1', '/b': '2', '/d': '1' })))
    .toEqual(['m1: /b: 1 -> 2', 'm1: /c: 1 -> not there', 'm1: /d: not there -> 1']);
});

describe('the section of a proof', () => {
  const proof = { name: 'x', title: 'X', about: 'About it.', cases: ['one', 'two', 'three'].map(name => ({ name, run: () => Promise.reject(new Error('not here')) })) };
  const attempt = (name: string, problems: string[]): Attempt => ({ case: name, at: '2026-08-22T10:15:00.000Z', commit: 'abc1234', figures: { seconds: 3 }, problems, notes: ['noted'] });

  test('shows the newest attempt of each case, what did not hold before, and what is open', () => {
    const text = sectionOf(proof, { attempts: [attempt('one', ['it broke\nbadly', 'more']), attempt('one', []), attempt('two', ['no'])] });
    expect(text).toContain('**1 of 3 cases held.**');
    expect(text).toContain('Not yet tried: three.');
    expect(text).toContain('| one | 3 | yes | abc1234 |');
    expect(text).toContain('| two | 3 | **no** | abc1234 |');
    expect(text).toContain('- two: no');
    expect(text).toContain('- one at abc1234: it broke badly (and 1 more)');
  });

  test('replaces the old one and leaves the rest of the page alone', () => {
    const first = replaceSection('# Head\n', 'x', 'old');
    const both = replaceSection(first, 'y', 'other');
    expect(replaceSection(both, 'x', 'new')).toBe('# Head\n\n<!-- proof x -->\nnew\n<!-- end of proof x -->\n\n<!-- proof y -->\nother\n<!-- end of proof y -->\n');
  });
});

test('random numbers are the same for the same seed', () => {
  const [a, b, c] = ['s', 's', 't'].map(randomFrom);
  const draw = (random: (() => number) | undefined): number[] => Array.from({ length: 100 }, () => random?.() ?? -1);
  const numbers = draw(a);
  expect(draw(b)).toEqual(numbers);
  expect(draw(c)).not.toEqual(numbers);
  expect(numbers.every(number => number >= 0 && number < 1)).toBe(true);
  expect(Math.max(...numbers) - Math.min(...numbers)).toBeGreaterThan(0.8);
});
