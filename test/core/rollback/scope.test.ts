import { describe, expect, test } from 'vitest';
import { chainsOf, placeOf, type Place } from '../../../core/rollback/chain';
import { conflictsIn } from '../../../core/rollback/conflicts';
import { scopeOf } from '../../../core/rollback/scope';
import type { UndoRecord } from '../../../core/run/undo-record';

const file = (hash: string, time = 't'): string => `file 644 0:0 ${hash} ${time}`;
const NONE = 'absent - - - -';

function record(seq: number, over: Partial<UndoRecord> = {}): UndoRecord {
  return { v: 1, type: 'change', seq, at: '', task: `t${seq}`, name: `t${seq}`, host: 'h', become: null, module: 'm', subject: 's', effect: 'converge', paths: [], calls: [{ module: 'm', params: {} }], left: [], ...over };
}
function change(seq: number, path: string, was: string, left: string | undefined): UndoRecord {
  const paths = [{ path, only: false, was, dirTime: 't' }];
  return record(seq, { copies: `/copies/${seq}`, paths, calls: [], left: left === undefined ? undefined : [{ is: left, dirTime: 't' }] });
}
const seqs = (records: readonly UndoRecord[]): string => records.map(({ seq }) => seq).join(' ');

describe('scopeOf', () => {
  const barrier = { barrier: 'it cannot be taken back' };

  test('goes back to the last barrier, on whatever host', () => {
    const { back, before, barrier: last } = scopeOf([record(1), record(2, { ...barrier, host: 'other' }), record(3), record(4, { calls: [] })], new Set(['h']));
    expect([seqs(back), seqs(before), last?.seq]).toEqual(['3', '1', 2]);
  });

  test('leaves what --limit leaves out', () => {
    const { back, limited } = scopeOf([record(1, { host: 'a' }), record(2, { host: 'b' })], new Set(['b']));
    expect([seqs(back), seqs(limited)]).toEqual(['2', '1']);
  });
});

describe('placeOf', () => {
  const link = { was: file('a', 't1'), left: file('b', 't2'), further: [], newer: [], isFinished: false };
  const toggled = { was: file('down', 't2'), left: file('up', 't3'), further: [file('up', 't1')], newer: [], isFinished: false };
  test.each<[string, string, Parameters<typeof placeOf>[1], Place]>([
    ['as before', file('a', 't1'), link, 'back'],
    ['as before, its time without fractions', file('a', 't1.0'), link, 'back'],
    ['as the run left it', file('b', 't2'), link, 'left'],
    ['as the run left it, touched since', file('b', 't9'), link, 'left'],
    ['another mode', 'file 600 0:0 b t2', link, 'strange'],
    ['gone', NONE, link, 'strange'],
    ['cut off, and neither', file('c'), { ...link, left: undefined }, 'unsure'],
    ['put out of the way and back, not taken back yet', file('up', 't3'), toggled, 'left'],
    ['put out of the way and back, taken back wholly', file('up', 't1'), toggled, 'back'],
    ['the same by content alone, after a rollback that ended well', file('up', 't1.0'), { ...toggled, isFinished: true }, 'back'],
    ['what a later change left, in check mode', file('z'), { ...link, newer: [file('z')] }, 'left'],
  ])('%s', (_name, now, path, place) => {
    expect(placeOf(now, path)).toBe(place);
  });
});

describe('conflictsIn', () => {
  const see = (changes: readonly UndoRecord[], now: Record<string, string>, entries: Record<string, readonly string[]> = {}): readonly string[] => conflictsIn(
    { now: new Map(Object.entries(now)), copies: new Map(changes.flatMap(({ copies = '', paths }) => paths.map(({ was }, i) => [`${copies}/${i + 1}`, was] as const))), entries: new Map(Object.entries(entries)) },
    { changes: [...changes].reverse(), chains: chainsOf(changes), isFinished: false, includeUnfinished: false },
  );
  const twice = [change(1, '/f', file('a'), file('b')), change(2, '/f', file('b'), file('c'))];

  test('follow a file through all changes of the run', () => {
    expect(see(twice, { '/f': file('c') })).toEqual([]);
    expect(see(twice, { '/f': file('b') })).toEqual([]);
    expect(see(twice, { '/f': file('a') })).toEqual([]);
    expect(see(twice, { '/f': file('x') })).toEqual([expect.stringMatching(/^\/f was changed by somebody else since/)]);
  });

  test('find an edit of somebody else between two changes of the run', () => {
    expect(see([change(1, '/f', file('a'), file('b')), change(2, '/f', file('mine'), file('c'))], { '/f': file('c') })).toHaveLength(1);
  });

  test('find a copy that is gone', () => {
    const [one] = twice;
    if (one === undefined) throw new Error('no change');
    expect(see([{ ...one, copies: '/elsewhere', paths: one.paths.map(path => ({ ...path })) }], { '/f': file('b') })).toEqual([]);
    expect(conflictsIn({ now: new Map([['/f', file('b')]]), copies: new Map(), entries: new Map() }, { changes: [one], chains: chainsOf([one]), isFinished: false, includeUnfinished: false }))
      .toEqual([expect.stringContaining('the copy of /f is gone or was changed (/copies/1/1)')]);
  });

  test('find what a directory holds that is to go', () => {
    const made = record(1, { paths: [{ path: '/d', only: true, was: NONE, dirTime: 't' }], left: [{ is: 'directory 755 0:0 - -', dirTime: 't' }] });
    const filled = change(2, '/d/f', NONE, file('a'));
    const now = { '/d': 'directory 755 0:0 - -', '/d/f': file('a') };
    expect(see([made, filled], now, { '/d': ['f'] })).toEqual([]);
    expect(see([made, filled], now, { '/d': ['f', 'theirs'] })).toEqual(['/d would go, and holds what this rollback does not take away: theirs']);
  });
});
