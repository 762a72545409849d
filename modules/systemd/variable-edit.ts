/** Edits of one environment variable where it is set, all other bytes kept. What comes out is parsed again and compared with what was meant. */
import { RefusedError } from '../../core/errors';
import { resolveTexts, type Effective, type UnitTexts } from './effective';
import { otherParts, textAt, withText, type TextEdit } from './flag-edit';
import { lineOf, splice } from './text';
import { textOf } from './unit-file';

/** A variable and its value, taken literally. */
export interface VariableWish {
  /** `ETCD_INITIAL_CLUSTER` */
  readonly variable: string;
  /** Text that needs no quotes anywhere: letters, digits and `. , : = / _ @ + [ ] -`. */
  readonly value: string;
}

/**
 * The edit that gives a variable its value, `undefined` when it has it already.
 * @throws RefusedError naming unit, file and variable where it is not set, or the edit would not parse back
 */
export function editVariable(texts: UnitTexts, { variable: name, value }: VariableWish): TextEdit | undefined {
  const before = resolveTexts(texts);
  const variable = before.variables.get(name);
  const [first, last] = [variable?.value[0], variable?.value.at(-1)];
  if (variable === undefined || first === undefined || last === undefined) throw new RefusedError(`${texts.unit} does not set ${name}, so it cannot be edited`);
  const from = textOf(variable.value);
  if (from === value) return undefined;
  if (!/^[\w.,:=/@+[\]-]*$/.test(value)) throw new RefusedError(`${variable.file}:${variable.line}: "${value}" would need quotes in ${name}; edit it by hand`);
  const text = textAt(texts, variable.file);
  const after = splice(text, [{ start: first.start, end: last.end, text: value }]);
  const wanted = { ...summary(before), [name]: value };
  const edited = withText(texts, variable.file, after);
  const same = JSON.stringify(wanted) === JSON.stringify(summary(resolveTexts(edited))) && otherParts(texts, variable.file, text) === otherParts(texts, variable.file, after);
  if (!same) throw new RefusedError(`${variable.file}:${variable.line}: ${name} cannot be edited: what systemd would read from the edited file is not what was meant; edit it by hand`);
  return { path: variable.file, line: lineOf(text, first.start), before: text, after, from, to: value };
}

/** All that a unit says but the value of one variable: the other ones, and its command lines. */
function summary({ variables, commands }: Effective): Record<string, unknown> {
  return { ...Object.fromEntries([...variables].map(([name, { value }]) => [name, textOf(value)])), ' ': commands.map(command => [command.program, ...command.args.map(arg => arg.text)]) };
}
