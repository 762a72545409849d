import { describe, expect, test } from 'vitest';
import type { ErrorClass, Sample } from '../../lab/clients/host/protocol';
import { failureLines, totalsOf } from '../../lab/clients/totals';

const good = (t: number, key?: string): Sample => ({ t, kind: key === undefined ? 'read' : 'write', ok: true, ms: 10, ...(key === undefined ? {} : { key }) });
const bad = (t: number, error: ErrorClass = 'tls'): Sample => ({ t, kind: 'read', ok: false, ms: 5, error, text: `at ${t}` });

describe('totalsOf', () => {
  test('counts what was sent and what failed, for each host', () => {
    const totals = totalsOf(new Map([['a', [good(0), bad(100)]], ['b', [good(0)]]]));
    expect(totals).toMatchObject({ sent: 3, failed: 1, perHost: { a: { sent: 2, failed: 1 }, b: { sent: 1, failed: 0 } } });
  });

  test('takes the longest outage of one host, from the first failure to the next success', () => {
    const totals = totalsOf(new Map([['a', [good(0), bad(100), bad(200), good(300), bad(400), good(500)]], ['b', [good(0), bad(250)]]]));
    expect(totals.longestOutageMs).toBe(210);
  });

  test('an outage may last to the end', () => {
    expect(totalsOf(new Map([['a', [good(0), bad(100), bad(900)]]])).longestOutageMs).toBe(805);
  });

  test('a gap has no success in it, failures or not', () => {
    expect(totalsOf(new Map([['a', [good(0), good(100), good(2100)]]]))).toMatchObject({ longestOutageMs: 0, longestGapMs: 2000 });
  });

  test('an acknowledged write that is not found is lost, one that failed is not', () => {
    const failedWrite: Sample = { ...bad(200), kind: 'write', key: 'k3' };
    const totals = totalsOf(new Map([['a', [good(0, 'k1'), good(100, 'k2'), failedWrite]]]), new Set(['k1']));
    expect(totals).toMatchObject({ writes: 3, acknowledged: 2, lost: ['k2'] });
  });

  test('sums errors up by class: when, where, and what they said', () => {
    const totals = totalsOf(new Map([['a', [bad(2000), bad(1000), bad(3000, '5xx')]], ['b', [{ ...bad(1500), text: 'at 1000' }]]]));
    expect(totals.errors).toEqual({
      tls: { count: 3, first: '1970-01-01T00:00:01.000Z', last: '1970-01-01T00:00:02.000Z', texts: { 'at 1000': 2, 'at 2000': 1 }, hosts: { a: 2, b: 1 } },
      '5xx': { count: 1, first: '1970-01-01T00:00:03.000Z', last: '1970-01-01T00:00:03.000Z', texts: { 'at 3000': 1 }, hosts: { a: 1 } },
    });
    expect(failureLines(totals)[0]).toBe('3 requests failed (tls, sent from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z; a (2), b (1)): at 1000 (2), at 2000 (1)');
  });

  test('says three texts of a class, and how many others there are', () => {
    expect(failureLines(totalsOf(new Map([['a', [bad(1), bad(2), bad(3), bad(4), bad(5)]]])))[0]).toMatch(/: at 1 \(1\), at 2 \(1\), at 3 \(1\), 2 others$/);
  });

  test('is all zeros for clients that sent nothing', () => {
    expect(totalsOf(new Map([['a', []]]))).toMatchObject({ sent: 0, failed: 0, longestOutageMs: 0, longestGapMs: 0, medianMs: 0 });
  });
});
