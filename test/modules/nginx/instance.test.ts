import { describe, expect, test } from 'vitest';
import { candidateNames, complaintOf } from '../../../modules/nginx/candidate';
import { parseConf } from '../../../modules/nginx/conf';
import { argumentsOf, parseArguments, whereProblems } from '../../../modules/nginx/instance';
import { matchesPattern } from '../../../modules/file/pattern';
import { includesOf, type ConfTree } from '../../../modules/nginx/tree';

describe('parseArguments', () => {
  test.each([
    ['the article\'s', ['-c', '/a/conf/n.conf', '-p', '/a'], { config: '/a/conf/n.conf', prefix: '/a' }],
    ['Debian\'s', ['-g', 'daemon on; master_process on;'], { globals: 'daemon on; master_process on;' }],
    ['values in the same word, letters together', ['-tqc/x', '-p/y/', '-e', 'stderr'], { config: '/x', prefix: '/y/', errorLog: 'stderr' }],
    ['a signal', ['-s', 'reload', '-c', '/x'], { config: '/x' }],
  ])('reads %s', (_name, args, wanted) => {
    expect(parseArguments(args)).toEqual(wanted);
  });
});

test('the same arguments make the binary use the instance', () => {
  const instance = { name: 'n', unit: undefined, binary: '/n', prefix: '/a', config: '/a/c', globals: 'daemon on;', errorLog: '', pidFile: '', mainPid: 0 };
  expect(argumentsOf(instance)).toEqual(['-p', '/a/', '-c', '/a/c', '-g', 'daemon on;']);
  expect(argumentsOf({ ...instance, globals: undefined }, '/a/.c')).toEqual(['-p', '/a/', '-c', '/a/.c']);
});

test('paths must be absolute, unit names be names', () => {
  expect(whereProblems({ binary: 'nginx', config: 'x' })).toHaveLength(2);
  expect(whereProblems({ unit: 'a/b' })).toHaveLength(1);
  expect(whereProblems({ binary: '/usr/sbin/nginx' })).toEqual([]);
});

describe('candidateNames', () => {
  const texts = { '/n/main': 'http { include a/*.conf; } stream { include s; }', '/n/a/x.conf': 'include deep;', '/n/deep': 'log_format a b;', '/n/s': '# nothing' };
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, parseConf(path, text)]));
  const patterns = [...files.values()].flatMap(file => includesOf({ main: '/n/main' }, file.directives));
  const tree: ConfTree = { main: '/n/main', files, matches: new Map(patterns.map(pattern => [pattern, [...files.keys()].filter(path => matchesPattern(pattern, path))])) };

  test.each([
    [['/n/main'], ['/n/main']],
    [['/n/s'], ['/n/main', '/n/s']],
    [['/n/deep'], ['/n/a/x.conf', '/n/deep', '/n/main']],
    [['/n/unused'], ['/n/unused']],
  ])('a change of %s needs candidates of %s', (changed, wanted) => {
    const names = candidateNames(tree, changed, 'R');
    expect([...names.keys()].sort()).toEqual(wanted);
    expect(names.get(changed[0] ?? '')).toMatch(/\/\.[a-z]+\.runsheet-R$/);
  });
});

test.each([
  ['nginx: [emerg] unknown directive "x" in /c:1\nnginx: configuration file /c test failed\n', 'unknown directive "x" in /c:1'],
  ['2026/11/22 18:17:24 [warn] 1#1: w\n2026/11/22 18:17:24 [emerg] 1#1: no "events" section\n', 'no "events" section'],
  ['nginx: invalid option: "z"\n', 'nginx: invalid option: "z"'],
])('complaintOf %j', (output, wanted) => {
  expect(complaintOf(output)).toBe(wanted);
});
