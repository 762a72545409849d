/** Differences of texts for people. */
import { redact } from '../../core/secret';
import type * as DiffLibrary from 'diff';

/** Milliseconds that a difference may take: 5,000 lines that all differ would take seconds. */
const PATIENCE = 500;

/**
 * A unified diff of two contents, secrets masked before they are compared.
 * @param from `undefined` for a file that is not there
 * @returns `undefined` where either side is no text; one line that says so where they differ too much to compare in time
 */
export function textDiff(path: string, from: Buffer | undefined, to: Buffer): string | undefined {
  const [before, after] = [from === undefined ? '' : parseText(from), parseText(to)];
  if (before === undefined || after === undefined) return undefined;
  const patch = library().createTwoFilesPatch('', '', redact(before), redact(after), undefined, undefined, {
    context: 3, timeout: PATIENCE, headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: false },
  });
  const header = `--- ${from === undefined ? '/dev/null' : path}\n+++ ${path}\n`;
  return header + (patch ?? `(too different to compare: ${lineCount(before)} lines are replaced by ${lineCount(after)})\n`);
}

/** The text that bytes hold; `undefined` where they are no UTF-8 or hold control characters, which a terminal would obey. */
export function parseText(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) || !Buffer.from(text).equals(bytes) ? undefined : text;
}

function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
}

/** Loaded when the first file differs. */
function library(): typeof DiffLibrary {
  return require('diff') as typeof DiffLibrary;
}
