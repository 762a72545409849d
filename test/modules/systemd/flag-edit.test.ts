import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveTexts, type UnitTexts } from '../../../modules/systemd/effective';
import { editFlag } from '../../../modules/systemd/flag-edit';
import { flagsOf } from '../../../modules/systemd/exec';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixtures', name), 'utf8');
const only = (text: string, environment?: string): UnitTexts => ({
  unit: 'x.service',
  files: [{ path: '/u', text }],
  environmentFiles: environment === undefined ? [] : [{ path: '/e', text: environment }],
});
const service = (exec: string, environment?: string): UnitTexts => only(`[Service]\n${exec}`, environment);
const lines = (before: string, after: string): readonly string[] =>
  createTwoFilesPatch('a', 'b', before, after).split('\n').slice(4).filter(line => /^[-+]/.test(line));
const edited = (texts: UnitTexts, flag: string, value: string | boolean | undefined): string | undefined => editFlag(texts, { flag, value })?.after;
const args = (texts: UnitTexts): readonly string[] => resolveTexts(texts).commands[0]?.args.map(arg => arg.text) ?? [];
const flags = (texts: UnitTexts): Record<string, string | undefined> =>
  Object.fromEntries(resolveTexts(texts).commands.flatMap(flagsOf).map(use => [use.name, use.value]));

describe('flagsOf', () => {
  test('reads every flag of a unit of the article', () => {
    const found = flags(only(fixture('kube-apiserver.service')));
    expect(Object.keys(found)).toHaveLength(22);
    expect(found['etcd-servers']).toBe('https://172.72.0.95:2379,https://172.72.0.96:2379,https://172.72.0.97:2379');
    expect(found['feature-gates']).toBe('DynamicAuditing=true');
    expect(found['v']).toBe('2');
  });

  test('reads flags out of an EnvironmentFile', () => {
    expect(flags(only(fixture('opts-apiserver.service'), fixture('opts-apiserver.conf')))).toEqual({
      'logtostderr': 'false', 'v': '2', 'etcd-servers': 'https://172.72.0.95:2379,https://172.72.0.96:2379',
      'bind-address': '172.72.0.95', 'service-node-port-range': '30000-32767',
    });
    expect(flags(only(fixture('centos-apiserver.service'), fixture('centos-apiserver.conf')))).toEqual({
      'etcd-servers': 'http://127.0.0.1:2379', 'service-cluster-ip-range': '10.254.0.0/16',
    });
    expect(flags(only(fixture('debian-etcd.service'), fixture('debian-etcd.default')))).toEqual({
      'snapshot-count': '50000', 'max-snapshots': '7', 'initial-cluster-state': 'existing',
    });
  });

  test.each([
    ['one dash, a value as the next word, none at all', 'ExecStart=/x -a=1 -b 2 --c --d', { a: '1', b: '2', c: undefined, d: undefined }],
    ['nothing behind --', 'ExecStart=/x --a=1 -- --b=2', { a: '1' }],
    ['quotes and escapes', String.raw`ExecStart=/x "--a=b c" --d=e\x20f`, { a: 'b c', d: 'e f' }],
    ['an inline variable', 'Environment="A=1 2" B=3\nExecStart=/x --a=${A} --b=${B}${B} --c=$$B', { a: '1 2', b: '33', c: '$B' }],
    ['no variables with the prefix :', 'Environment=A=1\nExecStart=-:/x --a=${A}', { a: '${A}' }],
    ['what follows the last reset', 'ExecStart=/x --a=1\nExecStart=\nExecStart=/y --a=2', { a: '2' }],
  ])('reads %s', (_name, exec, wanted) => {
    expect(flags(service(exec))).toEqual(wanted);
  });

  test('reads the flags of a drop-in that resets ExecStart', () => {
    const texts: UnitTexts = {
      unit: 'x.service',
      files: [{ path: '/u', text: '[Service]\nExecStart=/x --a=1\n' }, { path: '/d', text: '[Service]\nExecStart=\nExecStart=/x --a=2\n' }],
      environmentFiles: [],
    };
    expect(flags(texts)).toEqual({ a: '2' });
    expect(editFlag(texts, { flag: '--a', value: '3' })).toMatchObject({ path: '/d', line: 3, from: '2', to: '3' });
  });
});

