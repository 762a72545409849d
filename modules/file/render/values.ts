/** What a template may be given: plain data, copied, so that nothing inherited, computed or undefined can print as an empty text. */
import { Secret } from '../../../core/secret';

/** Plain data as a template sees it. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

export interface PlainValues {
  /** A copy, secrets opened. */
  readonly values: { readonly [name: string]: Plain };
  /** A `Secret` was among them: what is rendered from them is one as well. */
  readonly secret: boolean;
  /** What a template cannot use, each a sentence that names the value. */
  readonly problems: readonly string[];
}

/** Copies values for a template; everything but strings, numbers, booleans, null, lists, plain objects and secrets is a problem. */
export function plainValues(values: Readonly<Record<string, unknown>>): PlainValues {
  const found: Found = { secret: false, problems: [] };
  const copy = copyObject(values, '', found);
  return { values: copy, ...found };
}

interface Found {
  secret: boolean;
  problems: string[];
}

function copyObject(object: object, path: string, found: Found): { readonly [name: string]: Plain } {
  const copied = Object.entries(object).map(([name, value]) => [name, copyValue(value, path === '' ? name : `${path}.${name}`, found)] as const);
  return Object.fromEntries(copied);
}

function copyValue(value: unknown, path: string, found: Found): Plain {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof Secret) {
    found.secret = true;
    return value.reveal();
  }
  if (Array.isArray(value)) return value.map((item: unknown, i) => copyValue(item, `${path}[${i}]`, found));
  if (typeof value === 'object' && isPlainObject(value)) return copyObject(value, path, found);
  found.problems.push(`the value "${path}" is ${nameOf(value)}; a template takes texts, numbers, booleans, null, lists and plain objects`);
  return null;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Compared by its own parent: an object of another realm (a test's, a vm's) is as plain.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'object' && value !== null) return `a ${value.constructor.name}`;
  return typeof value === 'number' ? String(value) : `a ${typeof value}`;
}
