/**
 * Kinds of variables that zod does not know: hosts, names, switches, lengths of time, secrets.
 *
 *     vars: z.strictObject({ leaving: hosts().describe('masters that leave'), dead: names().default([]) })
 */
import { z } from 'zod';
import { parseDuration, type Duration } from './duration';
import type { Host } from './inventory/host';
import { Secret } from './secret';

/** What the loader does with a value before zod sees it; kept in the schema's metadata. */
export type VarKind = 'hosts' | 'host' | 'names' | 'flag' | 'duration' | 'secret';

/**
 * Hosts of the inventory, by Ansible patterns: `a,b`, `masters`, `172.72.0.96,172.72.0.97`. Addresses (also `ansible_host`) are matched whole.
 * The value has the order of the inventory, each host once. A name that the inventory does not have, and a pattern that matches
 * no host, are errors; `[]` is an empty list. For a default that is a pattern: `hosts().prefault('masters')`.
 */
export function hosts(): z.ZodType<readonly Host[], string | readonly string[]> {
  return custom<readonly Host[], string | readonly string[]>('hosts', value => Array.isArray(value) && value.every(isHost), 'expected hosts of the inventory');
}

/** One host of the inventory, by name, address, or a pattern that matches just one. */
export function host(): z.ZodType<Host, string> {
  return custom<Host, string>('host', isHost, 'expected one host of the inventory');
}

/** Plain texts that need not be in the inventory: hosts that are gone, say. `a,b` or a list. */
export function names(): z.ZodType<readonly string[], string | readonly string[]> {
  const list = (value: unknown): unknown => (typeof value === 'string' ? value.split(',').map(name => name.trim()).filter(name => name !== '') : value);
  return tagged('names', z.preprocess(list, z.array(z.string().min(1))));
}

/** A switch: true or false, also as `yes`, `no`, `on`, `off`. */
export function flag(): z.ZodType<boolean, boolean | string> {
  return tagged('flag', z.preprocess(value => readFlag(value) ?? value, z.boolean('expected yes or no')));
}

/** A length of time with its unit: `500ms`, `30s`, `10m`, `2h`. */
export function duration(): z.ZodType<Duration, string> {
  return custom<Duration, string>('duration', value => typeof value === 'string' && parseDuration(value) !== undefined, 'expected a length of time such as 500ms, 30s, 10m, 2h');
}

/** A text that nobody may see: the value is a `Secret`, masked in all output, and in templates it makes the whole file one. */
export function secret(): z.ZodType<Secret, string> {
  return custom<Secret, string>('secret', value => value instanceof Secret, 'expected a text');
}

/** The kind that a schema was tagged with above. */
export function kindOf(schema: z.ZodType): VarKind | undefined {
  const kind = schema.meta()?.['runsheet'];
  return KINDS.find(known => known === kind);
}

/** `true` or `false` for a text that says so. */
export function readFlag(value: unknown): boolean | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase();
  return ['true', 'yes', 'on', '1'].includes(text) ? true : ['false', 'no', 'off', '0'].includes(text) ? false : undefined;
}

const KINDS = ['hosts', 'host', 'names', 'flag', 'duration', 'secret'] as const satisfies readonly VarKind[];

/** Zod types the input of a custom check as its output; the loader has turned the one into the other before zod looks. */
function custom<Out, In>(kind: VarKind, check: (value: unknown) => boolean, message: string): z.ZodType<Out, In> {
  return tagged(kind, z.custom<Out>(check, message));
}

/** Zod's core interface: comparing every schema with the whole class takes the type check half a second. */
function tagged<Out, In>(kind: VarKind, schema: z.core.$ZodType<Out>): z.ZodType<Out, In> {
  return (schema as z.ZodType).meta({ runsheet: kind }) as z.ZodType<Out, In>;
}

function isHost(value: unknown): value is Host {
  return typeof value === 'object' && value !== null && 'name' in value && 'connection' in value;
}
