import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConf } from '../../../modules/nginx/conf';
import { editUpstream, type ServerWishes } from '../../../modules/nginx/edit';
import { matchesPattern } from '../../../modules/file/pattern';
import { includesOf, type ConfTree } from '../../../modules/nginx/tree';
import { findUpstreams, plainUpstream, upstreamWarnings } from '../../../modules/nginx/upstreams';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixtures', name), 'utf8');

function treeOf(texts: Readonly<Record<string, string>>, main = '/etc/nginx/nginx.conf'): ConfTree {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, parseConf(path, text)]));
  const patterns = [...files.values()].flatMap(file => includesOf({ main }, file.directives));
  return { main, files, matches: new Map(patterns.map(pattern => [pattern, [...files.keys()].filter(path => matchesPattern(pattern, path)).sort()])) };
}

const one = (text: string): ConfTree => treeOf({ '/etc/nginx/nginx.conf': text });

function edited(text: string, wishes: ServerWishes): string {
  const tree = one(text);
  const [upstream] = findUpstreams(tree);
  if (upstream === undefined) throw new Error('no upstream in this text');
  return editUpstream(tree, upstream, wishes).texts.get(tree.main) ?? text;
}

describe('findUpstreams', () => {
  test('reads the article\'s configuration', () => {
    const [upstream] = findUpstreams(one(fixture('article.conf'))).map(plainUpstream);
    expect(upstream).toMatchObject({ name: 'apiserver', context: 'stream', line: 6, listens: ['127.0.0.1:8443'] });
    expect(upstream?.servers.map(server => server.address)).toEqual(['172.72.0.95:6443', '172.72.0.96:6443', '172.72.0.97:6443']);
    expect(upstream?.servers[0]).toMatchObject({ down: false, backup: false, line: 8, parameters: { max_fails: '3', fail_timeout: '30s' } });
  });

  test('reads http upstreams, quoted names, sockets, one-line blocks', () => {
    const found = findUpstreams(one(fixture('everything.conf'))).map(plainUpstream);
    expect(found.map(({ name, context, listens }) => [name, context, listens])).toEqual([['backend', 'http', ['80']], ['quoted name', 'http', []]]);
    expect(found[0]?.servers[1]).toMatchObject({ address: '10.0.0.2:80', backup: true });
    expect(found[1]?.servers.map(({ address, down }) => [address, down])).toEqual([['unix:/run/app.sock', false], ['[::1]:8080', true]]);
  });

  test('follows includes, relative to the main file, into blocks and upstreams', () => {
    const tree = treeOf({
      '/etc/nginx/nginx.conf': 'http { include conf.d/*.conf; } stream { include /opt/stream.conf; }',
      '/etc/nginx/conf.d/b.conf': 'upstream b { server b1; }',
      '/etc/nginx/conf.d/a.conf': 'upstream a { server a1; }',
      '/etc/nginx/conf.d/.hidden.conf': 'upstream h { server h1; }',
      '/opt/stream.conf': 'upstream s { include servers/s.conf; } server { listen 1; proxy_pass s; }',
      '/etc/nginx/servers/s.conf': 'server s1; server s2;',
    });
    const found = findUpstreams(tree);
    expect(found.map(({ name, context, file }) => [name, context, file])).toEqual([
      ['a', 'http', '/etc/nginx/conf.d/a.conf'], ['b', 'http', '/etc/nginx/conf.d/b.conf'], ['s', 'stream', '/opt/stream.conf'],
    ]);
    expect(found[2]?.servers.map(({ address, file }) => [address, file])).toEqual([['s1', '/etc/nginx/servers/s.conf'], ['s2', '/etc/nginx/servers/s.conf']]);
    const edits = found.slice(2).map(upstream => editUpstream(tree, upstream, { s2: { down: true } }));
    expect(edits.flatMap(edit => [...edit.texts])).toEqual([['/etc/nginx/servers/s.conf', 'server s1; server s2 down;']]);
  });

  test('says that includes go round in a circle', () => {
    expect(() => findUpstreams(treeOf({ '/etc/nginx/nginx.conf': 'include a.conf;', '/etc/nginx/a.conf': 'include a.conf;' }))).toThrow('circle');
  });

  test.each([
    ['upstream a { server x; server y down; }', 'has one live server, x'],
    ['upstream a { server x max_fails=0; server y down; }', undefined],
    ['upstream a { server x; }', undefined],
    ['upstream a { server x down; }', 'has no live server'],
    ['upstream a { server x; server x; }', 'names x twice'],
  ])('warns: %s', (text, warning) => {
    const warnings = findUpstreams(one(`stream { ${text} }`)).flatMap(upstreamWarnings);
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringContaining(warning)]);
  });
});

describe('matchesPattern', () => {
  test.each([
    ['/a/*.conf', '/a/b.conf', true], ['/a/*.conf', '/a/.b.conf', false], ['/a/*.conf', '/a/b/c.conf', false], ['/a/*.conf', '/a/b.conf.bak', false],
    ['/a/?.c', '/a/b.c', true], ['/a/[ab].c', '/a/b.c', true], ['/a/[!ab].c', '/a/b.c', false], ['/a/*/c+(d)', '/a/x/c+(d)', true], ['/a/b', '/a/b', true],
  ])('%s %s %s', (pattern, path, wanted) => {
    expect(matchesPattern(pattern, path)).toBe(wanted);
  });
});

