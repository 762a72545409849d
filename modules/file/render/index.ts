/** Handlebars templates, strict: what a template asks for must be there, and nothing is printed that is no text. */
import { isAbsolute } from 'node:path';
import type Handlebars from 'handlebars';
import { isRunnerError, messageOf, PlaybookError } from '../../../core/errors';
import { Secret } from '../../../core/secret';
import { readOnce } from '../controller-files';
import { registerHelpers } from './helpers';
import { makeStrict } from './strict';
import { plainValues } from './values';

/** Values of a template: texts, numbers, booleans, null, lists, plain objects; secrets where the result may be one. */
export type TemplateValues = Readonly<Record<string, unknown>>;

/**
 * Renders a Handlebars template: no HTML escaping, line ends and the final newline as in the source, lines of their own for block tags
 * leave nothing behind. There are `{{#if}}`, `{{#unless}}`, `{{#each}}`, `{{#with}}` and the helpers `json`, `join`, `eq`, `ne`, `not`.
 * @param origin the template's name for messages, its path
 * @throws PlaybookError with all problems at once, each with line and name: a variable that is not defined (wherever it stands), an
 *   object, a list or null that would be printed, an unknown helper, a value that is undefined or a Secret
 */
export function renderTemplate(source: string, values: TemplateValues, origin: string): string {
  const rendered = renderContent(source, values, origin);
  if (typeof rendered === 'string') return rendered;
  throw new PlaybookError([`${origin}: a value is a Secret, and what is rendered here is no secret`], 'use file.template for a file that holds a secret');
}

/** As `renderTemplate`, of a file. @param path absolute, `join(__dirname, 'templates/x.hbs')` in a playbook @throws PlaybookError also when it cannot be read */
export function renderTemplateFile(path: string, values: TemplateValues): string {
  return renderTemplate(readTemplate(path), values, path);
}

/** As `renderTemplate`; where a value is a Secret, the result is one too. */
export function renderContent(source: string, values: TemplateValues, origin: string): string | Secret {
  const plain = plainValues(values);
  if (plain.problems.length > 0) throw new PlaybookError(plain.problems.map(problem => `${origin}: ${problem}`));
  const problems = new Set<string>();
  // What is inherited is not defined; said here, it needs no warning of Handlebars on the terminal.
  const guarded = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false };
  const text = compiled(source, origin)(plain.values, { ...guarded, data: { problems } });
  if (problems.size > 0) throw new PlaybookError([...problems].map(problem => `${origin}: ${problem}`));
  return plain.secret ? new Secret(text) : text;
}

/** The text of a template. @throws PlaybookError when the path is relative or the file cannot be read */
export function readTemplate(path: string): string {
  if (!isAbsolute(path)) {
    throw new PlaybookError([`the template "${path}" has a relative path`], `write join(__dirname, '${path}'), which starts at the playbook's own folder`);
  }
  try {
    return textOf(readOnce(path));
  } catch (error) {
    throw new PlaybookError([`the template cannot be read: ${messageOf(error)}`], isRunnerError(error) ? error.hint : undefined);
  }
}

/** Decoded once: many hosts get the same text, by which the compiled template is found. */
const texts = new WeakMap<Buffer, string>();

function textOf(bytes: Buffer): string {
  const text = texts.get(bytes) ?? bytes.toString('utf8');
  texts.set(bytes, text);
  return text;
}

type Compiled = Handlebars.TemplateDelegate<unknown>;

interface Engine {
  readonly handlebars: typeof Handlebars;
  readonly helpers: Readonly<Record<string, boolean>>;
  /** By source: 300 hosts render the same few templates. */
  readonly cache: Map<string, Compiled>;
}

let engine: Engine | undefined;

/** Handlebars takes 60 ms to load: a playbook without templates does not wait for it. */
function load(): Engine {
  if (engine !== undefined) return engine;
  const handlebars = (require('handlebars') as typeof Handlebars).create();
  const helpers = Object.fromEntries(registerHelpers(handlebars).map(name => [name, true]));
  return engine = { handlebars, helpers, cache: new Map() };
}

function compiled(source: string, origin: string): Compiled {
  const { handlebars, helpers, cache } = load();
  const known = cache.get(source);
  if (known !== undefined) return known;
  const program = parse(handlebars, source, origin);
  const problems = makeStrict(program);
  if (problems.length > 0) throw new PlaybookError(problems.map(problem => `${origin}: ${problem}`));
  // Not Handlebars' `strict`: makeStrict says more, and with `strict` a missing `a` in `a.b` is a TypeError without a place.
  const template = handlebars.compile<unknown>(program, { noEscape: true, preventIndent: true, knownHelpersOnly: true, knownHelpers: { ...BUILT_IN, ...helpers } });
  cache.set(source, template);
  return template;
}

const BUILT_IN = { helperMissing: false, blockHelperMissing: false, log: false, lookup: false, if: true, unless: true, each: true, with: true };

function parse(handlebars: typeof Handlebars, source: string, origin: string): hbs.AST.Program {
  try {
    // Without the whitespace pass: `compile` makes it, on the rewritten tree.
    return handlebars.parseWithoutProcessing(source);
  } catch (error) {
    throw new PlaybookError([`${origin}: ${messageOf(error)}`]);
  }
}
