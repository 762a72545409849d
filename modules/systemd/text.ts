/** Bytes as text and back without losing one, and where a character stands. */

/** A file's text together with what is needed to turn an edited text into bytes again. */
export interface DecodedText {
  readonly text: string;
  /** `latin1` where the bytes are not UTF-8: every byte is then one character, so nothing is lost. */
  readonly encoding: 'utf8' | 'latin1';
}

/** Bytes as text, losslessly. */
export function decodeText(bytes: Buffer): DecodedText {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? { text, encoding: 'utf8' } : { text: bytes.toString('latin1'), encoding: 'latin1' };
}

/** The bytes of a text in the encoding that `decodeText` found. */
export function encodeText(text: string, encoding: DecodedText['encoding']): Buffer {
  return Buffer.from(text, encoding);
}

/** The line, from 1, that holds an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** A replacement of the characters from `start` up to but not including `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the replacements made; all other characters stay. The splices must not overlap. */
export function splice(text: string, splices: readonly Splice[]): string {
  let result = text;
  for (const one of [...splices].sort((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, one.start) + one.text + result.slice(one.end);
  }
  return result;
}
