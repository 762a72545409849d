/** `--set name=value` and `--vars FILE`: texts and files become the raw values that a playbook's schema then parses. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError, messageOf } from '../errors';
import { parseVarsFile } from '../yaml';
import { didYouMean } from '../suggest';
import { readFlag } from '../vars';
import { asSchema, fieldOf, isOpen, isRecord, itemsOf, shapeOf } from './schema';

/** Raw values by name. */
export type RawVars = Readonly<Record<string, unknown>>;

/**
 * The raw values of a run: files in their order, then `--set` in theirs; what comes later wins.
 * @throws UsageError for a file that cannot be read, a `--set` without `=`, a name that the playbook does not have
 */
export function collectVars(schema: z.ZodType | undefined, files: readonly string[], sets: readonly string[]): RawVars {
  let raw: RawVars = {};
  for (const file of files) raw = { ...raw, ...readVars(file) };
  for (const text of sets) raw = applySet(schema, raw, text);
  return raw;
}

function readVars(file: string): RawVars {
  if (!existsSync(file)) throw new UsageError(`--vars ${file}: there is no such file`);
  try {
    return Object.fromEntries(parseVarsFile(readFileSync(file, 'utf8')).map(entry => [entry.name, entry.value]));
  } catch (error) {
    throw new UsageError(`--vars ${file}: ${messageOf(error)}`);
  }
}

function applySet(schema: z.ZodType | undefined, raw: RawVars, text: string): RawVars {
  const [, name, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`--set ${text}: write name=value`);
  const target = schemaAt(schema, name);
  return put(raw, name.split('.'), target === undefined ? value : fromText(target, value, name));
}

function put(raw: RawVars, [first = '', ...rest]: readonly string[], value: unknown): RawVars {
  if (rest.length === 0) return { ...raw, [first]: value };
  const inner = raw[first];
  return { ...raw, [first]: put(isRecord(inner) ? inner : {}, rest, value) };
}

/** The schema of a dotted name. @throws UsageError with "did you mean" for a name that is not there */
function schemaAt(schema: z.ZodType | undefined, dotted: string): z.ZodType | undefined {
  const path = dotted.split('.');
  let at: z.ZodType | undefined = schema ?? z.strictObject({});
  for (const [i, name] of path.entries()) {
    const shape = shapeOf(at);
    const next: z.ZodType | undefined = shape?.[name] ?? itemsOf(at);
    if (next === undefined) {
      if (shape !== undefined && isOpen(at)) return undefined;
      throw new UsageError(`--set ${dotted}: ${unknownName(path.slice(0, i), name, shape)}`);
    }
    at = next;
  }
  return at;
}

/** A sentence for a variable that the playbook does not have. @param under the names that lead to it */
export function unknownName(under: readonly string[], name: string, shape: RawVars | undefined): string {
  const known = Object.keys(shape ?? {});
  if (under.length > 0 && shape === undefined) return `the variable "${under.join('.')}" is no object, it has no "${name}"`;
  if (known.length === 0) return `there is no variable "${name}"; the playbook takes none`;
  const prefix = under.map(part => `${part}.`).join('');
  const near = didYouMean(name, known);
  return `there is no variable "${prefix}${name}"${near === '' ? `; there are ${known.map(one => prefix + one).join(', ')}` : near.replace('"', `"${prefix}`)}`;
}

/** The value that a text of the command line stands for, by the schema that it is meant for; zod judges it afterwards. */
function fromText(schema: z.ZodType, text: string, name: string): unknown {
  const { bare, kind, nullable } = fieldOf(schema);
  if (nullable && text === 'null') return null;
  if (kind === 'hosts' || kind === 'names') return text.startsWith('[') && text.endsWith(']') && !text.includes(':') ? readJson(text, name) : text;
  if (kind !== undefined) return text;
  if (bare instanceof z.ZodNumber) return text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
  if (bare instanceof z.ZodBoolean) return readFlag(text) ?? text;
  if (bare instanceof z.ZodArray) return text.startsWith('[') ? readJson(text, name) : splitItems(text).map(item => fromText(asSchema(bare.element), item, name));
  if (bare instanceof z.ZodObject || bare instanceof z.ZodRecord) return readJson(text, name);
  if (bare instanceof z.ZodLiteral) return [...bare.values].find(value => String(value) === text) ?? text;
  if (bare instanceof z.ZodUnion) return fromAnyOf(bare.options.map(asSchema), text, name);
  if (bare instanceof z.ZodUnknown || bare instanceof z.ZodAny) return jsonOr(text);
  return text;
}

function fromAnyOf(options: readonly z.ZodType[], text: string, name: string): unknown {
  for (const option of options) {
    const value = jsonRefused(option, text) ? text : fromText(option, text, name);
    if (option.safeParse(value).success) return value;
  }
  return text;
}

/** An object is only tried for what looks like one. */
function jsonRefused(schema: z.ZodType, text: string): boolean {
  const { bare } = fieldOf(schema);
  return (bare instanceof z.ZodObject || bare instanceof z.ZodRecord) && !text.startsWith('{');
}

function splitItems(text: string): readonly string[] {
  return text.split(',').map(item => item.trim()).filter(item => item !== '');
}

function readJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--set ${name}=${text} is no JSON: ${messageOf(error)}`);
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
