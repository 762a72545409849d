import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConf, printConf, type Directive } from '../../../modules/nginx/conf';
import { tokenize } from '../../../modules/nginx/lexer';

const FIXTURES = join(__dirname, 'fixtures');
const outline = (directives: readonly Directive[]): readonly unknown[] =>
  directives.map(({ name, args, block }) => block === undefined ? [name, ...args.map(arg => arg.value)] : [name, ...args.map(arg => arg.value), outline(block.directives)]);
const parse = (text: string): readonly unknown[] => outline(parseConf('/n', text).directives);

describe('parseConf', () => {
  test.each([
    ['simple directives', 'a b  c;\n\td;', [['a', 'b', 'c'], ['d']]],
    ['blocks', 'a { b c; } d{}', [['a', [['b', 'c']]], ['d', []]]],
    ['quotes and escapes', String.raw`a "b c" 'd;e' f\ g "h\"i" j\;k;`, [['a', 'b c', 'd;e', String.raw`f\ g`, 'h"i', String.raw`j\;k`]]],
    ['variables with braces', 'a ${b}c x${d};', [['a', '${b}c', 'x${d}']]],
    ['comments at the beginning of words only', 'a b#c # d\n e;', [['a', 'b#c', 'e']]],
    ['a closing parenthesis behind a quote', 'if ($a = "b") { c; }', [['if', '($a', '=', 'b', ')', [['c']]]]],
    ['Lua, opaque', 'a_by_lua_block { x = "}" -- }\n y = {} } b;', [['a_by_lua_block', []], ['b']]],
    ['empty Lua', 'a_by_lua_block {} b;', [['a_by_lua_block', []], ['b']]],
  ])('reads %s', (_name, text, wanted) => {
    expect(parse(text)).toEqual(wanted);
  });

  test.each([
    ['a missing semicolon', 'a {\n b\n}', '/n:3: unexpected "}" in "b"'],
    ['an open block', 'x;\na {\n b;', '/n:2: this block is not closed'],
    ['a brace too many', 'a;\n}', '/n:2: unexpected "}"'],
    ['an open quote', 'a;\nb "c;\n', '/n:2: a quote or block is not closed here'],
    ['no blank behind a quote', 'a "b"c;', '/n:1: a quote or block is not closed here'],
    ['open Lua', 'a_by_lua_block { {}', '/n:1: a quote or block is not closed here'],
    ['the end in a directive', 'a b', '/n:1: "a" does not end with ";"'],
  ])('refuses %s', (_name, text, message) => {
    expect(() => parseConf('/n', text)).toThrow(message);
  });
});

describe('printConf', () => {
  test.each(readdirSync(FIXTURES))('gives %s again', name => {
    const text = readFileSync(join(FIXTURES, name), 'utf8');
    expect(printConf(parseConf('/n', text))).toBe(text);
  });

  test('every character of any text belongs to one token', () => {
    const piece = fc.constantFrom('a', ' ', '\n', '\r\n', ';', '{', '}', '"', "'", '\\', '#', '$', '${', 'x_by_lua_block', '[[', ']]', '--', '(', ')', 'ä');
    fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), pieces => {
      const text = pieces.join('');
      expect(tokenize(text).map(token => text.slice(token.start, token.end)).join('')).toBe(text);
    }), { numRuns: 500 });
  });
});