describe('editFlag', () => {
  test('changes one line of the article\'s unit and nothing else', () => {
    const before = fixture('kube-apiserver.service');
    const after = edited(only(before), '--etcd-servers', 'https://172.72.0.95:2379') ?? '';
    expect(lines(before, after)).toEqual([
      '-  --etcd-servers=https://172.72.0.95:2379,https://172.72.0.96:2379,https://172.72.0.97:2379 \\',
      '+  --etcd-servers=https://172.72.0.95:2379 \\',
    ]);
    expect(edited(only(after), '--etcd-servers', 'https://172.72.0.95:2379')).toBeUndefined();
  });

  test('changes the variable of an EnvironmentFile that holds the flag', () => {
    const environment = fixture('opts-apiserver.conf');
    const edit = editFlag(only(fixture('opts-apiserver.service'), environment), { flag: 'etcd-servers', value: 'https://172.72.0.95:2379' });
    expect(edit?.path).toBe('/e');
    expect(edit?.line).toBe(3);
    expect(lines(environment, edit?.after ?? '')).toHaveLength(2);
    const centos = editFlag(only(fixture('centos-apiserver.service'), fixture('centos-apiserver.conf')), { flag: '--service-cluster-ip-range', value: '10.0.0.0/16' });
    expect(centos?.after).toContain('\nSERVICE_RANGE=10.0.0.0/16\n');
  });

  test.each([
    ['sets a value', 'ExecStart=/x --a=1 --b=2', '--a', '9', 'ExecStart=/x --a=9 --b=2'],
    ['sets a value that is the next word', 'ExecStart=/x --a 1 --b=2', '--a', '9', 'ExecStart=/x --a 9 --b=2'],
    ['keeps one dash', 'ExecStart=/x -a=1', '--a', '9', 'ExecStart=/x -a=9'],
    ['keeps quotes', 'ExecStart=/x "--a=1 2" --b=\'3\'', '--a', '9', 'ExecStart=/x "--a=9" --b=\'3\''],
    ['keeps quotes around the value alone', 'ExecStart=/x --a="1"', '--a', '9', 'ExecStart=/x --a="9"'],
    ['fills an empty value', 'ExecStart=/x --a= --b', '--a', '9', 'ExecStart=/x --a=9 --b'],
    ['fills an empty quoted word', 'ExecStart=/x --a "" --b', '--a', '9', 'ExecStart=/x --a "9" --b'],
    ['gives a bare flag a value', 'ExecStart=/x --a --b', '--a', '9', 'ExecStart=/x --a=9 --b'],
    ['escapes what systemd would read', 'ExecStart=/x --a=1', '--a', '5% $X "q" \\', 'ExecStart=/x --a=5%%\\x20$$X\\x20\\"q\\"\\x20\\\\'],
    ['replaces a specifier', 'ExecStart=/x --a=%H', '--a', 'm1', 'ExecStart=/x --a=m1'],
    ['adds a flag', 'ExecStart=/x --b=2', '--a', '9', 'ExecStart=/x --b=2 --a=9'],
    ['adds a flag behind a program alone', 'ExecStart=/x\nUser=u', '--a', '9', 'ExecStart=/x --a=9\nUser=u'],
    ['adds a flag on a line of its own', 'ExecStart=/x \\\n  --b=2\nUser=u', '--a', '9', 'ExecStart=/x \\\n  --b=2 \\\n  --a=9\nUser=u'],
    ['adds a flag behind a comment', 'ExecStart=/x --c \\\n# n\n\t--b=2\n', '--a', '9', 'ExecStart=/x --c \\\n# n\n\t--b=2 \\\n\t--a=9\n'],
    ['adds a flag behind a variable', 'ExecStart=/x $O', '--a', '9', 'ExecStart=/x $O --a=9'],
    ['adds a bare flag', 'ExecStart=/x', '--a', true, 'ExecStart=/x --a'],
    ['turns false into true', 'ExecStart=/x --a=false', '--a', true, 'ExecStart=/x --a=true'],
    ['turns a bare flag into false', 'ExecStart=/x --a', '--a', false, 'ExecStart=/x --a=false'],
    ['removes a flag', 'ExecStart=/x --a=1 --b=2', '--a', undefined, 'ExecStart=/x --b=2'],
    ['removes the last flag', 'ExecStart=/x --b=2 --a=1', '--a', undefined, 'ExecStart=/x --b=2'],
    ['removes a flag and its value', 'ExecStart=/x --a 1 --b=2', '--a', undefined, 'ExecStart=/x --b=2'],
    ['removes a whole line', 'ExecStart=/x \\\n  --a=1 \\\n  --b=2\n', '--a', undefined, 'ExecStart=/x \\\n  --b=2\n'],
    ['removes the last line', 'ExecStart=/x \\\n  --b=2 \\\n  --a=1\nUser=u\n', '--a', undefined, 'ExecStart=/x \\\n  --b=2\nUser=u\n'],
    ['removes a line between comments', 'ExecStart=/x \\\n# n\n  --a=1 \\\n; m\n  --b=2\n', '--a', undefined, 'ExecStart=/x \\\n# n\n; m\n  --b=2\n'],
    ['removes the last line behind a comment', 'ExecStart=/x \\\n# n\n  --a=1\nUser=u\n', '--a', undefined, 'ExecStart=/x \\\n# n\n  \nUser=u\n'],
    ['keeps CRLF', 'ExecStart=/x \\\r\n  --a=1 \\\r\n  --b=2\r\n', '--b', '3', 'ExecStart=/x \\\r\n  --a=1 \\\r\n  --b=3\r\n'],
    ['replaces a value made of variables', 'Environment=M=1 N=2\nExecStart=/x --a=http://${M},http://${N} --b', '--a', '9', 'Environment=M=1 N=2\nExecStart=/x --a=9 --b'],
    ['changes an inline variable', 'Environment="A=1" B=2\nExecStart=/x --a=${A}', '--a', '9', 'Environment="A=9" B=2\nExecStart=/x --a=${A}'],
  ])('%s', (_name, exec, flag, value, wanted) => {
    const before = service(exec);
    expect(edited(before, flag, value)).toBe(`[Service]\n${wanted}`);
    expect(edited(service(wanted), flag, value)).toBeUndefined();
  });

  test.each([
    ['removes the first flag of a variable', 'O="--a=1 \\\n--b=2"\n', '--a', undefined, 'O="--b=2"\n'],
    ['removes the last flag of a variable', 'O="--b=2 \\\n--a=1"\nP=1\n', '--a', undefined, 'O="--b=2"\nP=1\n'],
    ['removes the only flag of a variable', 'O="--a=1"\n', '--a', undefined, 'O=""\n'],
    ['sets a flag of a variable without quotes', 'O=--a=1 --b=2\n', '--b', '3', 'O=--a=1 --b=3\n'],
  ])('%s', (_name, environment, flag, value, wanted) => {
    expect(edited(service('ExecStart=/x $O', environment), flag, value)).toBe(wanted);
  });

  test.each([
    ['a flag given twice', service('ExecStart=/x --a=1 \\\n --a=2'), '--a', '3', '--a is given twice in x.service: /u:2 and /u:3'],
    ['a shell', service('ExecStart=/bin/bash -c "exec /x --a=1"'), '--a', '3', 'runs a shell'],
    ['no ExecStart', service('User=u'), '--a', '3', 'no ExecStart='],
    ['two commands', service('ExecStart=/x --a=1 ; /y'), '--a', '3', 'more than one ExecStart='],
    ['a variable used twice', service('ExecStart=/x --a=${A} --b=${A}', 'A=1\n'), '--a', '3', '/e: --a cannot be edited'],
    ['a quote in an unquoted variable', service('ExecStart=/x $O', 'O=--a=1\n'), '--a', 'x y', '/e: --a cannot be edited'],
    ['a variable that is not set', service('ExecStart=/x --a=${A}'), '--a', '3', 'comes from ${A}, which is empty'],
    ['flags behind --', service('ExecStart=/x --b -- y'), '--a', '3', 'behind "--"'],
  ])('refuses %s', (_name, texts, flag, value, message) => {
    expect(() => editFlag(texts, { flag, value })).toThrow(message);
  });

  test('an edit does to the arguments what was meant, whatever the values', () => {
    const value = fc.string({ minLength: 1, unit: fc.constantFrom('a', '1', ',', '=', ':', '/', ' ', '%', '$', '"', "'", '\\', ';', '{', '}', '#', 'ä') });
    const gap = fc.constantFrom(' ', '  ', ' \\\n  ', ' \\\n# note\n\t', ' \\\r\n ');
    const word = fc.tuple(fc.constantFrom('--b=2', '--c', '"--d=x y"', '-e 5', "'f g'", '%i', '${U}'), gap);
    fc.assert(fc.property(fc.array(word, { maxLength: 6 }), fc.nat(6), value, (words, where, wanted) => {
      const pieces = words.map(([text, blank]) => `${blank}${text}`);
      const at = Math.min(where, pieces.length);
      const before = service(`User=u\nExecStart=/x${[...pieces.slice(0, at), ' \\\n  --target=old', ...pieces.slice(at)].join('')}\nType=simple\n`);
      const rest = args(before).filter(text => text !== '--target=old');
      const set = edited(before, '--target', wanted) ?? '';
      expect(args(only(set))).toEqual(args(before).map(text => text === '--target=old' ? `--target=${wanted}` : text));
      expect(edited(only(set), '--target', 'old')).toBe(before.files[0]?.text);
      const removed = edited(before, '--target', undefined) ?? '';
      expect(args(only(removed))).toEqual(rest);
      expect(removed.split('# note')).toHaveLength((before.files[0]?.text ?? '').split('# note').length);
      if (wanted !== 'old') expect(args(only(edited(only(removed), '--target', wanted) ?? ''))).toEqual([...rest, `--target=${wanted}`]);
    }), { numRuns: 100 });
  });
});
