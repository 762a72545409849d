/** Values as the journal keeps them: plain JSON, without secrets, of a size that can be kept. */
import { redact } from '../secret';

/** More is not kept, in bytes of JSON: a journal is no place for archives. */
export const MOST_KEPT = 1 << 20;

/** A value as JSON, or why it is not kept. `json` is `undefined` for a task without a value. */
export type Kept = { readonly json: unknown } | { readonly why: string };

/** How bytes stand in JSON: a command's output is given as bytes too. */
const BYTES = '$base64';

/** The value as JSON. Numbers, texts, lists, plain objects and bytes are; everything else, a secret first of all, is not kept. */
export function toKept(value: unknown): Kept {
  try {
    const json = value === undefined ? undefined : encode(value);
    const size = json === undefined ? 0 : Buffer.byteLength(JSON.stringify(json));
    return size > MOST_KEPT ? { why: `it is too large (${Math.ceil(size / 1024)} KB)` } : { json };
  } catch (error) {
    if (error instanceof NotKept) return { why: error.message };
    throw error;
  }
}

/** The value behind the JSON. */
export function fromKept(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(fromKept);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && first[0] === BYTES && typeof first[1] === 'string') return Buffer.from(first[1], 'base64');
  return Object.fromEntries(entries.map(([name, value]) => [name, fromKept(value)]));
}

class NotKept extends Error {}

function encode(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string') return encodeText(value);
  if (Buffer.isBuffer(value)) {
    encodeText(value.toString());
    return { [BYTES]: value.toString('base64') };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(entries.map(([name, inner]) => [encodeText(name), encode(inner)]));
  }
  // A Secret is one of these: it is a class.
  throw new NotKept(`it holds ${kindOf(value)}`);
}

function encodeText(text: string): string {
  if (redact(text) !== text) throw new NotKept('it holds a secret');
  return text;
}

function kindOf(value: unknown): string {
  const name = typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
  return name === 'Secret' ? 'a secret' : `a ${name}, which is no plain data`;
}