describe('editUpstream', () => {
  const wrap = (servers: string): string => `stream {\n  upstream a {\n${servers}  }\n}\n`;

  test.each<[string, string, ServerWishes, string]>([
    ['marks a server down', '    server x:1  max_fails=3;\n    server y:1;\n', { 'x:1': { down: true } }, '    server x:1  max_fails=3 down;\n    server y:1;\n'],
    ['marks it up again', '    server x:1  down  max_fails=3;\n', { 'x:1': { down: false } }, '    server x:1  max_fails=3;\n'],
    ['changes a parameter', '    server x:1   max_fails=3   weight=2;\n', { 'x:1': { max_fails: 0 } }, '    server x:1   max_fails=0   weight=2;\n'],
    ['removes and adds parameters', '    server x:1 max_fails=3 fail_timeout=30s;\n', { 'x:1': { max_fails: false, fail_timeout: false, weight: 5 } }, '    server x:1 weight=5;\n'],
    ['removes a server with its comment', '    server x:1;\n    server y:1; # gone\n    # stays\n', { 'y:1': 'absent' }, '    server x:1;\n    # stays\n'],
    ['adds a server behind the last', '    server x:1; # first\n  # end\n', { 'y:1': { max_fails: 3 } }, '    server x:1; # first\n    server y:1 max_fails=3;\n  # end\n'],
    ['replaces all servers', '    server x:1;\n    server y:1;\n', { 'x:1': 'absent', 'y:1': 'absent', 'z:1': {} }, '    server z:1;\n'],
    ['replaces the last server', '    server x:1;\n    server y:1;\n', { 'y:1': 'absent', 'z:1': {} }, '    server x:1;\n    server z:1;\n'],
    ['edits servers on one line', '    server x:1; server y:1; server z:1;\n', { 'x:1': { down: true }, 'y:1': 'absent', 'w:1': {} }, '    server x:1 down; server z:1;\n    server w:1;\n'],
    ['leaves what is as wished', '    server x:1 down; server y:1;\n', { 'x:1': { down: true }, 'q:1': 'absent' }, '    server x:1 down; server y:1;\n'],
    ['does not take one address for another', '    server 10.0.0.1:1;\n    server 10.0.0.10:1;\n    server 110.0.0.1:1;\n', { '10.0.0.1:1': { down: true } }, '    server 10.0.0.1:1 down;\n    server 10.0.0.10:1;\n    server 110.0.0.1:1;\n'],
    ['adds to an empty upstream', '    hash $remote_addr;\n', { 'x:1': {} }, '    hash $remote_addr;\n      server x:1;\n'],
  ])('%s', (_name, before, wishes, after) => {
    expect(edited(wrap(before), wishes)).toBe(wrap(after));
    expect(edited(wrap(after), wishes)).toBe(wrap(after));
  });

  test('keeps CRLF', () => {
    const text = fixture('crlf.conf');
    expect(edited(text, { '10.0.0.3:6443': {} })).toBe(text.replace('server 10.0.0.2:6443 down;\r\n', 'server 10.0.0.2:6443 down;\r\n\t\tserver 10.0.0.3:6443;\r\n'));
  });

  test('edits an upstream of one line', () => {
    expect(edited('stream{upstream a {server x;}}', { x: 'absent', y: {} })).toBe('stream{upstream a { server y;}}');
    expect(edited('stream{upstream a {}}', { y: {} })).toBe('stream{upstream a { server y; }}');
  });

  test.each<[string, string, ServerWishes, string]>([
    ['the last live server down', '    server x:1;\n    server y:1 down;\n', { 'x:1': { down: true } }, 'without a live server'],
    ['all servers removed', '    server x:1;\n', { 'x:1': 'absent' }, 'without a live server'],
    ['a value that ends the directive', '    server x:1;\n', { 'x:1': { weight: '1; evil' } }, 'not what was meant'],
  ])('refuses %s', (_name, before, wishes, message) => {
    expect(() => edited(wrap(before), wishes)).toThrow(message);
  });

  test('refuses a file of servers that two upstreams share', () => {
    const tree = treeOf({ '/etc/nginx/nginx.conf': 'stream { upstream a { include s; } upstream b { include s; } }', '/etc/nginx/s': 'server x; server y;' });
    expect(() => findUpstreams(tree).map(upstream => editUpstream(tree, upstream, { x: { down: true } }))).toThrow('not what was meant');
  });

  test('changes the wished servers and keeps every other byte, whatever stands around', () => {
    const noise = fc.constantFrom('', '# note\n', '    least_conn;\n', '\n', '\t# server z:9;\n');
    const blank = fc.constantFrom(' ', '   ', '\t', '\n      ');
    const server = fc.tuple(noise, blank, fc.constantFrom('', ' max_fails=3', ' weight=2  backup', ' "fail_timeout=3s"'));
    fc.assert(fc.property(fc.array(server, { minLength: 2, maxLength: 5 }), fc.nat(4), fc.boolean(), (servers, where, down) => {
      const lines = servers.map(([around, gap, more], i) => `${around}    server${gap}h${i}:1${more}; # ${i}\n`);
      const at = where % lines.length;
      const text = wrap(lines.join(''));
      const after = edited(text, { [`h${at}:1`]: down ? { down } : 'absent' });
      if (down) expect(edited(after, { [`h${at}:1`]: { down: false } })).toBe(text);
      const rest = (all: string): string => all.split('\n').filter(line => !line.includes(`h${at}:1`) && line.trim() !== 'server').join('\n');
      expect(rest(after)).toBe(rest(text));
    }), { numRuns: 200 });
  });
});
