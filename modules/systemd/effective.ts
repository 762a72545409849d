/**
 * What a unit says in the end: its file and drop-ins read in order, resets and variables applied.
 * @see systemd.unit(5), systemd.exec(5)
 */
import { parseEnvironmentFile, type Variable } from './env-file';
import { parseExec, type ExecCommand } from './exec';
import { lineOf } from './text';
import { assignmentsOf, parseUnitFile, textOf, type Assignment, type UnitFile } from './unit-file';
import { instanceOf } from './unit-name';
import { markSpecifiers, splitWords } from './words';

/** A file that `EnvironmentFile=` names. */
export interface EnvironmentFileRef {
  /** Absolute path; may hold `*`, `?`, `[...]`. */
  readonly path: string;
  /** A missing file is no error (`EnvironmentFile=-/path`). */
  readonly optional: boolean;
}

/** A text on the host. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** The texts that a unit is made of. */
export interface UnitTexts {
  readonly unit: string;
  /** The unit's file, then its drop-ins in order. */
  readonly files: readonly SourceText[];
  /** The files named by `EnvironmentFile=` that are there, in order. */
  readonly environmentFiles: readonly SourceText[];
}

/** What a unit says in the end. */
export interface Effective {
  readonly commands: readonly ExecCommand[];
  /** Variables that the unit sets, the last value of each. */
  readonly variables: ReadonlyMap<string, Variable>;
}

/** The files that `EnvironmentFile=` names, in order, after resets. @param files the unit's file, then its drop-ins in order */
export function environmentFilesOf(unit: string, files: readonly UnitFile[]): readonly EnvironmentFileRef[] {
  return afterReset(files, 'Service', 'EnvironmentFile').map(({ value }) => {
    const written = expandSpecifiers(unit, textOf(value));
    return { path: written.replace(/^-/, ''), optional: written.startsWith('-') };
  });
}

/** The texts put together. */
export function resolveTexts(texts: UnitTexts): Effective {
  return effectiveOf(texts.unit, texts.files.map(file => parseUnitFile(file.path, file.text)), texts.environmentFiles);
}

/**
 * Puts a unit together.
 * @param files the unit's file, then its drop-ins in order
 * @param environmentFiles their texts in the order in which they are read; missing ones left out
 */
export function effectiveOf(unit: string, files: readonly UnitFile[], environmentFiles: readonly SourceText[]): Effective {
  const variables = new Map<string, Variable>();
  for (const assignment of afterReset(files, 'Service', 'Environment')) {
    for (const variable of inlineVariables(unit, files, assignment)) variables.set(variable.name, variable);
  }
  for (const { path, text } of environmentFiles) {
    for (const variable of parseEnvironmentFile(path, text)) variables.set(variable.name, variable);
  }
  for (const { value } of afterReset(files, 'Service', 'UnsetEnvironment')) {
    for (const word of splitWords(value, 'setting').words) variables.delete(textOf(word.chars));
  }
  const commands = afterReset(files, 'Service', 'ExecStart').flatMap(assignment => parseExec(assignment, variables));
  return { commands, variables };
}

/** The last value of a setting that is no list, `undefined` where none is given. */
export function settingOf(files: readonly UnitFile[], section: string, key: string): string | undefined {
  const last = files.flatMap(file => assignmentsOf(file, section, key)).at(-1);
  return last === undefined ? undefined : textOf(last.value);
}

/** The assignments of a list, those before its last reset (an empty assignment) left out. */
export function afterReset(files: readonly UnitFile[], section: string, key: string): readonly Assignment[] {
  const all = files.flatMap(file => assignmentsOf(file, section, key));
  return all.slice(all.findLastIndex(({ value }) => value.length === 0) + 1);
}

function inlineVariables(unit: string, files: readonly UnitFile[], assignment: Assignment): readonly Variable[] {
  return splitWords(assignment.value, 'setting').words.flatMap(word => {
    const chars = markSpecifiers(word.chars);
    const equals = chars.findIndex(placed => placed.char === '=');
    if (equals < 1) return [];
    const text = files.find(file => file.path === word.file)?.text ?? '';
    const name = expandSpecifiers(unit, textOf(chars.slice(0, equals)));
    return [{ name, value: chars.slice(equals + 1), file: word.file, line: lineOf(text, word.start) }];
  });
}

/** The specifiers that follow from the unit's name; others stay as they are. */
function expandSpecifiers(unit: string, text: string): string {
  const { prefix, instance } = instanceOf(unit);
  const known: Readonly<Record<string, string>> = {
    '%%': '%', '%n': unit, '%N': unit.replace(/\.[a-z]+$/, ''), '%p': prefix, '%i': instance,
  };
  return text.replaceAll(/%[%nNpi]/g, found => known[found] ?? found);
}
