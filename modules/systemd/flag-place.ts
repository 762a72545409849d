/** Where a flag is taken out of a command line, or put into one, so that the rest of the text stays as it is. */
import { RefusedError } from '../../core/errors';
import type { ExecCommand, FlagUse } from './exec';
import type { Splice } from './text';
import { textOf } from './unit-file';
import type { Word } from './words';

/**
 * The piece of text to delete so that a flag (and its value's word) is gone and the line still reads on; `undefined` where a comment or
 * another word would go with it.
 */
export function removal(text: string, command: ExecCommand, use: FlagUse): Splice | undefined {
  const own = use.nameArg.word;
  const end = (use.valueArg ?? use.nameArg).word;
  if (own.file !== end.file) return undefined;
  const siblings = siblingsOf(command, use);
  const before = siblings[siblings.indexOf(own) - 1];
  const after = siblings[siblings.indexOf(end) + 1];
  const candidates = [
    wholeLines(text, own.start, end.end),
    before === undefined ? undefined : { start: before.end, end: end.end, text: '' },
    after === undefined ? undefined : { start: own.start, end: after.start, text: '' },
    { start: own.start, end: end.end, text: '' },
  ];
  return candidates.find(candidate => candidate !== undefined && !/\n[ \t]*[#;]/.test(text.slice(candidate.start, candidate.end)));
}

/** The words that a flag stands among: those of the unit, or those of the variable's value that it comes from. */
function siblingsOf(command: ExecCommand, use: FlagUse): readonly Word[] {
  if (command.words.includes(use.nameArg.word)) return command.words;
  const variable = use.nameArg.variables[0];
  return command.args.filter(arg => !command.words.includes(arg.word) && arg.variables[0] === variable).map(arg => arg.word);
}

/** The lines of a flag that has them for itself and is followed by others: nothing is left behind, and comments around it stay. */
function wholeLines(text: string, start: number, end: number): Splice | undefined {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const rest = /^[ \t]*\\(?:\r\n|\n)/.exec(text.slice(end))?.[0];
  if (rest === undefined || text.slice(from, start).trim() !== '') return undefined;
  return { start: from, end: end + rest.length, text: '' };
}

/**
 * Puts an argument behind the last one, in the manner of the line: on a line of its own where the last one has its own.
 * @throws RefusedError where a `--` ends the flags
 */
export function addition(text: string, command: ExecCommand, argument: string): Splice {
  const last = command.words.at(-1);
  const before = command.words.at(-2);
  if (last === undefined || command.words.some(word => textOf(word.chars) === '--')) {
    throw new RefusedError(`${command.file}: ${argument} cannot be added behind "--"; add it by hand`);
  }
  const gap = before === undefined ? ' ' : text.slice(before.end, last.start);
  const continued = /[ \t]*\\(\r\n|\n)(?:.*\n)*([ \t]*)$/.exec(gap);
  const lead = continued === null ? ' ' : ` \\${continued[1] ?? '\n'}${continued[2] ?? ''}`;
  return { start: last.end, end: last.end, text: `${lead}${argument}` };
}
