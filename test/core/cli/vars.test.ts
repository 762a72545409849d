import { expect, expectTypeOf, describe, test } from 'vitest';
import { join } from 'node:path';
import { z } from 'zod';
import { describeVars } from '../../../core/cli/describe-vars';
import { parseVars } from '../../../core/cli/parse-vars';
import { collectVars, readGiven } from '../../../core/cli/set-vars';
import type { Duration } from '../../../core/duration';
import type { Host } from '../../../core/inventory/host';
import { duration, flag, host, hosts, names } from '../../../core/vars';
import { fromIni, withFiles } from '../inventory/inventories';

const inventory = fromIni('[masters]\nm1 ansible_host=172.72.0.95\nm2 ansible_host=172.72.0.96\nm3 ansible_host=172.72.0.97\n[nodes]\nn1\n[empty]\n');

const schema = z.strictObject({
  leaving: hosts().describe('masters that leave'),
  kept: hosts().prefault('nodes'),
  spare: hosts().optional(),
  first: host().optional(),
  dead: names().default([]).describe('masters that are gone'),
  wipe: flag().default(false),
  settle: duration().default('6s'),
  etcdRestart: z.enum(['none', 'rolling']).default('none'),
  serial: z.number().int().min(1).default(1),
  proxy: z.string().default('127.0.0.1:8443'),
  key: z.string().nullable().default(null),
  ports: z.array(z.number()).default([]),
  size: z.union([z.number(), z.literal('all')]).optional(),
  units: z.strictObject({ nginx: z.string().default('kube-nginx'), etcd: z.string().default('kube-etcd') }).prefault({}),
  labels: z.record(z.string(), z.string()).default({}),
  groups: z.array(z.strictObject({ of: hosts() })).optional(),
});

function parse(...sets: string[]): unknown {
  const parsed = parseVars(schema, collectVars(schema, readGiven([], sets)), inventory);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return JSON.parse(JSON.stringify(parsed.vars, (_key, value: unknown) => (isHost(value) ? `<${value.name}>` : value)));
}

function isHost(value: unknown): value is Host {
  return typeof value === 'object' && value !== null && 'connection' in value;
}

const defaults = {
  leaving: ['<m2>'], kept: ['<n1>'], dead: [], wipe: false, settle: '6s', etcdRestart: 'none', serial: 1, proxy: '127.0.0.1:8443', key: null, ports: [],
  units: { nginx: 'kube-nginx', etcd: 'kube-etcd' }, labels: {},
};

