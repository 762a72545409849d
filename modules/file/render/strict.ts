/**
 * Makes a Handlebars template strict all over.
 *
 * Handlebars' own `strict` does not look at what stands in `{{#if x}}`, `{{#each x}}` or an argument, and prints an object as
 * `[object Object]`. So every path in the template is wrapped into a call that refuses what is not defined, and every output into one
 * that refuses what is no text; both know the name and the line.
 * @see https://handlebarsjs.com/api-reference/compilation.html
 */
import type {} from 'handlebars';
import { BLOCKS, DEFINED, HELPERS, ITEMS, TEXT } from './helpers';

type Node = hbs.AST.Node;
type Expression = hbs.AST.Expression;

/** Rewrites a parsed template in place; returns what it uses and cannot, each a sentence with its line. */
export function makeStrict(program: hbs.AST.Program): string[] {
  const problems: string[] = [];
  strictProgram(program, problems);
  return problems;
}

/** The parser leaves the inverse out where there is no {{else}}, whatever the types say. */
function strictProgram(program: hbs.AST.Program | undefined, problems: string[]): void {
  for (const statement of program?.body ?? []) strictStatement(statement, problems);
}

function strictStatement(statement: Node, problems: string[]): void {
  if (isMustache(statement)) return strictMustache(statement, problems);
  if (isBlock(statement)) return strictBlock(statement, problems);
  if (statement.type === 'ContentStatement' || statement.type === 'CommentStatement') return;
  problems.push(`line ${lineOf(statement)}: partials and decorators ({{> x}}, {{* x}}) are not available in a template`);
}

/** `{{x}}` becomes `{{text (defined x)}}`, `{{join x ","}}` becomes `{{text (join (defined x) ",")}}`. */
function strictMustache(mustache: hbs.AST.MustacheStatement, problems: string[]): void {
  const { path, params, hash } = mustache;
  const plain = params.length === 0 && pairsOf(hash).length === 0;
  const value = plain || !isPath(path) ? strictValue(path, problems) : strictCall(call(path, params, mustache, hash), problems);
  mustache.path = internalPath(TEXT, mustache);
  mustache.params = [value, text(originalOf(path), mustache), number(lineOf(mustache), mustache)];
  mustache.hash = emptyHash(mustache);
}

function strictBlock(block: hbs.AST.BlockStatement, problems: string[]): void {
  const name = block.path.original;
  const line = lineOf(block);
  if (!BLOCKS.includes(name)) problems.push(`line ${line}: {{#${name}}} is no block; write {{#if ${name}}} or {{#each ${name}}}`);
  else if (block.params.length !== 1) problems.push(`line ${line}: {{#${name}}} takes one value, not ${block.params.length}`);
  const kind = name === 'each' ? ITEMS : DEFINED;
  block.params = block.params.map(param => strictValue(param, problems, kind));
  strictHash(block.hash, problems);
  strictProgram(block.program, problems);
  strictProgram(block.inverse, problems);
}

/** A value in a place where one is read: a path must be defined, a call is looked at inside. */
function strictValue(value: Expression, problems: string[], kind = DEFINED): Expression {
  if (value.type === 'UndefinedLiteral') problems.push(`line ${lineOf(value)}: undefined is no value for a template`);
  if (isCall(value)) return kind === DEFINED ? strictCall(value, problems) : guard(kind, strictCall(value, problems), value.path.original);
  if (isPath(value) || kind === ITEMS) return guard(kind, value, originalOf(value));
  return value;
}

function strictCall(expression: hbs.AST.SubExpression, problems: string[]): Expression {
  const name = expression.path.original;
  if (!HELPERS.includes(name)) {
    problems.push(`line ${lineOf(expression)}: "${name}" is no helper; there are ${HELPERS.join(', ')}`);
  }
  expression.params = expression.params.map(param => strictValue(param, problems));
  strictHash(expression.hash, problems);
  return expression;
}

function strictHash(hash: hbs.AST.Hash | undefined, problems: string[]): void {
  for (const pair of pairsOf(hash)) pair.value = strictValue(pair.value, problems);
}

function guard(kind: string, value: Expression, original: string): Expression {
  const args = [value, text(original, value), number(lineOf(value), value)];
  return call(internalPath(kind, value), args, value, emptyHash(value));
}

function call(path: hbs.AST.PathExpression, params: Expression[], at: Node, hash: hbs.AST.Hash): hbs.AST.SubExpression {
  return { type: 'SubExpression', path, params, hash, loc: at.loc };
}

function internalPath(name: string, at: Node): hbs.AST.PathExpression {
  return { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc: at.loc };
}

function text(value: string, at: Node): hbs.AST.StringLiteral {
  return { type: 'StringLiteral', value, original: value, loc: at.loc };
}

function number(value: number, at: Node): hbs.AST.NumberLiteral {
  return { type: 'NumberLiteral', value, original: value, loc: at.loc };
}

function emptyHash(at: Node): hbs.AST.Hash {
  return { type: 'Hash', pairs: [], loc: at.loc };
}

/** The parser leaves the hash out where there is none, whatever the types say. */
function pairsOf(hash: hbs.AST.Hash | undefined): hbs.AST.HashPair[] {
  return hash?.pairs ?? [];
}

function originalOf(value: Node): string {
  return 'original' in value ? String(value.original) : value.type;
}

function lineOf(node: Node): number {
  return node.loc.start.line;
}

function isMustache(node: Node): node is hbs.AST.MustacheStatement {
  return node.type === 'MustacheStatement';
}

function isBlock(node: Node): node is hbs.AST.BlockStatement {
  return node.type === 'BlockStatement';
}

function isPath(node: Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression';
}

function isCall(node: Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression';
}
