/**
 * No source needs itself to load. In a circle of values one file runs before what it imports is there, and which one depends on who came first: it works until
 * somebody imports them in another order. Types may go in circles: nothing of them is left when the code runs, and what makes something and what is made may
 * well know each other's shape.
 */
import { describe, expect, test } from 'vitest';
import { filesIn, importsIn, importsOf } from './sources';

/** What each file needs when it runs, by its path. */
type Needs = ReadonlyMap<string, readonly string[]>;

/** One circle for each place where a way through the files comes back to one of it, as `a -> b -> a`. */
function circles(needs: Needs): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) found.push([...way.slice(at), file].join(' -> '));
    if (at !== -1 || done.has(file)) return;
    for (const next of needs.get(file) ?? []) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of needs.keys()) walk(file, []);
  return found;
}

const files = ['bin', 'core', 'modules', 'playbooks', 'inventory', 'lab'].flatMap(filesIn);
const known = new Set(files);

/** The file that a path without its ending means; none for packages. */
function fileOf(path: string): string[] {
  return [path, `${path}.ts`, `${path}.js`, `${path}/index.ts`].filter(file => known.has(file)).slice(0, 1);
}

describe('imports of values', () => {
  test('do not go in circles', () => {
    const needs: Needs = new Map(files.map(file => [file, importsOf(file).filter(({ isType }) => !isType).flatMap(({ to }) => fileOf(to))]));
    expect([...needs.values()].flat().length).toBeGreaterThan(500);
    expect(circles(needs)).toEqual([]);
  });

  test.each<[string, Record<string, readonly string[]>, readonly string[]]>([
    ['none', { a: ['b', 'c'], b: ['c'], c: [] }, []],
    ['two files', { a: ['b'], b: ['a'] }, ['a -> b -> a']],
    ['one that needs itself', { a: ['a'] }, ['a -> a']],
    ['behind others', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b -> c -> d -> b']],
  ])('are seen to: %s', (_, needs, expected) => {
    expect(circles(new Map(Object.entries(needs)))).toEqual(expected);
  });

  test.each([
    ["import { a } from './b';", false],
    ["import a, { type B } from './b';", false],
    ["import { a, type B } from './b';", false],
    ["import * as a from './b';", false],
    ["import {\n  type A,\n  b,\n} from './b';", false],
    ["import './b';", false],
    ["export { a } from './b';", false],
    ["export * from './b';", false],
    ["const a = require('./b');", false],
    ["const a = await import('./b');", false],
    ["import type { A } from './b';", true],
    ["import { type A, type B } from './b';", true],
    ["export { type A } from './b';", true],
    ["export type { A } from './b';", true],
    ["type A = typeof import('./b');", true],
  ])('are told from those of types: %s', (text, isType) => {
    expect(importsIn('core/a.ts', text)).toEqual([{ from: 'core/a.ts', to: 'core/b', isType }]);
  });

  test('are not read from comments', () => {
    expect(importsIn('core/a.ts', "/** import { a } from './b'; */\n// import './c';\n")).toEqual([]);
  });
});
