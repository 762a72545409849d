/**
 * Unit files, losslessly: every byte of the text belongs to exactly one entry, so printing what was parsed gives the text again.
 *
 * The rules are those of systemd's own parser (`config_parse`), which differ from an INI file's: a line that ends in an odd number of
 * backslashes goes on in the next one, comment lines inside a continued line are skipped, a key may be given many times, and an empty
 * assignment resets a list.
 * @see systemd.syntax(7)
 */

/** A place in a file: the characters from `start` up to but not including `end`. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** One character of a value and the characters of the file that it was written as. */
export interface PlacedChar extends Span {
  readonly char: string;
  /** The `${VARIABLE}` that brought it in, where it is not written in place. */
  readonly via?: Span;
  /** It belongs to a `%` specifier, whose value only systemd knows. */
  readonly specifier?: true;
}

interface EntryBase {
  /** Offset of the first character, and of the one after the last (line ends included). */
  readonly start: number;
  readonly end: number;
  /** Number of its first line, from 1. */
  readonly line: number;
}

/** `other` is what systemd ignores with a warning: a line without `=`, or an assignment outside a section. */
export type UnitEntry =
  | (EntryBase & { readonly kind: 'blank' | 'comment' | 'other' })
  | (EntryBase & { readonly kind: 'section'; readonly name: string })
  | (EntryBase & { readonly kind: 'assignment'; readonly section: string; readonly key: string; readonly value: readonly PlacedChar[] });

export type Assignment = Extract<UnitEntry, { kind: 'assignment' }>;

/** A parsed unit file or drop-in. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
  readonly entries: readonly UnitEntry[];
}

/** Parses a unit file; never fails, as systemd does not. @param path where it lies, for messages and spans */
export function parseUnitFile(path: string, text: string): UnitFile {
  const lines = physicalLines(text);
  const entries: UnitEntry[] = [];
  let section: string | undefined;
  for (let at = 0; at < lines.length;) {
    const { entry, next } = readEntry({ path, text, lines, section }, at);
    if (entry.kind === 'section') section = entry.name;
    entries.push(entry);
    at = next;
  }
  return { path, text, entries };
}

/** The text again, byte for byte. */
export function printUnitFile(file: UnitFile): string {
  return file.entries.map(entry => file.text.slice(entry.start, entry.end)).join('');
}

/** All assignments of a key, in order. */
export function assignmentsOf(file: UnitFile, section: string, key: string): readonly Assignment[] {
  return file.entries.filter((entry): entry is Assignment => entry.kind === 'assignment' && entry.section === section && entry.key === key);
}

/** The characters as a string. */
export function textOf(chars: readonly PlacedChar[]): string {
  return chars.map(placed => placed.char).join('');
}

interface PhysicalLine {
  readonly start: number;
  /** Where its content ends and its line end begins. */
  readonly contentEnd: number;
  readonly end: number;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly PhysicalLine[];
  readonly section: string | undefined;
}

/** systemd ends a line at LF, CR, or both in either order. */
function physicalLines(text: string): PhysicalLine[] {
  const lines: PhysicalLine[] = [];
  let start = 0;
  for (const match of text.matchAll(/\r\n|\n\r|\n|\r/g)) {
    const end = match.index + match[0].length;
    lines.push({ start, contentEnd: match.index, end });
    start = end;
  }
  if (start < text.length) lines.push({ start, contentEnd: text.length, end: text.length });
  return lines;
}

function readEntry(source: Source, first: number): { entry: UnitEntry; next: number } {
  const logical: PlacedChar[] = [];
  let next = first;
  for (let goesOn = true; goesOn && next < source.lines.length; next += 1) {
    const line = source.lines[next];
    if (line === undefined || isComment(source.text, line)) {
      goesOn = next > first;
      continue;
    }
    const chars = placedLine(source, line);
    goesOn = isContinued(source.text, line);
    const last = chars.at(-1);
    if (goesOn && last !== undefined) chars[chars.length - 1] = { ...last, char: ' ' };
    logical.push(...chars);
  }
  const start = source.lines[first]?.start ?? 0;
  const base = { start, end: source.lines[next - 1]?.end ?? start, line: first + 1 };
  return { entry: classify(source, base, strip(logical)), next };
}

function isComment(text: string, line: PhysicalLine): boolean {
  return /^[ \t]*[#;]/.test(text.slice(line.start, line.contentEnd));
}

function isContinued(text: string, line: PhysicalLine): boolean {
  const backslashes = /\\*$/.exec(text.slice(line.start, line.contentEnd))?.[0].length ?? 0;
  return backslashes % 2 === 1;
}

function placedLine(source: Source, line: PhysicalLine): PlacedChar[] {
  const from = source.text.startsWith('\uFEFF', line.start) ? line.start + 1 : line.start;
  return Array.from({ length: line.contentEnd - from }, (_, i) => (
    { char: source.text.charAt(from + i), file: source.path, start: from + i, end: from + i + 1 }
  ));
}

function classify(source: Source, base: EntryBase, logical: readonly PlacedChar[]): UnitEntry {
  const text = textOf(logical);
  if (text === '') {
    return { ...base, kind: /^\uFEFF?\s*$/.test(source.text.slice(base.start, base.end)) ? 'blank' : 'comment' };
  }
  if (text.startsWith('[')) return text.endsWith(']') ? { ...base, kind: 'section', name: text.slice(1, -1) } : { ...base, kind: 'other' };
  const equals = text.indexOf('=');
  if (equals === -1 || source.section === undefined) return { ...base, kind: 'other' };
  const key = text.slice(0, equals).trim();
  return { ...base, kind: 'assignment', section: source.section, key, value: strip(logical.slice(equals + 1)) };
}

function strip(chars: readonly PlacedChar[]): readonly PlacedChar[] {
  const isBlank = (placed: PlacedChar | undefined): boolean => placed !== undefined && /[ \t\r\n]/.test(placed.char);
  let from = 0;
  let to = chars.length;
  while (from < to && isBlank(chars[from])) from += 1;
  while (to > from && isBlank(chars[to - 1])) to -= 1;
  return chars.slice(from, to);
}
