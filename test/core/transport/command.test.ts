import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cmd, lines, quote, raw } from '../../../core/transport/command';

const shells = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']].filter(([program]) => existsSync(program ?? ''));

describe.each(shells)('quoting, read by %s %s', (program, ...args) => {
  const words = (script: string): string[] => execFileSync(program, [...args.filter(arg => arg !== ''), '-c', `for w in ${script}; do printf '%s\\0' "$w"; done`], { encoding: 'utf8' }).split('\0').slice(0, -1);

  test('any argument arrives as it was', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0')), { minLength: 1, maxLength: 5 }), values => {
      expect(words(cmd`${values}`.text)).toEqual(values);
    }), { numRuns: 60 });
  });

  test.each(['', '-rf', '--', '~', '*', '$HOME', '`id`', '$(id)', "it's", '"', '\\', '\n', ' ', '!', '{a,b}', '#', 'a=b', ';', '&', '|', '<', '>', 'ü'])('%j', value => {
    expect(words(quote(value))).toEqual([value]);
  });
});

test('literal text is raw, commands go in as they are, numbers too', () => {
  expect(cmd`printf '\n' | grep -c ${'x y'} ${raw('&& true')} ${7}`.text).toBe(String.raw`printf '\n' | grep -c 'x y' && true 7`);
  expect(lines(raw('a'), cmd`b ${'c'}`).text).toBe('a\nb c');
});

test('a NUL byte is refused', () => {
  expect(() => cmd`echo ${'a\0b'}`).toThrow('NUL');
});
