/** The variables of a playbook, for `run PLAYBOOK --help`. */
import { z } from 'zod';
import type { VarKind } from '../vars';
import { asSchema, fieldOf, shapeOf } from './schema';

/** One variable. */
export interface VarRow {
  /** Dotted, as `--set` takes it. */
  readonly name: string;
  readonly type: string;
  /** As text; `undefined` where there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly description: string;
}

/** One row for each variable; the fields of an object have a row each. */
export function describeVars(schema: z.ZodType | undefined, prefix = ''): readonly VarRow[] {
  const shape = schema === undefined ? undefined : shapeOf(schema);
  return Object.entries(shape ?? {}).flatMap(([key, field]) => {
    const name = prefix + key;
    if (shapeOf(field) !== undefined) return describeVars(field, `${name}.`);
    const { optional, fallback, description = '' } = fieldOf(field);
    return [{ name, type: typeName(field), default: fallback === undefined ? undefined : textOf(fallback), required: !optional, description }];
  });
}

const KIND_NAMES: Readonly<Record<VarKind, string>> = { hosts: 'hosts', host: 'host', names: 'names', flag: 'yes or no', duration: 'time', secret: 'secret' };

function typeName(schema: z.ZodType): string {
  const { bare, kind, nullable } = fieldOf(schema);
  if (kind !== undefined) return KIND_NAMES[kind];
  return bareName(bare) + (nullable ? ' or null' : '');
}

function bareName(bare: z.ZodType): string {
  if (bare instanceof z.ZodBoolean) return 'yes or no';
  if (bare instanceof z.ZodEnum) return bare.options.join(' | ');
  if (bare instanceof z.ZodLiteral) return [...bare.values].map(String).join(' | ');
  if (bare instanceof z.ZodUnion) return bare.options.map(option => typeName(asSchema(option))).join(' | ');
  if (bare instanceof z.ZodArray) return `list of ${typeName(asSchema(bare.element))}`;
  if (bare instanceof z.ZodRecord) return `names to ${typeName(asSchema(bare.valueType))}`;
  return bare.def.type;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
