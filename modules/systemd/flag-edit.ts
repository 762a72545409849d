/**
 * Edits of one flag in the place where it really is, all other bytes kept. What comes out is parsed again and compared with what was
 * meant; an edit that does not come out so is refused.
 */
import { RefusedError } from '../../core/errors';
import { resolveTexts, type Effective, type SourceText, type UnitTexts } from './effective';
import { parseEnvironmentFile } from './env-file';
import { flagName, flagsOf, type ExecArgument, type ExecCommand, type FlagUse } from './exec';
import { removal, addition } from './flag-place';
import { lineOf, splice, type Splice } from './text';
import { parseUnitFile, type PlacedChar, type UnitEntry } from './unit-file';

/** What a flag should be: a value taken literally, `true` for a flag without a value (or `=true`), `false` for `=false`, or absent. */
export interface FlagWish {
  /** `--etcd-servers`; one dash or two are the same. */
  readonly flag: string;
  readonly value: string | boolean | undefined;
}

/** A new text for one file. */
export interface TextEdit {
  readonly path: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The value before and after, `null` where it is not given; a flag without a value is `true`. */
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The edit that makes a flag as wished, `undefined` when it is so already.
 * @throws RefusedError naming unit, file and flag where it is given twice, the unit runs a shell, or the edit would not parse back
 */
export function editFlag(texts: UnitTexts, wish: FlagWish): TextEdit | undefined {
  const before = resolveTexts(texts);
  const command = theCommand(texts, before, wish);
  const uses = flagsOf(command).filter(use => use.name === flagName(wish.flag));
  const [use, second] = uses;
  if (use !== undefined && second !== undefined) {
    throw new RefusedError(`${wish.flag} is given twice in ${texts.unit}: ${placeOf(texts, use)} and ${placeOf(texts, second)}; remove one of them`);
  }
  if (isAsWished(use, wish)) return undefined;
  const target = use === undefined
    ? { file: command.file, splice: addition(textAt(texts, command.file), command, written(wish)) }
    : wish.value === undefined ? removeUse(texts, command, use) : setUse(texts, use, wish);
  const text = textAt(texts, target.file);
  const after = splice(text, [target.splice]);
  assertMeant({ texts, wish, before, use, path: target.file, after });
  const from = use === undefined ? null : use.value ?? 'true';
  return { path: target.file, line: lineOf(text, target.splice.start), before: text, after, from, to: wish.value === undefined ? null : String(wish.value) };
}

function theCommand(texts: UnitTexts, effective: Effective, wish: FlagWish): ExecCommand {
  const [command, other] = effective.commands;
  if (command === undefined) throw new RefusedError(`${texts.unit} has no ExecStart= that can be read, so ${wish.flag} cannot be edited`);
  if (other !== undefined) throw new RefusedError(`${texts.unit} has more than one ExecStart= command, so it is not clear where ${wish.flag} belongs`);
  if (/(?:^|\/)(?:ba|da|z|k|a)?sh$/.test(command.program) && command.args.some(arg => /^-[a-z]*c$/.test(arg.text))) {
    throw new RefusedError(`${texts.unit} runs a shell (${command.program} -c ...), so ${wish.flag} cannot be edited safely`, 'Start the program directly in ExecStart=.');
  }
  return command;
}

function isAsWished(use: FlagUse | undefined, wish: FlagWish): boolean {
  if (use === undefined || wish.value === undefined) return use === undefined && wish.value === undefined;
  if (use.valueChars.some(placed => placed.specifier === true)) return false;
  return typeof wish.value === 'boolean' ? (use.value ?? 'true') === String(wish.value) : use.value === wish.value;
}

/** The flag as it is added. */
function written(wish: FlagWish): string {
  const flag = wish.flag.startsWith('-') ? wish.flag : `--${wish.flag}`;
  return wish.value === true ? flag : `${flag}=${inUnit(String(wish.value))}`;
}

/** Text for an ExecStart= such that systemd reads it as it is meant: no specifier, variable, escape, quote or blank in it. */
function inUnit(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll(/["']/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return escaped.replaceAll(' ', String.raw`\x20`).replaceAll('\t', String.raw`\t`).replaceAll('\n', String.raw`\n`);
}

interface Target {
  readonly file: string;
  readonly splice: Splice;
}

function removeUse(texts: UnitTexts, command: ExecCommand, use: FlagUse): Target {
  const { file } = use.nameArg.word;
  const found = removal(textAt(texts, file), command, use);
  if (found === undefined) throw new RefusedError(`${placeOf(texts, use)}: ${use.nameArg.text} cannot be removed: a comment or another word would go with it`);
  return { file, splice: found };
}

function setUse(texts: UnitTexts, use: FlagUse, wish: FlagWish): Target {
  const value = String(wish.value);
  const first = use.valueChars[0];
  const last = use.valueChars.at(-1);
  if (first === undefined || last === undefined) return setEmpty(texts, use, value);
  const oneVariable = use.valueChars.every(placed => placed.via?.start === first.via?.start && placed.file === first.file);
  const from = oneVariable ? first : first.via ?? first;
  const to = oneVariable ? last : last.via ?? last;
  if (from.file !== to.file) throw new RefusedError(`${placeOf(texts, use)}: the value of ${wish.flag} is put together from several files; edit it by hand`);
  return { file: from.file, splice: { start: from.start, end: to.end, text: isEnvironmentFile(texts, from.file) ? value : inUnit(value) } };
}

/** A flag whose value is empty or that has none: the value goes right behind its last character, or between the quotes of its own word. */
function setEmpty(texts: UnitTexts, use: FlagUse, value: string): Target {
  if (use.valueArg !== undefined && use.valueArg.variables.length > 0 && use.valueArg.word.chars.some(placed => placed.char === '$')) {
    throw new RefusedError(`${placeOf(texts, use)}: the value of ${use.nameArg.text} comes from \${${use.valueArg.variables.join('}, ${')}}, which is empty or not set`);
  }
  const { file } = use.nameArg.word;
  const text = isEnvironmentFile(texts, file) ? value : inUnit(value);
  if (use.valueArg !== undefined && use.valueArg !== use.nameArg) {
    const at = use.valueArg.word.start + 1;
    return { file: use.valueArg.word.file, splice: { start: at, end: at, text } };
  }
  const end = use.nameArg.chars.at(-1)?.end ?? use.nameArg.word.end;
  return { file, splice: { start: end, end, text: use.value === undefined ? `=${text}` : text } };
}

interface Meant {
  readonly texts: UnitTexts;
  readonly wish: FlagWish;
  readonly before: Effective;
  readonly use: FlagUse | undefined;
  readonly path: string;
  readonly after: string;
}

/** Parses the edited text and compares: the command as it was but for this flag, and nothing else changed. */
function assertMeant({ texts, wish, before, use, path, after }: Meant): void {
  const edited = withText(texts, path, after);
  const command = before.commands[0];
  const got = resolveTexts(edited).commands;
  const wanted = [...(command?.args ?? []).flatMap(arg => wantedArg(arg, use, wish)), ...(use === undefined ? [plain(wish)] : [])];
  const same = got.length === 1 && got[0]?.program === command?.program && got[0]?.prefixes === command?.prefixes
    && sameTexts(got[0]?.args.map(literal) ?? [], wanted);
  if (same && otherParts(texts, path, textAt(texts, path)) === otherParts(texts, path, after)) return;
  throw new RefusedError(`${path}: ${wish.flag} cannot be edited: what systemd would read from the edited file is not what was meant; edit it by hand`);
}

function wantedArg(arg: ExecArgument, use: FlagUse | undefined, wish: FlagWish): readonly string[] {
  if (use === undefined || (arg !== use.nameArg && arg !== use.valueArg)) return [literal(arg)];
  if (wish.value === undefined) return [];
  if (arg !== use.valueArg) return use.valueArg === undefined ? [`${literal(arg)}=${String(wish.value)}`] : [literal(arg)];
  return [arg === use.nameArg ? `${arg.text.slice(0, arg.text.indexOf('=') + 1)}${String(wish.value)}` : String(wish.value)];
}

function plain(wish: FlagWish): string {
  const flag = wish.flag.startsWith('-') ? wish.flag : `--${wish.flag}`;
  return wish.value === true ? flag : `${flag}=${String(wish.value)}`;
}

/** An argument's text in which a specifier differs from the same characters taken literally. */
function literal(arg: ExecArgument): string {
  return arg.chars.map((placed: PlacedChar) => placed.specifier === true ? `\0${placed.char}` : placed.char).join('');
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** Everything of a file but the values that an edit may touch: kinds, sections and keys in order, or names of variables. */
export function otherParts(texts: UnitTexts, path: string, text: string): string {
  if (isEnvironmentFile(texts, path)) return parseEnvironmentFile(path, text).map(variable => variable.name).join('\n');
  const part = (entry: UnitEntry): string => entry.kind === 'assignment' ? `${entry.section} ${entry.key}` : text.slice(entry.start, entry.end);
  return parseUnitFile(path, text).entries.map(part).join('\n');
}

/** The same texts with another one for this file. */
export function withText(texts: UnitTexts, path: string, text: string): UnitTexts {
  const replace = (file: SourceText): SourceText => file.path === path ? { path, text } : file;
  return { ...texts, files: texts.files.map(replace), environmentFiles: texts.environmentFiles.map(replace) };
}

function isEnvironmentFile(texts: UnitTexts, path: string): boolean {
  return texts.environmentFiles.some(file => file.path === path);
}

/** The text of one of a unit's files. */
export function textAt(texts: UnitTexts, path: string): string {
  return [...texts.files, ...texts.environmentFiles].find(file => file.path === path)?.text ?? '';
}

function placeOf(texts: UnitTexts, use: FlagUse): string {
  const { file, start } = use.nameArg.word;
  return `${file}:${lineOf(textAt(texts, file), start)}`;
}
