/** From raw values to a playbook's variables: hosts are looked up in the inventory, the rest is judged by the playbook's schema. */
import type { z } from 'zod';
import { messageOf } from '../errors';
import type { Host, Inventory } from '../inventory/host';
import { MASK, Secret } from '../secret';
import { nearest } from '../suggest';
import { fieldOf, isOpen, isRecord, itemsOf, shapeOf, type Field } from './schema';
import { shownValue } from './secret-names';
import { unknownName, type GivenVars, type RawVars } from './set-vars';

export type ParsedVars = { readonly ok: true; readonly vars: unknown } | { readonly ok: false; readonly problems: readonly string[] };

/** What problems say beside variable and value; `name` is that of the whole variable, without dots. */
export interface Telling {
  /** Where its value was set, in brackets for a sentence; nothing where that is plain. */
  readonly place: (name: string) => string;
  /** What is to be done about one that is missing. @param dotted the name of the part that is */
  readonly missing: (name: string, dotted: string) => string;
}

/** For the playbook's own variables. @param given what came from a file has a place; what came from `--set` has just been typed */
export function tellingOf({ files, sets }: GivenVars): Telling {
  const typed = new Set(sets.map(({ path }) => path[0]));
  return {
    place: name => { const at = typed.has(name) ? undefined : files.findLast(variable => variable.name === name)?.at; return at === undefined ? '' : ` (${at})`; },
    missing: (_name, dotted) => `add --set ${dotted}=...`,
  };
}

/**
 * The variables as the playbook gets them, or every problem with them, each one sentence that names variable, value and what is allowed.
 * @param schema the playbook's `vars`, or what it declares for a host; without one it takes no variables
 */
export function parseVars(schema: z.ZodType | undefined, raw: RawVars, inventory: Inventory, telling = tellingOf({ files: [], sets: [] })): ParsedVars {
  if (schema === undefined) {
    const unknown = Object.keys(raw);
    return unknown.length === 0 ? { ok: true, vars: {} } : { ok: false, problems: unknown.map(name => unknownName([], name, undefined)) };
  }
  const look = new Lookup(inventory, telling);
  const resolved = look.resolve(schema, raw, []);
  if (look.problems.length > 0) return { ok: false, problems: look.problems };
  const parsed = schema.safeParse(resolved);
  if (parsed.success) return { ok: true, vars: parsed.data };
  return { ok: false, problems: parsed.error.issues.map(issue => sentenceFor(issue, { schema, raw, telling })) };
}

class Lookup {
  readonly problems: string[] = [];
  constructor(private readonly inventory: Inventory, private readonly telling: Telling) {}

  /** The value with hosts in the place of their names, and secrets in that of their texts. */
  resolve(schema: z.ZodType, given: unknown, path: readonly string[]): unknown {
    const field = fieldOf(schema);
    const value = given === undefined && field.fallbackIsInput ? field.fallback : given;
    if (value === undefined || value === null) return value;
    if (field.kind === 'hosts') return this.#attempt(path, value, () => this.#hosts(value));
    if (field.kind === 'host') return this.#attempt(path, value, () => this.#host(value));
    if (field.kind === 'secret') return typeof value === 'string' ? new Secret(value) : value;
    const shape = shapeOf(schema);
    if (shape !== undefined && isRecord(value)) return this.#object({ schema, shape, value, path });
    const items = itemsOf(schema);
    if (items !== undefined && Array.isArray(value)) return value.map((item, i) => this.resolve(items, item, [...path, String(i)]));
    if (items !== undefined && isRecord(value)) return mapValues(value, (item, name) => this.resolve(items, item, [...path, name]));
    return value;
  }

  #object({ schema, shape, value, path }: { schema: z.ZodType; shape: Readonly<Record<string, z.ZodType>>; value: RawVars; path: readonly string[] }): unknown {
    if (!isOpen(schema)) {
      for (const name of Object.keys(value)) if (!(name in shape)) this.problems.push(`${unknownName(path, name, Object.keys(shape))}${this.telling.place(path[0] ?? name)}`);
    }
    const fields = Object.entries(shape).map(([name, field]) => [name, this.resolve(field, value[name], [...path, name])] as const);
    return { ...value, ...Object.fromEntries(fields.filter(([, found]) => found !== undefined)) };
  }

  #attempt(path: readonly string[], value: unknown, find: () => unknown): unknown {
    try {
      return find();
    } catch (error) {
      this.problems.push(`${start(path, shown(path, value), this.telling)}: ${messageOf(error)}`);
      return value;
    }
  }

  #hosts(value: unknown): readonly Host[] {
    const patterns = typeof value === 'string' ? [value] : value;
    if (!isTexts(patterns)) throw new TypeError('write hosts as a pattern such as a,b or as a list of names');
    const found = new Set(patterns.flatMap(pattern => this.#select(pattern)));
    return this.inventory.hosts.filter(host => found.has(host));
  }

  #host(value: unknown): Host {
    if (typeof value !== 'string') throw new TypeError('write the name of one host');
    const [first, ...others] = this.#select(value);
    if (first === undefined || others.length > 0) throw new RangeError(`it must be one host, and there are ${others.length + 1} of that name`);
    return first;
  }

  #select(pattern: string): readonly Host[] {
    const hosts = this.inventory.select(pattern);
    if (hosts.length === 0) throw new RangeError('no host of the inventory matches it; [] is an empty list');
    return hosts;
  }
}

interface Judged { readonly schema: z.ZodType; readonly raw: RawVars; readonly telling: Telling }

function sentenceFor(issue: z.core.$ZodIssue, { schema, raw, telling }: Judged): string {
  const path = issue.path.map(String);
  const [name = ''] = path;
  if (name === '') return issue.message;
  const value = valueAt(raw, path);
  const field = fieldAt(schema, path);
  if (value === undefined) {
    const dotted = path.join('.');
    return `the variable ${dotted} is missing; ${telling.missing(name, dotted)}${field?.description === undefined ? '' : ` (${field.description})`}`;
  }
  const begun = start(path, field?.kind === 'secret' ? MASK : shown(path, value), telling);
  if (issue.code === 'invalid_value') {
    const near = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined;
    return `${begun} is not allowed; it is one of ${issue.values.map(one => JSON.stringify(one)).join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`;
  }
  return `${begun}: ${issue.message.replace(/^(?:Invalid input|Too small|Too big|Invalid string): /, '')}`;
}

function start(path: readonly string[], value: string, telling: Telling): string {
  return `the variable ${path.join('.')} = ${value}${telling.place(path[0] ?? '')}`;
}

function valueAt(raw: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (Array.isArray(at) ? at[Number(name)] : isRecord(at) ? at[name] : undefined), raw);
}

function fieldAt(schema: z.ZodType, path: readonly string[]): Field | undefined {
  const at = path.reduce<z.ZodType | undefined>((inner, name) => (inner === undefined ? undefined : (shapeOf(inner)?.[name] ?? itemsOf(inner))), schema);
  return at === undefined ? undefined : fieldOf(at);
}

function shown(path: readonly string[], value: unknown): string {
  const text = shownValue(path.join('.'), value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

function mapValues(record: RawVars, turn: (value: unknown, name: string) => unknown): RawVars {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, turn(value, name)]));
}
