import { describe, expect, test } from 'vitest';
import { parseEnvironmentFile } from '../../../modules/systemd/env-file';
import { textOf } from '../../../modules/systemd/unit-file';

const read = (text: string): Record<string, string> =>
  Object.fromEntries(parseEnvironmentFile('/e', text).map(variable => [variable.name, textOf(variable.value)]));

describe('parseEnvironmentFile', () => {
  test.each([
    ['plain, with blanks around', 'A=b  \n  C = d e \n', { A: 'b', C: 'd e' }],
    ['comments and lines without =', '# A=1\n; B=2\nfoo\nC=3\n', { C: '3' }],
    ['an empty value', 'A=\nB=""\n', { A: '', B: '' }],
    ['quotes', 'A="x y" \nB=\'x "$y" \\\'\n', { A: 'x y', B: 'x "$y" \\' }],
    ['escapes in double quotes', 'A="a\\"b\\\\c\\$d\\e"\n', { A: 'a"b\\c$d\\e' }],
    ['quotes after the first character', 'A=a"b c"\n', { A: 'a"b c"' }],
    ['quoted pieces in a row', 'A="a"\'b\'\n', { A: 'ab' }],
    ['a line continued in quotes', 'A="--x \\\n--y"\nB=1\n', { A: '--x --y', B: '1' }],
    ['a line end in quotes', 'A="x\ny"\nB=1', { A: 'x\ny', B: '1' }],
    ['a line continued without quotes', 'A=x \\\n  y\n', { A: 'x   y' }],
    ['CRLF', 'A=x\r\nB="y"\r\n', { A: 'x', B: 'y' }],
    ['a name given twice', 'A=1\nA=2\n', { A: '2' }],
    ['an escaped character', 'A=a\\ b\\\\ \n', { A: 'a b\\' }],
  ])('reads %s', (_name, text, wanted) => {
    expect(read(text)).toEqual(wanted);
  });

  test('knows line and place', () => {
    const text = '# c\n\nA="x"\nB=1\n';
    const [a, b] = parseEnvironmentFile('/e', text);
    expect([a?.line, b?.line]).toEqual([3, 4]);
    expect(text.slice(a?.value[0]?.start, a?.value[0]?.end)).toBe('x');
  });
});
