/**
 * Splitting a value into words as systemd does, each character still knowing where it stands.
 * @see systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines"
 */
import type { PlacedChar, Span } from './unit-file';

/** A word: its characters without quotes and escapes, and the piece of the file that it was written as, quotes included. */
export interface Word extends Span {
  readonly chars: readonly PlacedChar[];
  /** A lone unquoted `;`, which ends a command. */
  readonly separator?: true;
}

/** The words of a value; `unbalanced` when a quote is not closed (systemd then ignores a setting, but not a variable). */
export interface Words {
  readonly words: readonly Word[];
  readonly unbalanced: boolean;
}

/**
 * Splits at unquoted blanks and removes quotes.
 * @param rules `setting`: C-style escapes, `;` and `\;` as in ExecStart=; `variable`: a backslash stands for the next character, as when
 * a `$VARIABLE` of a command line is split.
 */
export function splitWords(value: readonly PlacedChar[], rules: 'setting' | 'variable'): Words {
  const words: Word[] = [];
  let at = skipBlanks(value, 0);
  while (at < value.length) {
    const read = (rules === 'setting' ? readSemicolon(value, at) : undefined) ?? readWord(value, at, rules);
    if (read.unbalanced && rules === 'setting') return { words, unbalanced: true };
    words.push(read.word);
    at = skipBlanks(value, read.next);
  }
  return { words, unbalanced: false };
}

/** Marks the `%` specifiers of a word and turns `%%` into `%`. @see systemd.unit(5), "Specifiers" */
export function markSpecifiers(chars: readonly PlacedChar[]): readonly PlacedChar[] {
  const marked: PlacedChar[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const here = chars[at];
    const next = chars[at + 1];
    if (here === undefined) break;
    if (here.char !== '%' || next === undefined) {
      marked.push(here);
      continue;
    }
    if (next.char === '%') marked.push({ ...here, end: next.end });
    else marked.push({ ...here, specifier: true }, { ...next, specifier: true });
    at += 1;
  }
  return marked;
}

interface Read {
  readonly word: Word;
  readonly next: number;
  readonly unbalanced: boolean;
}

function readSemicolon(value: readonly PlacedChar[], at: number): Read | undefined {
  const escaped = value[at]?.char === '\\';
  const semicolon = value[escaped ? at + 1 : at];
  const first = value[at];
  const next = at + (escaped ? 2 : 1);
  if (semicolon?.char !== ';' || first === undefined || !isBlank(value[next]?.char ?? ' ')) return undefined;
  const span = { file: first.file, start: first.start, end: semicolon.end };
  const word: Word = escaped ? { ...span, chars: [{ ...semicolon, start: first.start }] } : { ...span, chars: [semicolon], separator: true };
  return { word, next, unbalanced: false };
}

function readWord(value: readonly PlacedChar[], from: number, rules: 'setting' | 'variable'): Read {
  const chars: PlacedChar[] = [];
  let quote = '';
  let at = from;
  for (let here = value[at]; here !== undefined; here = value[at]) {
    if (quote === '' && isBlank(here.char)) break;
    if (here.char === '\\') {
      const escape = readEscape(value, at, rules);
      chars.push(...escape.chars);
      at = escape.next;
      continue;
    }
    if (quote === '' ? here.char === '"' || here.char === "'" : here.char === quote) quote = quote === '' ? here.char : '';
    else chars.push(here);
    at += 1;
  }
  const first = value[from];
  const last = value[at - 1];
  const span = { file: first?.file ?? '', start: first?.start ?? 0, end: last?.end ?? 0 };
  return { word: { ...span, chars }, next: at, unbalanced: quote !== '' };
}

const SINGLE: Readonly<Record<string, string>> = {
  a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', s: ' ', '\\': '\\', '"': '"', "'": "'",
};

/** An escape that systemd does not know stays as it is written, backslash included. */
function readEscape(value: readonly PlacedChar[], at: number, rules: 'setting' | 'variable'): { chars: readonly PlacedChar[]; next: number } {
  const backslash = value[at];
  const following = value[at + 1];
  if (backslash === undefined || following === undefined) return { chars: backslash === undefined ? [] : [backslash], next: at + 1 };
  if (rules === 'variable') return { chars: [{ ...following, start: backslash.start }], next: at + 2 };
  const tail = value.slice(at + 1, at + 10).map(placed => placed.char).join('');
  const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/.exec(tail);
  const single = SINGLE[following.char];
  if (code === null) {
    if (single === undefined) return { chars: [backslash, following], next: at + 2 };
    return { chars: [{ ...following, char: single, start: backslash.start }], next: at + 2 };
  }
  const point = code[4] === undefined ? parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16) : parseInt(code[4], 8);
  const next = at + 1 + code[0].length;
  const end = value[next - 1]?.end ?? following.end;
  const char = point <= 0x10ffff ? String.fromCodePoint(point) : '\uFFFD';
  return { chars: [{ ...backslash, char, end }], next };
}

function skipBlanks(value: readonly PlacedChar[], from: number): number {
  let at = from;
  for (let here = value[at]; here !== undefined && isBlank(here.char); here = value[at]) at += 1;
  return at;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}
