/** What the command line needs to know of a zod schema: the field behind its wrappers, and its fields. */
import { z } from 'zod';
import { kindOf, type VarKind } from '../vars';

/** A schema with its wrappers taken off. */
export interface Field {
  /** The schema behind `optional`, `default`, `nullable` and the like. */
  readonly bare: z.ZodType;
  readonly kind: VarKind | undefined;
  readonly optional: boolean;
  readonly nullable: boolean;
  /** The default; `undefined` where there is none. */
  readonly fallback: unknown;
  /** The default is an input, so it is parsed like a value that was given. */
  readonly fallbackIsInput: boolean;
  readonly description: string | undefined;
}

/** Takes the wrappers off. */
export function fieldOf(schema: z.ZodType): Field {
  const found = { optional: false, nullable: false, fallback: undefined as unknown, fallbackIsInput: false, description: undefined as string | undefined };
  let at = schema;
  for (;;) {
    found.description ??= at.description;
    const kind = kindOf(at);
    if (kind !== undefined) return { ...found, bare: at, kind };
    if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault) {
      found.optional = true;
      found.fallback ??= at.def.defaultValue;
      found.fallbackIsInput = at instanceof z.ZodPrefault;
    } else if (at instanceof z.ZodOptional) found.optional = true;
    else if (at instanceof z.ZodNullable) found.nullable = true;
    const inner = innerOf(at);
    if (inner === undefined) return { ...found, bare: at, kind: undefined };
    at = inner;
  }
}

/** The fields of an object, `undefined` for what is none. */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const { bare } = fieldOf(schema);
  return bare instanceof z.ZodObject ? Object.fromEntries(Object.entries(bare.shape).map(([name, field]) => [name, asSchema(field)])) : undefined;
}

/** May the object hold names that it does not list? Without `catchall` zod would drop them in silence. */
export function isOpen(schema: z.ZodType): boolean {
  const { bare } = fieldOf(schema);
  if (!(bare instanceof z.ZodObject)) return true;
  const rest: unknown = bare.def.catchall;
  return rest !== undefined && !(rest instanceof z.ZodNever);
}

/** The schema of a list's items or of a record's values. */
export function itemsOf(schema: z.ZodType): z.ZodType | undefined {
  const { bare } = fieldOf(schema);
  if (bare instanceof z.ZodArray) return asSchema(bare.element);
  if (bare instanceof z.ZodRecord) return asSchema(bare.valueType);
  return undefined;
}

/** A plain object, as JSON and YAML make them. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function innerOf(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable
    || schema instanceof z.ZodReadonly || schema instanceof z.ZodCatch || schema instanceof z.ZodNonOptional) return asSchema(schema.def.innerType);
  // z.preprocess is a pipe whose first half is a function; of any other pipe the first half says what goes in.
  if (schema instanceof z.ZodPipe) return asSchema(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  return undefined;
}

/** The schema of a playbook's variables. */
export function varsOf(playbook: { readonly vars?: z.core.$ZodType }): z.ZodType | undefined {
  return playbook.vars && asSchema(playbook.vars);
}

/** Zod's own types for what lies inside a schema name the core interface; every schema is of the full one. */
export function asSchema(schema: unknown): z.ZodType {
  return schema as z.ZodType;
}
