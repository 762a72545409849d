import { describe, expect, test } from 'vitest';
import { parseLiteral } from '../../../core/inventory/literal';

describe('parseLiteral', () => {
  test.each<[string, unknown]>([
    ['True', true], ['False', false], ['None', null],
    ['1', 1], ['-7', -7], ['+7', 7], ['0', 0], ['00', 0], ['1_000', 1000], ['0x1f', 31], ['0o17', 15], ['0b101', 5],
    ['1.5', 1.5], ['.5', 0.5], ['5.', 5], ['-1e3', -1000],
    ["'a b'", 'a b'], ['"it\'s"', "it's"], [String.raw`'a\nb\\c\x41\u00e9'`, 'a\nb\\cAé'], ["'a' 'b'", 'ab'], ["''", ''],
    ['[]', []], ['[1, "b", None]', [1, 'b', null]], ['[1,]', [1]], ['()', []], ['(1,)', [1]], ['(1)', 1], ['(1, 2)', [1, 2]],
    ['{}', {}], ["{'a': 1, 'b': [True]}", { a: 1, b: [true] }], ['{1: 2}', { 1: 2 }], ["{'a', 'b', 'a'}", ['a', 'b']],
    [' [ 1 , 2 ] ', [1, 2]], ['8080 # the port', 8080],
  ])('%s', (text, value) => {
    expect(parseLiteral(text)).toEqual({ value });
  });

  test.each(['', 'plain', 'true', 'yes', '1.2.3.4', '0123', '10 apples', '12345678901234567890', "'open", '[1', '[1 2]', '[,]', '{1: }', '{[1]: 2}', 'a=b', '1h', '- 1', '"a" b', 'Nonesuch'])(
    'leaves %s a string', text => {
      expect(parseLiteral(text)).toBeUndefined();
    });
});