describe('playbook variables', () => {
  test.each<[string, string[], object]>([
    ['a host', [], {}],
    ['an address', ['leaving=172.72.0.96'], {}],
    ['several addresses, each matched whole', ['leaving=172.72.0.97,172.72.0.96'], { leaving: ['<m2>', '<m3>'] }],
    ['a pattern', ['leaving=masters:!m1'], { leaving: ['<m2>', '<m3>'] }],
    ['a list of hosts', ['leaving=["m3", "m2"]'], { leaving: ['<m2>', '<m3>'] }],
    ['no hosts', ['leaving=[]'], { leaving: [] }],
    ['one host', ['first=172.72.0.95'], { first: '<m1>' }],
    ['names that are no hosts', ['dead=x, 10.0.0.1,'], { dead: ['x', '10.0.0.1'] }],
    ['a switch', ['wipe=yes'], { wipe: true }],
    ['a time', ['settle=500ms'], { settle: '500ms' }],
    ['one of several words', ['etcdRestart=rolling'], { etcdRestart: 'rolling' }],
    ['a number', ['serial=2'], { serial: 2 }],
    ['a text that looks like a number', ['proxy=8443'], { proxy: '8443' }],
    ['a text with =', ['proxy=a=b'], { proxy: 'a=b' }],
    ['an empty text', ['proxy='], { proxy: '' }],
    ['null', ['key=null'], { key: null }],
    ['a list', ['ports=1,2'], { ports: [1, 2] }],
    ['a list in JSON', ['ports=[3]'], { ports: [3] }],
    ['a choice of types', ['size=all'], { size: 'all' }],
    ['the other type', ['size=3'], { size: 3 }],
    ['a field of an object', ['units.etcd=etcd'], { units: { nginx: 'kube-nginx', etcd: 'etcd' } }],
    ['an object in JSON, then a field', ['units={"nginx":"ng"}', 'units.etcd=e'], { units: { nginx: 'ng', etcd: 'e' } }],
    ['a record', ['labels.a=1', 'labels.b=2'], { labels: { a: '1', b: '2' } }],
    ['hosts inside a list of objects', ['groups=[{"of": "nodes"}]'], { groups: [{ of: ['<n1>'] }] }],
    ['the last of several', ['serial=2', 'serial=3'], { serial: 3 }],
  ])('takes %s', (_name, sets, expected) => {
    expect(parse('leaving=m2', ...sets)).toEqual({ ...defaults, ...expected });
  });

  test.each<[string, string[], string]>([
    ['a missing variable', [], 'the variable leaving is missing; add --set leaving=... (masters that leave)'],
    ['an unknown host', ['leaving=m22'], 'the variable leaving = "m22": no host, group or address is called "m22"; did you mean "m2"?'],
    ['an address that is only the start of one', ['leaving=172.72.0.9'], 'the variable leaving = "172.72.0.9": no host, group or address is called "172.72.0.9"; did you mean "172.72.0.95"?'],
    ['a pattern that matches nothing', ['leaving=x*'], 'the variable leaving = "x*": no host of the inventory matches it; [] is an empty list'],
    ['an empty group', ['leaving=empty'], 'the variable leaving = "empty": no host of the inventory matches it'],
    ['nothing', ['leaving='], 'the variable leaving = "": an empty host pattern names no host'],
    ['several for one', ['leaving=m1', 'first=masters'], 'the variable first = "masters": it must be one host, and there are 3 of that name'],
    ['an unknown word', ['leaving=m1', 'etcdRestart=rollin'], 'the variable etcdRestart = "rollin" is not allowed; it is one of "none", "rolling"; did you mean "rolling"?'],
    ['a word for a number', ['leaving=m1', 'serial=two'], 'the variable serial = "two": expected number, received string'],
    ['a number that is too small', ['leaving=m1', 'serial=0'], 'the variable serial = 0: expected number to be >=1'],
    ['a wrong switch', ['leaving=m1', 'wipe=perhaps'], 'the variable wipe = "perhaps": expected yes or no'],
    ['a time with no unit', ['leaving=m1', 'settle=10'], 'the variable settle = "10": expected a length of time such as 500ms, 30s, 10m, 2h'],
    ['a wrong choice', ['leaving=m1', 'size=some'], 'the variable size = "some": '],
    ['hosts inside an object', ['leaving=m1', 'groups=[{"of": "nodez"}]'], 'the variable groups.0.of = "nodez": no host, group or address is called "nodez"; did you mean "nodes"?'],
  ])('refuses %s', (_name, sets, message) => {
    expect(() => parse(...sets)).toThrow(message);
  });

  test.each<[string, string]>([
    ['leavin=m1', 'there is no variable "leavin"; did you mean "leaving"?'],
    ['units.ngnix=x', 'there is no variable "units.ngnix"; did you mean "units.nginx"?'],
    ['units.quite.other=x', 'there is no variable "units.quite"; there are units.nginx, units.etcd'],
    ['proxy.port=1', 'the variable "proxy" is no object, it has no "port"'],
    ['leaving', 'write name=value'],
    ['=x', 'write name=value'],
    ['units={nginx', 'is no JSON'],
  ])('refuses --set %s', (set, message) => {
    expect(() => parse(set)).toThrow(message);
  });

  test('tells all problems at once', () => {
    const parsed = parseVars(schema, { leaving: ['m2'], serial: 0, wipe: 3 }, inventory);
    expect(parsed).toEqual({ ok: false, problems: ['the variable wipe = 3: expected yes or no', 'the variable serial = 0: expected number to be >=1'] });
  });

  test('takes files first, then --set', () => {
    const files = { 'one.yml': 'leaving: [m2]\nserial: 2\nunits:\n  nginx: ng\n', 'two.json': '{"serial": 3, "wipe": true}', 'bad.yml': 'a: [1\n', 'typo.yml': 'units: {ngnix: x}\nleaving: m1\n' };
    withFiles(files, folder => {
      const at = (name: string): string => join(folder, name);
      const raw = collectVars(schema, readGiven([at('one.yml'), at('two.json')], ['units.etcd=e', 'serial=4']));
      expect(raw).toEqual({ leaving: ['m2'], serial: 4, wipe: true, units: { nginx: 'ng', etcd: 'e' } });
      expect(() => readGiven([at('bad.yml')], [])).toThrow(/^--vars .*bad.yml: line \d: /);
      expect(() => readGiven([at('none.yml')], [])).toThrow('there is no such file');
      expect(parseVars(schema, collectVars(schema, readGiven([at('typo.yml')], [])), inventory)).toEqual({ ok: false, problems: ['there is no variable "units.ngnix"; did you mean "units.nginx"?'] });
    });
  });

  test('a playbook without variables takes none', () => {
    expect(() => collectVars(undefined, readGiven([], ['a=1']))).toThrow('there is no variable "a"; the playbook takes none');
    expect(parseVars(undefined, {}, inventory)).toEqual({ ok: true, vars: {} });
    expect(parseVars(undefined, { a: 1 }, inventory)).toMatchObject({ ok: false });
  });

  test('a plain z.object does not drop a mistyped name in silence, a loose one takes any', () => {
    expect(parseVars(z.object({ name: z.string().optional() }), { nmae: 'x' }, inventory)).toMatchObject({ ok: false });
    expect(parseVars(z.looseObject({ name: z.string().optional() }), { more: 'x' }, inventory)).toEqual({ ok: true, vars: { more: 'x' } });
  });

  test('have their types', () => {
    type Vars = z.infer<typeof schema>;
    expectTypeOf<Vars['leaving']>().toEqualTypeOf<readonly Host[]>();
    expectTypeOf<Vars['first']>().toEqualTypeOf<Host | undefined>();
    expectTypeOf<Vars['dead']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<Vars['wipe']>().toEqualTypeOf<boolean>();
    expectTypeOf<Vars['settle']>().toEqualTypeOf<Duration>();
  });
});

describe('describeVars', () => {
  test('has a row for each variable', () => {
    const rows = describeVars(schema).map(row => `${row.name} | ${row.type} | ${row.default ?? '-'} | ${row.required ? 'required' : ''} | ${row.description}`);
    expect(rows).toEqual([
      'leaving | hosts | - | required | masters that leave',
      'kept | hosts | nodes |  | ',
      'spare | hosts | - |  | ',
      'first | host | - |  | ',
      'dead | names | [] |  | masters that are gone',
      'wipe | yes or no | false |  | ',
      'settle | time | 6s |  | ',
      'etcdRestart | none | rolling | none |  | ',
      'serial | number | 1 |  | ',
      'proxy | string | 127.0.0.1:8443 |  | ',
      'key | string or null | null |  | ',
      'ports | list of number | [] |  | ',
      'size | number | all | - |  | ',
      'units.nginx | string | kube-nginx |  | ',
      'units.etcd | string | kube-etcd |  | ',
      'labels | names to string | {} |  | ',
      'groups | list of object | - |  | ',
    ]);
    expect(describeVars(undefined)).toEqual([]);
  });
});
