import { describe, expect, test } from 'vitest';
import { didYouMean, distance, nearest } from '../../core/suggest';

describe('distance', () => {
  test.each<[string, string, number]>([['', '', 0], ['a', '', 1], ['web', 'web', 0], ['wbe', 'web', 1], ['stoped', 'stopped', 1], ['kitten', 'sitting', 3], ['abc', 'xyz', 3]])('%s to %s', (a, b, edits) => {
    expect(distance(a, b)).toBe(edits);
    expect(distance(b, a)).toBe(edits);
  });
});

describe('nearest', () => {
  test.each<[string, string[], string | undefined]>([
    ['masers', ['masters', 'nodes'], 'masters'],
    ['WEB1', ['web1', 'web2'], 'web1'],
    ['web3', ['db1'], undefined],
    ['c', ['a', 'b'], undefined],
    ['ab', ['ac'], 'ac'],
    ['abcdefghijklmnop', ['abcdefghijkl'], undefined],
    ['', ['a'], undefined],
  ])('%s', (typed, known, found) => {
    expect(nearest(typed, known)).toBe(found);
  });

  test('is the end of a sentence', () => {
    expect(didYouMean('wbe', ['web'])).toBe('; did you mean "web"?');
    expect(didYouMean('entirely', ['web'])).toBe('');
  });
});
