/**
 * Command lines of a unit: prefixes, program and arguments, variables filled in, each argument still knowing where it is written.
 * @see systemd.service(5), "Command lines"
 */
import type { Variable } from './env-file';
import { textOf, type Assignment, type PlacedChar, type Span } from './unit-file';
import { markSpecifiers, splitWords, type Word } from './words';

/** An argument as the program gets it; specifiers (`%i`) stand as they are written. */
export interface ExecArgument {
  readonly text: string;
  readonly chars: readonly PlacedChar[];
  /** The word that it is or comes from: in the unit, or in a variable's value where `$VARIABLE` stands for several arguments. */
  readonly word: Word;
  /** Names of the variables that it is made of. */
  readonly variables: readonly string[];
}

/** One command of an `ExecStart=`. */
export interface ExecCommand {
  /** The characters before the program: any of `-@:+!`. */
  readonly prefixes: string;
  readonly program: string;
  /** What stands in the unit, program first, nothing filled in. */
  readonly words: readonly Word[];
  readonly args: readonly ExecArgument[];
  /** The unit file or drop-in that holds it. */
  readonly file: string;
}

/**
 * The commands of one assignment; none when systemd would ignore it.
 * @param variables by name: what `Environment=` and `EnvironmentFile=` set
 */
export function parseExec(assignment: Assignment, variables: ReadonlyMap<string, Variable>): readonly ExecCommand[] {
  const { words, unbalanced } = splitWords(assignment.value, 'setting');
  if (unbalanced) return [];
  return splitCommands(words).flatMap(group => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    const written = textOf(first.chars);
    const prefixes = /^[-@:+!]*/.exec(written)?.[0] ?? '';
    const expand = (word: Word): readonly ExecArgument[] => fillIn(word, prefixes.includes(':') ? undefined : variables);
    return [{ prefixes, program: written.slice(prefixes.length), words: group, args: rest.flatMap(expand), file: first.file }];
  });
}

function splitCommands(words: readonly Word[]): readonly (readonly Word[])[] {
  const groups: Word[][] = [[]];
  for (const word of words) {
    if (word.separator === true) groups.push([]);
    else groups.at(-1)?.push(word);
  }
  return groups;
}

/** A word with its variables filled in: `$NAME` alone becomes any number of arguments, `${NAME}` is put into its own. */
function fillIn(word: Word, variables: ReadonlyMap<string, Variable> | undefined): readonly ExecArgument[] {
  const chars = markSpecifiers(word.chars);
  const text = textOf(chars);
  if (variables === undefined) return [{ text, chars, word, variables: [] }];
  const alone = /^\$(?![{$])(.*)$/s.exec(text)?.[1];
  if (alone !== undefined) {
    const { words } = splitWords(variables.get(alone)?.value ?? [], 'variable');
    return words.map(part => ({ text: textOf(part.chars), chars: part.chars, word: part, variables: [alone] }));
  }
  const used: string[] = [];
  const filled: PlacedChar[] = [];
  let from = 0;
  for (const match of text.matchAll(/\$\$|\$\{([^}]*)\}/g)) {
    filled.push(...charsBetween(chars, from, match.index));
    from = match.index + match[0].length;
    const via = spanOf(charsBetween(chars, match.index, from), word);
    const name = match[1];
    if (name === undefined) filled.push({ ...via, char: '$' });
    else {
      used.push(name);
      filled.push(...(variables.get(name)?.value ?? []).map(placed => ({ ...placed, via })));
    }
  }
  filled.push(...charsBetween(chars, from, text.length));
  return [{ text: textOf(filled), chars: filled, word, variables: used }];
}

/** Characters by the offsets of their text; a code point outside the BMP is one placed character and two units. */
function charsBetween(chars: readonly PlacedChar[], from: number, to: number): readonly PlacedChar[] {
  let offset = 0;
  return chars.filter(placed => {
    const inside = offset >= from && offset < to;
    offset += placed.char.length;
    return inside;
  });
}

function spanOf(chars: readonly PlacedChar[], word: Word): Span {
  return { file: word.file, start: chars[0]?.start ?? word.start, end: chars.at(-1)?.end ?? word.end };
}

/** A flag on a command line. */
export interface FlagUse {
  /** Its name without dashes. */
  readonly name: string;
  /** `undefined` for a flag without a value. */
  readonly value: string | undefined;
  /** The argument that holds its name, and the one that holds its value. */
  readonly nameArg: ExecArgument;
  readonly valueArg: ExecArgument | undefined;
  /** The characters of its value. */
  readonly valueChars: readonly PlacedChar[];
}

/**
 * The flags of a command, in order: `--name=value`, `-name=value`, `--name value`, `--name`. A word after a flag is taken as its value
 * unless it begins with a dash; what follows `--` holds no flags.
 */
export function flagsOf(command: ExecCommand): readonly FlagUse[] {
  const flags: FlagUse[] = [];
  for (let at = 0; at < command.args.length; at += 1) {
    const nameArg = command.args[at];
    if (nameArg === undefined || nameArg.text === '--') break;
    const parts = /^--?([^-=\s][^=\s]*)(=)?/.exec(nameArg.text);
    const name = parts?.[1];
    if (parts === null || name === undefined) continue;
    if (parts[2] !== undefined) {
      const from = parts[0].length;
      const valueChars = charsBetween(nameArg.chars, from, nameArg.text.length);
      flags.push({ name, value: nameArg.text.slice(from), nameArg, valueArg: nameArg, valueChars });
      continue;
    }
    const next = command.args[at + 1];
    const valueArg = next === undefined || next.text.startsWith('-') ? undefined : next;
    if (valueArg !== undefined) at += 1;
    flags.push({ name, value: valueArg?.text, nameArg, valueArg, valueChars: valueArg?.chars ?? [] });
  }
  return flags;
}

/** A flag's name without its dashes, as `flagsOf` gives it. */
export function flagName(spelled: string): string {
  return spelled.replace(/^--?/, '');
}
