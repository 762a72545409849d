import { describe, expect, test } from 'vitest';
import { expandRange } from '../../../core/inventory/range';
import { shellWords } from '../../../core/inventory/shell-words';

describe('expandRange', () => {
  test.each<[string, string[]]>([
    ['web', ['web']],
    ['web[1:3]', ['web1', 'web2', 'web3']],
    ['web[:2]', ['web0', 'web1', 'web2']],
    ['web[08:11].x', ['web08.x', 'web09.x', 'web10.x', 'web11.x']],
    ['web[0:9:4]', ['web0', 'web4', 'web8']],
    ['db-[a:c]', ['db-a', 'db-b', 'db-c']],
    ['db[y:B]', ['dby', 'dbz', 'dbA', 'dbB']],
    ['r[1:2]n[a:b]', ['r1na', 'r1nb', 'r2na', 'r2nb']],
    ['[1:2].lan', ['1.lan', '2.lan']],
    ['n[5:5]', ['n5']],
  ])('%s', (pattern, names) => {
    expect(expandRange(pattern)).toEqual(names);
  });

  test.each<[string, RegExp]>([
    ['web[1]', /range \[1\] in "web\[1\]" is not begin:end/],
    ['web[1:2:3:4]', /is not begin:end/],
    ['web[1:]', /has no end/],
    ['web[3:1]', /begins after its end/],
    ['web[c:a]', /begins after its end/],
    ['web[01:100]', /same number of digits/],
    ['web[1:9:0]', /step "0"/],
    ['web[1:z]', /neither two numbers nor two letters/],
    ['web[1:3', /bracket without its partner/],
    ['web1:3]', /bracket without its partner/],
    ['web[1:999999999]', /more than 100000 hosts/],
    ['a[1:1000]b[1:1000]', /more than 100000 hosts/],
  ])('refuses %s', (pattern, message) => {
    expect(() => expandRange(pattern)).toThrow(message);
  });
});

describe('shellWords', () => {
  test.each<[string, string[]]>([
    ['a  b\tc ', ['a', 'b', 'c']],
    ['k="x y" l=\'p "q"\'', ['k=x y', 'l=p "q"']],
    [String.raw`k="a\"b\\c\d" l=e\ f`, [String.raw`k=a"b\c\d`, 'l=e f']],
    ['a b # c', ['a', 'b']],
    ['k=x#y z', ['k=x']],
    ['k="x#y" z=""', ['k=x#y', 'z=']],
    ['', []],
  ])('%s', (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });

  test('refuses a quote that is not closed', () => {
    expect(() => shellWords('a="b')).toThrow('a " is not closed');
    expect(() => shellWords("a='b\\")).toThrow("a ' is not closed");
    expect(() => shellWords('a\\')).toThrow('escapes nothing');
  });
});
