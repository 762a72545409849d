import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUnitFile, textOf, type PlacedChar } from '../../../modules/systemd/unit-file';
import { markSpecifiers, splitWords } from '../../../modules/systemd/words';

const placed = (text: string): readonly PlacedChar[] => {
  const entry = parseUnitFile('/u', `[S]\nK=${text}`).entries[1];
  return entry?.kind === 'assignment' ? entry.value : [];
};
const split = (text: string, rules: 'setting' | 'variable' = 'setting'): readonly string[] =>
  splitWords(placed(text), rules).words.map(word => word.separator === true ? 'SEPARATOR' : textOf(word.chars));

describe('splitWords', () => {
  test.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    [String.raw`a\x20b \s \t \" \u00e4 \101 \U0001F600`, ['a b', ' ', '\t', '"', 'ä', 'A', '\u{1F600}']],
    [String.raw`a\qb`, [String.raw`a\qb`]],
    ['"it\'s"', ["it's"]],
    ['""', ['']],
    ['--x="a b"c', ['--x=a bc']],
    ['one ; two', ['one', 'SEPARATOR', 'two']],
    [String.raw`one \; two a;b`, ['one', ';', 'two', 'a;b']],
  ])('splits a setting: %s', (text, wanted) => {
    expect(split(text)).toEqual(wanted);
  });

  test.each([
    [String.raw`a\ b "c d" e\"f`, ['a b', 'c d', 'e"f']],
    ['"open end', ['open end']],
    ['; x', [';', 'x']],
  ])('splits a variable: %s', (text, wanted) => {
    expect(split(text, 'variable')).toEqual(wanted);
  });

  test('says that a quote of a setting is not closed', () => {
    expect(splitWords(placed('a "b c'), 'setting').unbalanced).toBe(true);
  });

  test('spans hold the words, quotes included', () => {
    const file = '[S]\nK=x "a b" \\\n  c';
    const entry = parseUnitFile('/u', file).entries[1];
    const words = entry?.kind === 'assignment' ? splitWords(entry.value, 'setting').words : [];
    expect(words.map(word => file.slice(word.start, word.end))).toEqual(['x', '"a b"', 'c']);
  });

  test('gives quoted words again, whatever they hold', () => {
    const word = fc.string({ minLength: 1 }).map(text => text.replaceAll(/[\\"\r\n\uFEFF]/g, ''));
    fc.assert(fc.property(fc.array(word, { maxLength: 8 }), words => {
      expect(split(words.map(text => `"${text}"`).join(' '))).toEqual(words);
    }));
  });
});

describe('markSpecifiers', () => {
  test('turns %% into % and marks the others', () => {
    const marked = markSpecifiers(placed('a%%b%ic%%%H%'));
    expect(textOf(marked)).toBe('a%b%ic%%H%');
    expect(textOf(marked.filter(char => char.specifier === true))).toBe('%i%H');
  });
});
