import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignmentsOf, parseUnitFile, printUnitFile, textOf } from '../../../modules/systemd/unit-file';

const FIXTURES = join(__dirname, 'fixtures');
const values = (text: string): readonly string[] =>
  parseUnitFile('/u', text).entries.flatMap(entry => entry.kind === 'assignment' ? [`${entry.section}.${entry.key}=${textOf(entry.value)}`] : [entry.kind]);

describe('parseUnitFile', () => {
  test.each([
    ['a key and a comment', '[A]\nK=v\n# c\n; d\n\n', ['section', 'A.K=v', 'comment', 'comment', 'blank']],
    ['blanks around key and value', '[A]\n  K = v w \t\n', ['section', 'A.K=v w']],
    ['a continued line', '[A]\nK=a \\\n  b\nL=c\n', ['section', 'A.K=a    b', 'A.L=c']],
    ['comments inside a continued line', '[A]\nK=a \\\n# x \\\n ; y\n  b\nL=c', ['section', 'A.K=a    b', 'A.L=c']],
    ['a blank line ends a continued line', '[A]\nK=a \\\n\nL=c\n', ['section', 'A.K=a', 'A.L=c']],
    ['two backslashes are none', '[A]\nK=a\\\\\nL=c\n', ['section', 'A.K=a\\\\', 'A.L=c']],
    ['a backslash and a blank is none', '[A]\nK=a\\ \nL=c\n', ['section', 'A.K=a\\', 'A.L=c']],
    ['CRLF', '[A]\r\nK=a \\\r\n b\r\n', ['section', 'A.K=a   b']],
    ['no line end at the end', '[A]\nK=a \\', ['section', 'A.K=a']],
    ['the same key many times', '[A]\nK=1\nK=\nK=2\n', ['section', 'A.K=1', 'A.K=', 'A.K=2']],
    ['an assignment outside a section, a line without =', 'K=1\n[A]\nfoo\n', ['other', 'section', 'other']],
    ['a byte order mark', '\uFEFF[A]\nK=1\n', ['section', 'A.K=1']],
    ['a value with =', '[A]\nK=--x=y\n', ['section', 'A.K=--x=y']],
  ])('reads %s', (_name, text, wanted) => {
    expect(values(text)).toEqual(wanted);
  });

  test('knows the line and the characters of a value', () => {
    const text = '[A]\n# c\nK=a \\\n  b\n';
    const file = parseUnitFile('/u', text);
    const [assignment] = assignmentsOf(file, 'A', 'K');
    expect(assignment?.line).toBe(3);
    const last = assignment?.value.at(-1);
    expect(text.slice(last?.start, last?.end)).toBe('b');
  });
});

describe('printUnitFile', () => {
  test.each(readdirSync(FIXTURES))('gives %s again', name => {
    const text = readFileSync(join(FIXTURES, name), 'utf8');
    expect(printUnitFile(parseUnitFile('/u', text))).toBe(text);
  });

  test('gives any text again', () => {
    const piece = fc.constantFrom('[Service]', 'ExecStart=', '\\', '\n', '\r\n', '\r', '#', ';', ' ', '\t', '"', "'", '%i', '$A', '${B}', '--x=y', '\uFEFF', 'ä', '\u{1F600}');
    fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), pieces => {
      const text = pieces.join('');
      const file = parseUnitFile('/u', text);
      expect(printUnitFile(file)).toBe(text);
      for (const entry of file.entries) {
        if (entry.kind === 'assignment') expect(entry.value.every(placed => text.slice(placed.start, placed.end).length === 1)).toBe(true);
      }
    }), { numRuns: 500 });
  });
});
