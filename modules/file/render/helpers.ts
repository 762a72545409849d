/** What a template may call. */
import type Handlebars from 'handlebars';

/** Blocks that Handlebars brings along: `{{#if}}`, `{{#unless}}`, `{{#each}}`, `{{#with}}`. */
export const BLOCKS: readonly string[] = ['if', 'unless', 'each', 'with'];

/** Names that only the strict rewriting uses. A template cannot write them: a blank is no part of a name. */
export const DEFINED = 'defined value';
export const ITEMS = 'value with items';
export const TEXT = 'value as text';

/** Where the helpers of one rendering write down what is wrong with it. */
export interface Problems { add(problem: string): unknown }

/**
 * Helpers for templates: `json VALUE [indent=2]`, `join LIST SEPARATOR`, `eq A B`, `ne A B`, `not VALUE`.
 * They stay few on purpose: what needs more is computed in the playbook and given as a value.
 */
const forTemplates: Readonly<Record<string, Handlebars.HelperDelegate>> = { json, join, eq, ne, not };

export const HELPERS: readonly string[] = Object.keys(forTemplates);

/** Adds all helpers to an environment; returns their names. */
export function registerHelpers(environment: typeof Handlebars): string[] {
  const all: Record<string, Handlebars.HelperDelegate> = { ...forTemplates, [DEFINED]: defined, [ITEMS]: items, [TEXT]: asText };
  for (const [name, helper] of Object.entries(all)) environment.registerHelper(name, helper);
  return Object.keys(all);
}

function json(...args: unknown[]): string {
  const { values, hash } = argumentsOf(args);
  return JSON.stringify(values[0], null, typeof hash['indent'] === 'number' ? hash['indent'] : 0);
}

function join(...args: unknown[]): string {
  const { values: [list, separator], problem } = argumentsOf(args);
  if (!Array.isArray(list)) return problem('{{join LIST SEPARATOR}} needs a list');
  if (typeof separator !== 'string') return problem('{{join LIST SEPARATOR}} needs a separator, as in {{join names ", "}}');
  if (list.some(item => typeof item === 'object')) return problem('{{join LIST SEPARATOR}} needs a list of texts or numbers');
  return list.join(separator);
}

function eq(...args: unknown[]): boolean {
  const { values } = argumentsOf(args);
  return values[0] === values[1];
}

function ne(...args: unknown[]): boolean {
  return !eq(...args);
}

function not(...args: unknown[]): boolean {
  return !isTrue(argumentsOf(args).values[0]);
}

/** True as `{{#if}}` understands it, with zero as true: an empty text, an empty list, false and null are not. */
function isTrue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== '' && value !== false && value !== null && value !== undefined;
}

function defined(value: unknown, name: string, line: number, options: Handlebars.HelperOptions): unknown {
  if (value !== undefined) return value;
  problemsOf(options).add(`line ${line}: "${name}" is not defined`);
  return '';
}

function items(value: unknown, name: string, line: number, options: Handlebars.HelperOptions): unknown {
  if (value === undefined) return defined(value, name, line, options);
  if (value === null || typeof value === 'object') return value;
  problemsOf(options).add(`line ${line}: {{#each ${name}}} needs a list or an object, and "${name}" is a ${typeof value}`);
  return [];
}

function asText(value: unknown, name: string, line: number, options: Handlebars.HelperOptions): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  const advice = value === null ? `write {{#if ${name}}} around it` : `write {{json ${name}}}${Array.isArray(value) ? ` or {{join ${name} ", "}}` : ''}`;
  problemsOf(options).add(`line ${line}: "${name}" is ${what} and cannot be printed; ${advice}`);
  return '';
}

/** What a helper was called with: Handlebars passes its options last. */
function argumentsOf(args: unknown[]): { values: unknown[]; hash: Record<string, unknown>; problem: (text: string) => string } {
  const options = parseOptions(args.at(-1));
  const problem = (text: string): string => {
    problemsOf(options).add(`line ${options.loc.start.line}: ${text}`);
    return '';
  };
  return { values: args.slice(0, -1), hash: options.hash, problem };
}

interface CallOptions extends Handlebars.HelperOptions {
  readonly hash: Record<string, unknown>;
  readonly loc: hbs.AST.SourceLocation;
}

function parseOptions(last: unknown): CallOptions {
  return last as CallOptions;
}

function problemsOf(options: Handlebars.HelperOptions): Problems {
  const data = options.data as { readonly problems: Problems };
  return data.problems;
}
