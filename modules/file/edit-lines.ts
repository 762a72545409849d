/** Edits of lines that leave every other byte as it is. */
import { RefusedError } from '../../core/errors';

export type LineEdit =
  | { readonly kind: 'put'; readonly line: string; readonly match: RegExp | undefined; readonly after: RegExp | undefined }
  | { readonly kind: 'remove'; readonly line: string | undefined; readonly match: RegExp | undefined };

interface Line {
  readonly text: string;
  /** `\n`, `\r\n`, or nothing at the end of a file that does not end with a newline. */
  readonly end: string;
}

/** The text after the edit; the same text when nothing is to be done. @throws RefusedError when it is not clear which line is meant */
export function editLines(text: string, path: string, edit: LineEdit): string {
  const lines = splitLines(text);
  return printLines(edit.kind === 'put' ? put(lines, path, edit) : lines.filter(line => !isMeant(line, edit)));
}

function put(lines: readonly Line[], path: string, edit: Extract<LineEdit, { kind: 'put' }>): readonly Line[] {
  const meant = lines.flatMap((line, i) => (isMeant(line, edit) ? [i] : []));
  const [first, second] = meant;
  if (first === undefined) return insert(lines, placeFor(lines, path, edit.after), edit.line);
  if (meant.every(i => lines[i]?.text === edit.line)) return lines;
  if (second !== undefined) {
    throw new RefusedError(`${path} has ${meant.length} lines that match (${meant.map(i => i + 1).join(', ')}); it is not clear which one to replace`, 'make `match` more exact, or remove the others first with state: \'absent\'');
  }
  return lines.map((line, i) => (i === first ? { ...line, text: edit.line } : line));
}

function placeFor(lines: readonly Line[], path: string, after: RegExp | undefined): number {
  if (after === undefined) return lines.length;
  const last = lines.findLastIndex(line => isMatch(after, line.text));
  if (last === -1) throw new RefusedError(`${path} has no line that matches ${String(after)}, after which the line is to stand`);
  return last + 1;
}

function insert(lines: readonly Line[], at: number, text: string): Line[] {
  const end = lines.find(line => line.end !== '')?.end ?? '\n';
  // What stands before the new line needs an end; at the end of the file the new line gets one too.
  const before = lines.slice(0, at).map(line => (line.end === '' ? { ...line, end } : line));
  return [...before, { text, end }, ...lines.slice(at)];
}

function isMeant(line: Line, edit: LineEdit): boolean {
  return line.text === edit.line || (edit.match !== undefined && isMatch(edit.match, line.text));
}

/** Without the flags that make a match depend on the one before. */
function isMatch(pattern: RegExp, text: string): boolean {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(text);
}

function splitLines(text: string): Line[] {
  return Array.from(text.matchAll(/([^\n]*?)(\r?\n|$)/g), ([, line = '', end = '']) => ({ text: line, end })).filter(line => line.text !== '' || line.end !== '');
}

function printLines(lines: readonly Line[]): string {
  return lines.map(line => line.text + line.end).join('');
}
