/**
 * Where the variables of a host come from, in the one order: `--set`, the `--vars` files (the last one first), the host and its groups in the inventory
 * (`Inventory.origins` has their order), the playbook's default.
 */
import type { z } from 'zod';
import type { Host, Inventory, Setting } from '../inventory/host';
import { fromText } from './from-text';
import { fieldOf, isRecord, shapeOf } from './schema';
import { applySet, type GivenVars, type RawVars } from './set-vars';

/** What an origin is called that is no place in a file. */
export const DEFAULT = 'playbook default';

/** A value on one level, and its place: `--set port`, `site.yml:3`, `hosts.ini:7`. */
export type Level = Pick<Setting, 'value' | 'at'>;

/** What values are looked for in. */
export interface LevelSources {
  readonly inventory: Inventory;
  /** Of names of the schema. */
  readonly given: GivenVars;
}

/** The levels of each name of a schema that has any, the one that counts first. @throws UsageError for a `--set` that cannot be read */
export function levelsOf(schema: z.ZodType, host: Host, { inventory, given }: LevelSources): ReadonlyMap<string, readonly Level[]> {
  const fields = Object.entries(shapeOf(schema) ?? {});
  const origins = new Map(inventory.origins(host).map(({ name, values }) => [name, values]));
  const below = new Map(fields.map(([name, field]) => [name, [
    ...given.files.filter(variable => variable.name === name).reverse(),
    ...(origins.get(name) ?? []).map(set => ({ at: set.at, value: meant(field, set) })),
    ...defaultOf(field),
  ]] as const));
  const levels = given.sets.reduce((all, set) => withSet(schema, all, set), below);
  return new Map([...levels].filter(([, found]) => found.length > 0));
}

/** The raw values that count; the schema knows its defaults itself. */
export function rawOf(levels: ReadonlyMap<string, readonly Level[]>): RawVars {
  return Object.fromEntries([...levels].flatMap(([name, [first]]) => (first === undefined || first.at === DEFAULT ? [] : [[name, first.value]])));
}

type Levels = Map<string, readonly Level[]>;

/** A dotted name changes one part of what the level below says. */
function withSet(schema: z.ZodType, levels: Levels, set: GivenVars['sets'][number]): Levels {
  const [name = ''] = set.path;
  const below = levels.get(name) ?? [];
  const value = applySet(schema, rawOf(new Map([[name, below]])), set)[name];
  return new Map([...levels, [name, [{ value, at: `--set ${set.path.join('.')}` }, ...below]]]);
}

function defaultOf(field: z.ZodType): readonly Level[] {
  const { fallback } = fieldOf(field);
  return fallback === undefined ? [] : [{ value: fallback, at: DEFAULT }];
}

/** What INI has written as a literal is read by the type of the variable: a version 1.20 is no number where a text is wanted. */
function meant(field: z.ZodType, { value, text }: Setting): unknown {
  if (text === undefined || value === null || Array.isArray(value) || isRecord(value)) return value;
  try {
    if (typeof value === 'string') return fromText(field, value);
    return field.safeParse(value).success ? value : fromText(field, text);
  } catch {
    // No JSON where an object or a list is wanted: the schema says so, with the place.
    return value;
  }
}
