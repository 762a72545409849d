/**
 * The variables of a file named by `EnvironmentFile=`, each character still knowing where it stands.
 * Follows systemd's `parse_env_file`, which is close to a shell's rules and not the same.
 * @see systemd.exec(5), `EnvironmentFile=`
 */
import type { PlacedChar } from './unit-file';

/** A variable and where its value is written. */
export interface Variable {
  readonly name: string;
  readonly value: readonly PlacedChar[];
  readonly file: string;
  /** Number of the line that it begins on, from 1. */
  readonly line: number;
}

/** The variables of a file in order; a name given twice counts by its last value. @param path where the file lies */
export function parseEnvironmentFile(path: string, text: string): readonly Variable[] {
  const variables: Variable[] = [];
  const lines = new LineCounter(text);
  for (let at = skip(text, 0, /[ \t\r\n]/); at < text.length; at = skip(text, at, /[ \t\r\n]/)) {
    if (/[#;]/.test(text.charAt(at))) {
      at = endOfComment(text, at);
      continue;
    }
    const key = /^[^=\r\n]*/.exec(text.slice(at))?.[0] ?? '';
    if (text.charAt(at + key.length) !== '=') {
      at += key.length;
      continue;
    }
    const { chars, next } = readValue(path, text, at + key.length + 1);
    variables.push({ name: key.trim(), value: chars, file: path, line: lines.at(at) });
    at = next;
  }
  return variables;
}

/** Counts on from the last offset asked for, so a whole file costs one pass. */
class LineCounter {
  #line = 1;
  #offset = 0;
  constructor(private readonly text: string) {}

  at(offset: number): number {
    for (; this.#offset < offset; this.#offset += 1) {
      if (this.text.charAt(this.#offset) === '\n') this.#line += 1;
    }
    return this.#line;
  }
}

function skip(text: string, from: number, what: RegExp): number {
  let at = from;
  while (at < text.length && what.test(text.charAt(at))) at += 1;
  return at;
}

/** A backslash in a comment takes the next character with it, even a line end. */
function endOfComment(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\r\n]/.test(text.charAt(at))) at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

/** A value is a row of unquoted and quoted pieces up to the end of the line; blanks before and after it are dropped. */
function readValue(path: string, text: string, from: number): { chars: readonly PlacedChar[]; next: number } {
  const chars: PlacedChar[] = [];
  const put = (start: number, end: number): void => { chars.push({ char: text.slice(end - 1, end), file: path, start, end }); };
  let at = skip(text, from, /[ \t]/);
  /** A quote is one only before the first unquoted character, or right after another quoted piece. */
  let mayQuote = true;
  let kept = 0;
  while (at < text.length && !/[\r\n]/.test(text.charAt(at))) {
    const char = text.charAt(at);
    if (mayQuote && (char === '"' || char === "'")) {
      at = readQuoted(text, at, put);
      kept = chars.length;
      continue;
    }
    if (char === '\\') {
      if (!/[\r\n]/.test(text.charAt(at + 1))) put(at, at + 2);
      at += 2;
      mayQuote = false;
      kept = chars.length;
      continue;
    }
    const blank = /[ \t]/.test(char);
    if (!blank || !mayQuote) put(at, at + 1);
    if (!blank) {
      mayQuote = false;
      kept = chars.length;
    }
    at += 1;
  }
  return { chars: chars.slice(0, kept), next: at };
}

function readQuoted(text: string, from: number, put: (start: number, end: number) => void): number {
  const quote = text.charAt(from);
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== quote) {
    const next = text.charAt(at + 1);
    if (quote === '"' && text.charAt(at) === '\\' && next !== '') {
      if (/["\\`$]/.test(next)) put(at, at + 2);
      else if (next !== '\n') {
        put(at, at + 1);
        put(at + 1, at + 2);
      }
      at += 2;
      continue;
    }
    put(at, at + 1);
    at += 1;
  }
  return at + 1;
}
