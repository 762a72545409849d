/** What a text of the command line, or of an INI inventory, stands for. */
import { z } from 'zod';
import { messageOf } from '../errors';
import { readFlag } from '../vars';
import { asSchema, fieldOf } from './schema';

/**
 * The value that a text stands for, by the schema that it is meant for; zod judges it afterwards.
 * @throws SyntaxError where it should be JSON and is none; its message repeats some of the text
 */
export function fromText(schema: z.ZodType, text: string): unknown {
  const { bare, kind, nullable } = fieldOf(schema);
  if (nullable && text === 'null') return null;
  if (kind === 'hosts' || kind === 'names') return text.startsWith('[') && text.endsWith(']') && !text.includes(':') ? readJson(text) : text;
  if (kind !== undefined) return text;
  if (bare instanceof z.ZodNumber) return text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
  if (bare instanceof z.ZodBoolean) return readFlag(text) ?? text;
  if (bare instanceof z.ZodArray) return text.startsWith('[') ? readJson(text) : splitItems(text).map(item => fromText(asSchema(bare.element), item));
  if (bare instanceof z.ZodObject || bare instanceof z.ZodRecord) return readJson(text);
  if (bare instanceof z.ZodLiteral) return [...bare.values].find(value => String(value) === text) ?? text;
  if (bare instanceof z.ZodUnion) return fromAnyOf(bare.options.map(asSchema), text);
  if (bare instanceof z.ZodUnknown || bare instanceof z.ZodAny) return jsonOr(text);
  return text;
}

function fromAnyOf(options: readonly z.ZodType[], text: string): unknown {
  for (const option of options) {
    const value = jsonRefused(option, text) ? text : fromText(option, text);
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

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`is no JSON: ${messageOf(error)}`);
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
