import { expect, test } from 'vitest';
import { pictureOf } from '../../bench/picture';

const widthOf = (svg: string, index: number): number => Number([...svg.matchAll(/<rect class="\w+" x="250" y="\d+" width="([\d.]+)"/g)][index]?.[1]);

test('bars stand on a logarithmic scale: each tenfold is as long as the next', () => {
  const svg = pictureOf([{ title: 'One', bars: [1, 10, 100].map(seconds => ({ label: `${seconds}`, seconds, isOurs: seconds === 1 })) }]);
  const [one, ten, hundred] = [widthOf(svg, 0), widthOf(svg, 1), widthOf(svg, 2)];
  expect(one).toBeLessThan(3);
  expect(hundred).toBeCloseTo(2 * ten, 0);
  expect(svg).toContain('>10.0 s</text>');
});

test('what was not measured says so, and names are text, not markup', () => {
  const svg = pictureOf([{ title: 'A & B', bars: [{ label: '<b>', isOurs: false, why: 'too slow' }] }]);
  expect(svg).toContain('A &amp; B');
  expect(svg).toContain('&lt;b>');
  expect(svg).toContain('not measured: too slow');
  expect(svg).not.toContain('<rect');
});

test('both grounds have their colours', () => {
  expect(pictureOf([])).toMatch(/prefers-color-scheme:dark/);
});
