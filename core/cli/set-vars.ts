/** `--set name=value` and `--vars FILE`: texts and files become the raw values that a playbook's schema then parses. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError, messageOf } from '../errors';
import { MASK } from '../secret';
import { parseVarsFile } from '../yaml';
import { didYouMean } from '../suggest';
import { fromText } from './from-text';
import { isOpen, isRecord, itemsOf, shapeOf } from './schema';
import { soundsSecret } from './secret-names';

/** Raw values by name. */
export type RawVars = Readonly<Record<string, unknown>>;

/** A variable out of a `--vars` file; `at` is its place, `site.yml:3`. */
export interface FileVar { readonly name: string; readonly value: unknown; readonly at: string }

/** One `--set`: the names between the dots, and the text behind the `=`. */
export interface SetVar { readonly path: readonly string[]; readonly text: string }

/** What the command line gave, in its order. */
export interface GivenVars { readonly files: readonly FileVar[]; readonly sets: readonly SetVar[] }

/** Reads both. @throws UsageError for a file that cannot be read, and for a `--set` without `=` */
export function readGiven(files: readonly string[], sets: readonly string[]): GivenVars {
  return { files: files.flatMap(readVars), sets: sets.map(readSet) };
}

/**
 * The raw values of a run: files in their order, then `--set` in theirs; what comes later wins.
 * @throws UsageError for a `--set` of a name that the playbook does not have, or that should be JSON and is none
 */
export function collectVars(schema: z.ZodType | undefined, { files, sets }: GivenVars): RawVars {
  const fromFiles: RawVars = Object.fromEntries(files.map(({ name, value }) => [name, value]));
  return sets.reduce((raw, set) => applySet(schema, raw, set), fromFiles);
}

/** The values with one `--set` laid over them; a dotted name changes a part of what is there. @throws UsageError as `collectVars`, and where what is there has no parts */
export function applySet(schema: z.ZodType | undefined, raw: RawVars, { path, text }: SetVar): RawVars {
  const target = schemaAt(schema, path);
  try {
    return put(raw, path, target === undefined ? text : fromText(target, text));
  } catch (error) {
    // What JSON.parse says repeats a piece of the text.
    throw new UsageError(`--set ${path.join('.')}=${path.some(soundsSecret) ? `${MASK} cannot be read` : `${text} ${messageOf(error)}`}`);
  }
}

function readVars(file: string): readonly FileVar[] {
  if (!existsSync(file)) throw new UsageError(`--vars ${file}: there is no such file`);
  try {
    return parseVarsFile(readFileSync(file, 'utf8')).map(({ name, value, line }) => ({ name, value, at: `${file}:${line}` }));
  } catch (error) {
    throw new UsageError(`--vars ${file}: ${messageOf(error)}`);
  }
}

function readSet(given: string): SetVar {
  const [, name, text] = /^([^=\s]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || text === undefined) throw new UsageError(`--set ${given}: write name=value`);
  return { path: name.split('.'), text };
}

function put(raw: RawVars, [first = '', ...rest]: readonly string[], value: unknown): RawVars {
  if (rest.length === 0) return { ...raw, [first]: value };
  const inner = raw[first] ?? {};
  if (!isRecord(inner)) throw new TypeError(`is a part of ${first}, and the value of ${first} that it would change is no object`);
  return { ...raw, [first]: put(inner, rest, value) };
}

/** The schema of a dotted name. @throws UsageError with "did you mean" for a name that is not there */
function schemaAt(schema: z.ZodType | undefined, path: readonly string[]): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema ?? z.strictObject({});
  for (const [i, name] of path.entries()) {
    const shape = shapeOf(at);
    const next: z.ZodType | undefined = shape?.[name] ?? itemsOf(at);
    if (next === undefined) {
      if (shape !== undefined && isOpen(at)) return undefined;
      throw new UsageError(`--set ${path.join('.')}: ${unknownName(path.slice(0, i), name, shape && Object.keys(shape))}`);
    }
    at = next;
  }
  return at;
}

/** A sentence for a variable that the playbook does not have. @param under the names that lead to it. @param known those that are there; `undefined` below what is no object */
export function unknownName(under: readonly string[], name: string, known: readonly string[] | undefined): string {
  if (under.length > 0 && known === undefined) return `the variable "${under.join('.')}" is no object, it has no "${name}"`;
  if (known === undefined || known.length === 0) return `there is no variable "${name}"; the playbook takes none`;
  const prefix = under.map(part => `${part}.`).join('');
  const near = didYouMean(name, known);
  return `there is no variable "${prefix}${name}"${near === '' ? `; there are ${known.map(one => prefix + one).join(', ')}` : near.replace('"', `"${prefix}`)}`;
}
