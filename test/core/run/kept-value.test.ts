import { describe, expect, test } from 'vitest';
import { fromKept, MOST_KEPT, toKept } from '../../../core/run/kept-value';
import { Secret } from '../../../core/secret';

describe('a value in the journal', () => {
  test.each<[string, unknown]>([
    ['a text', 'line\nline'], ['a number', 4.5], ['a flag', false], ['null', null], ['nothing', undefined], ['a list', [1, ['a']]],
    ['an object', { a: 1, b: { c: ['d'] } }], ['bytes', Buffer.from([0, 255, 10])],
    ['what a command printed', { code: 0, stdout: 'a\n', bytes: Buffer.from('a\n'), ran: true }],
  ])('comes back as it was: %s', (_name, value) => {
    const kept = toKept(value);
    expect(kept).toHaveProperty('json');
    const json = 'json' in kept ? kept.json : undefined;
    expect(fromKept(json === undefined ? undefined : JSON.parse(JSON.stringify(json)))).toEqual(value);
  });

  test.each<[string, unknown, string]>([
    ['a Secret', { password: new Secret('of-no-kept-value') }, 'it holds a secret'],
    ['the text of one', { text: 'it is of-no-kept-value.' }, 'it holds a secret'],
    ['its bytes', Buffer.from('of-no-kept-value\n'), 'it holds a secret'],
    ['its text as a name', { 'of-no-kept-value': 1 }, 'it holds a secret'],
    ['a map', new Map([['a', 1]]), 'it holds a Map, which is no plain data'],
    ['a date', [new Date(0)], 'it holds a Date, which is no plain data'],
    ['a function', { do: () => 1 }, 'it holds a function, which is no plain data'],
    ['no number', Number.NaN, 'it holds a number, which is no plain data'],
    ['too much', 'x'.repeat(MOST_KEPT), 'it is too large (1025 KB)'],
  ])('is not kept: %s', (_name, value, why) => {
    expect(toKept(value)).toEqual({ why });
  });
});
