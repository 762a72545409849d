/** Words of a host line, split as Python's shlex does in POSIX mode with comments. @see https://docs.python.org/3/library/shlex.html */

/** The words of one line, quotes taken off. @throws SyntaxError with a sentence when a quote is not closed. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let i = 0;
  while (i < line.length) {
    const letter = line.charAt(i);
    if (letter === '#') break;
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      i += 1;
      continue;
    }
    const piece = pieceAt(line, i);
    word = (word ?? '') + piece.text;
    i = piece.next;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** A quoted part, an escaped letter, or a letter. */
function pieceAt(line: string, start: number): { text: string; next: number } {
  const letter = line.charAt(start);
  if (letter === '\\') {
    if (start + 1 >= line.length) throw new SyntaxError('a backslash at the end of the line escapes nothing');
    return { text: line.charAt(start + 1), next: start + 2 };
  }
  if (letter !== "'" && letter !== '"') return { text: letter, next: start + 1 };
  let text = '';
  for (let i = start + 1; i < line.length; i += 1) {
    const inner = line.charAt(i);
    if (inner === letter) return { text, next: i + 1 };
    // Inside double quotes a backslash escapes only the quote and itself.
    const escapes = letter === '"' && inner === '\\' && /["\\]/.test(line.charAt(i + 1));
    if (escapes) i += 1;
    text += line.charAt(i);
  }
  throw new SyntaxError(`a ${letter} is not closed`);
}
