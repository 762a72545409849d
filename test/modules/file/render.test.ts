import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRunnerError } from '../../../core/errors';
import { Secret } from '../../../core/secret';
import { renderContent, renderTemplate, renderTemplateFile } from '../../../modules/file/template';

function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(isRunnerError(error)).toBe(true);
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('nothing was thrown');
}

const world = { name: 'm1', zero: 0, no: false, empty: '', none: null, list: ['a', 'b'], bare: [], masters: [{ ip: '10.0.0.1', down: true }, { ip: '10.0.0.2', down: false }], deep: { port: 6443 } };

describe('renderTemplate', () => {
  test.each([
    ['prints what it is given, unescaped', '{{text}}', { text: `a="b" & <c> 'd'` }, `a="b" & <c> 'd'`],
    ['prints numbers and booleans', '{{zero}} {{no}} {{deep.port}}', world, '0 false 6443'],
    ['leaves no line behind for block tags', 'a\n{{#each masters}}\nserver {{ip}}{{#if down}} down{{/if}};\n{{/each}}\nz\n', world, 'a\nserver 10.0.0.1 down;\nserver 10.0.0.2;\nz\n'],
    ['keeps CRLF', 'a\r\n{{#if name}}\r\nb\r\n{{/if}}\r\nc\r\n', world, 'a\r\nb\r\nc\r\n'],
    ['keeps a missing final newline', 'x={{name}}', world, 'x=m1'],
    ['does not indent again', '  {{name}}\n', { name: 'a\nb' }, '  a\nb\n'],
    ['takes else branches', '{{#if none}}a{{else if no}}b{{else}}c{{/if}}{{#each bare}}x{{else}}-{{/each}}', world, 'c-'],
    ['knows unless and with', '{{#unless no}}u{{/unless}}{{#with deep}}{{port}}{{/with}}', world, 'u6443'],
    ['knows parents, indexes and block parameters', '{{#each list as |item i|}}{{../name}}{{i}}{{item}}{{@index}}{{#unless @last}},{{/unless}}{{/each}}', world, 'm10a0,m11b1'],
    ['goes through an object', '{{#each deep}}{{@key}}={{this}}{{/each}}', world, 'port=6443'],
    ['joins', '{{join list ", "}}', world, 'a, b'],
    ['writes JSON', '{{json deep}} {{json list indent=1}} {{json none}}', world, '{"port":6443} [\n "a",\n "b"\n] null'],
    ['compares', '{{#if (eq name "m1")}}1{{/if}}{{#if (ne name "m1")}}2{{/if}}{{#if (not no)}}3{{/if}}{{#if (not (eq zero 0))}}4{{/if}}', world, '13'],
    ['keeps raw braces', String.raw`\{{name}} {{{name}}} {{! a comment }}{{name}}`, world, '{{name}} m1 m1'],
    ['strips with tildes', 'a  {{~name~}}  b', world, 'am1b'],
    ['takes a value that is called like a helper', '{{json}} {{#each list}}{{/each}}', { json: 'j', list: [] }, 'j '],
    ['knows the length of a list', '{{list.length}}', world, '2'],
    ['prints null for no one, but asks for it', '{{#if none}}{{none}}{{/if}}', world, ''],
  ])('%s', (_, source, values, expected) => {
    expect(renderTemplate(source, values, 't.hbs')).toBe(expected);
    expect(renderTemplate(source, values, 't.hbs')).toBe(expected);
  });

  test.each([
    ['a name', 'a\n{{nmae}}', 't.hbs: line 2: "nmae" is not defined'],
    ['a name in if', '{{#if nmae}}x{{/if}}', 't.hbs: line 1: "nmae" is not defined'],
    ['a name in else if', '{{#if no}}x{{else if nmae}}y{{/if}}', 't.hbs: line 1: "nmae" is not defined'],
    ['a name in unless', '{{#unless nmae}}x{{/unless}}', 't.hbs: line 1: "nmae" is not defined'],
    ['a name in each', '\n\n{{#each nmae}}x{{/each}}', 't.hbs: line 3: "nmae" is not defined'],
    ['a name in with', '{{#with nmae}}x{{/with}}', 't.hbs: line 1: "nmae" is not defined'],
    ['a name in a helper', '{{join nmae ","}}', '"nmae" is not defined'],
    ['a name in a call', '{{#if (eq nmae 1)}}{{/if}}', '"nmae" is not defined'],
    ['a name in an option', '{{json list indent=nmae}}', '"nmae" is not defined'],
    ['a path whose middle is missing', '{{deep.x.y}}', '"deep.x.y" is not defined'],
    ['a path whose start is missing', '{{x.y.z}}', '"x.y.z" is not defined'],
    ['a name in the items', '{{#each masters}}{{port}}{{/each}}', 't.hbs: line 1: "port" is not defined'],
    ['a name of the parent', '{{#each list}}{{../nmae}}{{/each}}', '"../nmae" is not defined'],
    ['what a prototype has', '{{constructor}}{{deep.toString}}{{name.toUpperCase}}', '"constructor" is not defined'],
    ['an index outside a list', '{{list.[7]}}', '"list.7" is not defined'],
    ['a data variable', '{{@nope}}', '"@nope" is not defined'],
    ['an object in the output', '{{deep}}', '"deep" is an object and cannot be printed; write {{json deep}}'],
    ['a list in the output', '{{list}}', 'write {{json list}} or {{join list ", "}}'],
    ['null in the output', '{{none}}', '"none" is null and cannot be printed; write {{#if none}} around it'],
    ['a text in each', '{{#each name}}{{/each}}', '{{#each name}} needs a list or an object, and "name" is a string'],
    ['an unknown helper', 'a\n{{upper name}}', 't.hbs: line 2: "upper" is no helper; there are json, join, eq, ne, not'],
    ['an unknown helper in a call', '{{#if (gt zero 1)}}{{/if}}', '"gt" is no helper'],
    ['helpers of Handlebars that are not strict', '{{lookup deep "x"}}', '"lookup" is no helper'],
    ['an unknown block', '{{#masters}}x{{/masters}}', '{{#masters}} is no block; write {{#if masters}} or {{#each masters}}'],
    ['a partial', '{{> head}}', 'partials and decorators'],
    ['too many values in a block', '{{#if name zero}}{{/if}}', '{{#if}} takes one value, not 2'],
    ['undefined', '{{#if undefined}}{{/if}}', 'undefined is no value'],
    ['a list of objects in join', '{{join masters ","}}', 'needs a list of texts or numbers'],
    ['a text in join', '{{join name ","}}', 't.hbs: line 1: {{join LIST SEPARATOR}} needs a list'],
    ['a join without separator', '{{join list}}', 'needs a separator'],
    ['a block that is not closed', 'a\n{{#if name}}', 't.hbs: Parse error on line 2'],
    ['a block that is closed as another', '{{#if name}}{{/each}}', "if doesn't match each"],
  ])('refuses %s', (_, source, message) => {
    expect(problemOf(() => renderTemplate(source, world, 't.hbs'))).toContain(message);
  });

  test('names all that is missing at once, each once', () => {
    const message = problemOf(() => renderTemplate('{{a}}\n{{b}}\n{{#each list}}{{../c}}{{/each}}', world, 't.hbs'));
    expect(message.split('\n')).toEqual(['t.hbs: line 1: "a" is not defined', 't.hbs: line 2: "b" is not defined', 't.hbs: line 3: "../c" is not defined']);
  });

  test.each([
    ['undefined', { a: { b: undefined } }, 'the value "a.b" is undefined'],
    ['a Map', { a: [new Map()] }, 'the value "a[0]" is a Map'],
    ['a function', { a: () => 1 }, 'the value "a" is a function'],
    ['a Date', { a: new Date() }, 'the value "a" is a Date'],
    ['not a number', { a: Number.NaN }, 'the value "a" is NaN'],
  ])('refuses %s as a value, used or not', (_, values, message) => {
    expect(problemOf(() => renderTemplate('x', values, 't.hbs'))).toContain(message);
  });

  test('makes a secret of what holds one, and only of that', () => {
    const values = { password: new Secret('hunter2-hunter2') };
    expect(problemOf(() => renderTemplate('{{password}}', values, 't.hbs'))).toContain('a value is a Secret');
    const rendered = renderContent('pw={{password}}', values, 't.hbs');
    expect(rendered).toBeInstanceOf(Secret);
    expect(rendered instanceof Secret && rendered.reveal()).toBe('pw=hunter2-hunter2');
    expect(renderContent('pw', {}, 't.hbs')).toBe('pw');
  });
});

describe('renderTemplateFile', () => {
  test('renders a file and names it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runsheet-render-'));
    const path = join(folder, 'a b.hbs');
    writeFileSync(path, '{{x}}\n');
    expect(renderTemplateFile(path, { x: 'é' })).toBe('é\n');
    expect(problemOf(() => renderTemplateFile(path, {}))).toBe(`${path}: line 1: "x" is not defined`);
    rmSync(folder, { recursive: true });
  });

  test('refuses a relative path and a missing file', () => {
    expect(problemOf(() => renderTemplateFile('x.hbs', {}))).toContain('has a relative path');
    expect(problemOf(() => renderTemplateFile('/nonexistent/x.hbs', {}))).toContain('cannot be read');
  });
});
