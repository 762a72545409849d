/**
 * Secrets and their redaction.
 *
 * The registry below is the one piece of module state in core: whatever prints (events, errors, logs) must be able to mask a
 * secret that was made anywhere, and a forgotten argument would be an exposure (docs/adr/0005).
 */
import { inspect } from 'node:util';

/** What stands in the place of a secret. */
export const MASK = '[secret]';
/** Shorter values would mask half of every text that is printed. */
const MIN_MASKED = 4;
const MIN_MASKED_LINE = 16;

/** Raw texts that are never printed, longest first when they are applied. */
const registry = new Set<string>();

/** A text that does not turn into a string by accident; only a sink (standard input, file content, sudo) opens it with `reveal`. */
export class Secret {
  readonly #text: string;

  /** @param text the secret itself; it is masked in all output from now on. */
  constructor(text: string) {
    this.#text = text;
    register(text);
  }

  /** The text, for a sink. Never for an argument, a message or a file on the controller. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** Masks every known secret in a text: raw, shell-quoted, JSON, URL and base64 forms, and the long lines of multi-line secrets. */
export function redact(text: string): string {
  let masked = text;
  for (const form of formsLongestFirst()) {
    if (masked.includes(form)) masked = masked.split(form).join(MASK);
  }
  return masked;
}

/** A copy of plain data (objects, arrays, strings) in which every known secret is masked. */
export function redactData<T>(data: T): T {
  if (registry.size === 0) return data;
  const text = JSON.stringify(data);
  const masked = redact(text);
  return masked === text ? data : (JSON.parse(masked) as T); // masking changes texts, never the shape
}

let forms: string[] | undefined;

function formsLongestFirst(): string[] {
  forms ??= [...registry].flatMap(formsOf).sort((a, b) => b.length - a.length);
  return forms;
}

function register(text: string): void {
  const lines = text.split('\n').map(line => line.trim());
  const long = lines.length > 1 ? lines.filter(line => line.length >= MIN_MASKED_LINE && !line.startsWith('-----')) : [];
  for (const part of [text.trim(), ...long]) {
    if (part.length >= MIN_MASKED && !registry.has(part)) {
      registry.add(part);
      forms = undefined;
    }
  }
}

function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const shell = text.replaceAll("'", String.raw`'\''`);
  const base64 = Buffer.from(text).toString('base64').replace(/=+$/, '');
  return [...new Set([text, shell, json, JSON.stringify(shell).slice(1, -1), encodeURIComponent(text), base64])];
}
