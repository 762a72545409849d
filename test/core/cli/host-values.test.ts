/** Variables of hosts: the one order, what a text means, and what is said about a wrong value. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { HostValues, hostVarsOf, shareOut } from '../../../core/cli/host-values';
import { readGiven, type GivenVars } from '../../../core/cli/set-vars';
import { hostVars, type HostVars } from '../../../core/host-vars';
import type { Host, Inventory } from '../../../core/inventory/host';
import { playbook, type Playbook } from '../../../core/playbook';
import { Secret } from '../../../core/secret';
import { duration, flag, host, hosts, names, secret } from '../../../core/vars';
import { fromIni, hostOf } from '../inventory/inventories';

const NOTHING: GivenVars = { files: [], sets: [] };

function valuesFor(handles: readonly HostVars<unknown>[], inventory: Inventory, given = NOTHING): HostValues {
  return new HostValues(handles, { inventory, given });
}

/** What the schema makes of one variable that a host line sets. */
function fromLine(schema: z.core.$ZodType, line: string): unknown {
  const inventory = fromIni(`[web]\nw1 ${line}\nw2\n`);
  const web = hostVars('web', z.strictObject({ x: schema }));
  valuesFor([web], inventory);
  return web.of(hostOf(inventory, 'w1')).x;
}

function problemsOf(handle: HostVars<unknown>, ini: string, given = NOTHING): readonly string[] {
  const inventory = fromIni(ini);
  try {
    valuesFor([handle], inventory, given).verify(inventory.hosts);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

describe('the order', () => {
  // From the weakest to the strongest.
  const LEVELS = ['default', 'all', 'parent group', 'group', 'host', 'file', 'later file', '--set'] as const;
  const SECTIONS: Readonly<Record<string, string>> = { all: '[all:vars]', 'parent group': '[prod:vars]', group: '[web:vars]' };
  const pairs = LEVELS.flatMap((weak, i) => LEVELS.slice(i + 1).map(strong => [weak, strong] as const));

  test.each(pairs)('%s gives way to %s', (weak, strong) => {
    const on = (level: string): boolean => level === weak || level === strong;
    const sections = Object.entries(SECTIONS).map(([level, section]) => (on(level) ? `${section}\nx=${level}\n` : ''));
    const inventory = fromIni(`[prod:children]\nweb\n[web]\nw1 ${on('host') ? 'x=host' : ''}\n${sections.join('')}`);
    const files = ['file', 'later file'].filter(on).map((value, line) => ({ name: 'x', value, at: `site.yml:${line + 1}` }));
    const schema = z.string();
    const web = hostVars('web', z.strictObject({ x: on('default') ? schema.default('default') : schema }));
    valuesFor([web], inventory, { files, sets: on('--set') ? [{ path: ['x'], text: '--set' }] : [] });
    expect(web.of(hostOf(inventory, 'w1'))).toEqual({ x: strong });
  });

  test('what it overrides is known, with places', () => {
    const inventory = fromIni('[web]\nw1 x=2\n[web:vars]\nx=3\n');
    const web = hostVars('web', z.strictObject({ x: z.number().default(4), y: z.number().optional() }));
    const values = valuesFor([web], inventory, { files: [{ name: 'x', value: 1, at: 'site.yml:9' }], sets: [{ path: ['x'], text: '0' }] });
    expect(values.of(hostOf(inventory, 'w1')).map(({ levels }) => [...levels])).toEqual([[['x', [
      { value: 0, at: '--set x' }, { name: 'x', value: 1, at: 'site.yml:9' }, { value: 2, at: 'hosts.ini:2' }, { value: 3, at: 'hosts.ini:4' }, { value: 4, at: 'playbook default' },
    ]]]]);
  });

  test('a dotted --set changes one part of what is below', () => {
    const inventory = fromIni(`[web]\nw1 tls="{'cert': 'a', 'key': 'b'}"\nw2\nw3 tls=none\n`);
    const web = hostVars('web', z.strictObject({ tls: z.strictObject({ cert: z.string().default('c'), key: z.string().optional() }).prefault({}) }));
    valuesFor([web], inventory, { files: [], sets: [{ path: ['tls', 'key'], text: 'd' }] });
    expect(web.of(hostOf(inventory, 'w1'))).toEqual({ tls: { cert: 'a', key: 'd' } });
    expect(web.of(hostOf(inventory, 'w2'))).toEqual({ tls: { cert: 'c', key: 'd' } });
    expect(() => web.of(hostOf(inventory, 'w3'))).toThrow('--set tls.key=d is a part of tls, and the value of tls that it would change is no object');
  });
});

describe('a text of an INI inventory', () => {
  test.each<[string, z.core.$ZodType, string, unknown]>([
    ['a number', z.number(), 'x=81', 81],
    ['a number in quotes of its own', z.number(), `x="'81'"`, 81],
    ['a text that looks like a number', z.string(), 'x=1.20', '1.20'],
    ['a text that looks like a switch', z.string(), 'x=True', 'True'],
    ['a switch', z.boolean(), 'x=yes', true],
    ['a literal switch', z.boolean(), 'x=False', false],
    ['a flag', flag(), 'x=on', true],
    ['a flag that looks like a number', flag(), 'x=1', true],
    ['a list with commas', z.array(z.number()), 'x=80,81', [80, 81]],
    ['a list of one', z.array(z.number()), 'x=80', [80]],
    ['a literal list', z.array(z.string()), `x="['a','b']"`, ['a', 'b']],
    ['names', names(), 'x=a,b', ['a', 'b']],
    ['a time', duration(), 'x=30s', '30s'],
    ['one of several words', z.enum(['a', 'b']), 'x=b', 'b'],
    ['either type', z.union([z.number(), z.literal('all')]), 'x=3', 3],
    ['the other type', z.union([z.number(), z.literal('all')]), 'x=all', 'all'],
    ['an object', z.strictObject({ a: z.number() }), `x="{'a': 1}"`, { a: 1 }],
    ['an object in JSON', z.strictObject({ a: z.boolean() }), `x='{"a": true}'`, { a: true }],
    ['nothing at all', z.string().nullable(), 'x=None', null],
    ['not set', z.string().optional(), '', undefined],
  ])('%s', (_name, schema, line, value) => {
    expect(fromLine(schema, line)).toEqual(value);
  });

  test('hosts are looked up', () => {
    expect(fromLine(hosts(), 'x=web')).toEqual([expect.objectContaining({ name: 'w1' }), expect.objectContaining({ name: 'w2' })]);
    expect(fromLine(host(), 'x=w2')).toMatchObject({ name: 'w2' });
  });

  test('a secret is one from then on', () => {
    const made = fromLine(secret(), 'x=0123456789');
    expect(made).toBeInstanceOf(Secret);
    expect([String(made), (made as Secret).reveal()]).toEqual(['[secret]', '0123456789']);
  });
});

describe('a wrong value', () => {
  const web = hostVars('web', z.strictObject({
    port: z.number().max(65_535).default(80), docroot: z.string().optional().describe('where the site lies'), mode: z.enum(['blue', 'green']).default('blue'),
    peer: host().optional(), tls: z.strictObject({ cert: z.string() }).optional(), api_token: z.string().min(20).optional(), pin: secret().optional(),
  }));
  const needed = hostVars('web', z.strictObject({ docroot: z.string().describe('where the site lies'), port: z.number().default(80) }));

  test.each<[string, string, readonly string[]]>([
    ['of a host', 'w1 port=eighty', ['w1: the variable port = "eighty" (hosts.ini:2): expected number, received string']],
    ['of a group, told once', 'w1\nw2\nw3\n[web:vars]\nport=70000', ['w1, w2, w3: the variable port = 70000 (hosts.ini:6): expected number to be <=65535']],
    ['of many hosts', 'w[1:9]\n[web:vars]\nport=x', ['w1, w2, w3, w4, w5, w6, w7 and 2 more: the variable port = "x" (hosts.ini:4): expected number, received string']],
    ['nearly a right one', 'w1 mode=gren', ['w1: the variable mode = "gren" (hosts.ini:2) is not allowed; it is one of "blue", "green"; did you mean "green"?']],
    ['a host that is not there', 'w1 peer=w2', ['w1: the variable peer = "w2" (hosts.ini:2): no host, group or address is called "w2"; did you mean "w1"?']],
    ['inside an object', `w1 tls="{'cret': 'x'}"`, ['w1: there is no variable "tls.cret"; did you mean "tls.cert"? (hosts.ini:2)']],
    ['missing inside an object', 'w1 tls={}', ['w1: the variable tls.cert is missing; set it in the inventory for the host or its group, in a --vars file, or with --set tls.cert=...']],
    ['called like a secret', 'w1 api_token=hunter22', ['w1: the variable api_token = [secret] (hosts.ini:2): expected string to have >=20 characters']],
    ['a secret by its type', `w1 pin="['hunter23']"`, ['w1: the variable pin = [secret] (hosts.ini:2): expected a text']],
    ['two at once', 'w1 port=x\nw2 mode=red', [
      'w1: the variable port = "x" (hosts.ini:2): expected number, received string',
      'w2: the variable mode = "red" (hosts.ini:3) is not allowed; it is one of "blue", "green"',
    ]],
  ])('%s', (_name, ini, problems) => {
    expect(problemsOf(web, `[web]\n${ini}\n`)).toEqual(problems);
  });

  test('a name of the inventory that the schema does not have is left alone', () => {
    expect(problemsOf(web, '[web]\nw1 prot=81 colour=blue\n')).toEqual([]);
  });

  test('a name that is missing and nearly there', () => {
    expect(problemsOf(needed, '[web]\nw1 doc_root=/srv\nw2 colour=blue\n')).toEqual([
      'w1: the variable docroot is missing; hosts.ini:2 sets "doc_root"; did you mean "docroot"? (where the site lies)',
      'w2: the variable docroot is missing; set it in the inventory for the host or its group, in a --vars file, or with --set docroot=... (where the site lies)',
    ]);
  });

  test('of the command line', () => {
    const files = [{ name: 'docroot', value: 7, at: 'site.yml:2' }];
    expect(problemsOf(needed, '[web]\nw1\n', { files, sets: [{ path: ['port'], text: 'x' }] })).toEqual([
      'w1: the variable docroot = 7 (site.yml:2): expected string, received number',
      'w1: the variable port = "x" (--set port): expected number, received string',
    ]);
  });

  test('of a host that is not looked at does no harm until it is asked for', () => {
    const inventory = fromIni('[web]\nw1 docroot=/a\nw2\n');
    const values = valuesFor([needed], inventory);
    expect(() => values.verify([hostOf(inventory, 'w1')])).not.toThrow();
    expect(needed.of(hostOf(inventory, 'w1'))).toEqual({ docroot: '/a', port: 80 });
    expect(() => needed.of(hostOf(inventory, 'w2'))).toThrow(/^w2: the variable docroot is missing/);
  });
});

describe('a handle', () => {
  test('has values for the hosts of its pattern only', () => {
    const inventory = fromIni('[web]\nw1\n[db]\nd1\n');
    const [web, db] = [hostVars('web', z.strictObject({ port: z.number().default(80) })), hostVars('db', z.strictObject({ port: z.number().default(5432) }))];
    valuesFor([web, db], inventory);
    expect([web.of(hostOf(inventory, 'w1')), db.of(hostOf(inventory, 'd1'))]).toEqual([{ port: 80 }, { port: 5432 }]);
    expect(() => web.of(hostOf(inventory, 'd1'))).toThrow(/^test\/core\/cli\/host-values\.test\.ts:\d+: hostVars has no values for d1: it has them for the hosts "web"/);
  });

  test('is no value', () => {
    const web: unknown = hostVars('web', z.strictObject({}));
    expect(() => `is ${web as string}`).toThrow('hostVars("web") is a handle, not a value: write .of(host)');
  });

  test('of a group that the inventory does not have is an error with its place', () => {
    const web = hostVars('wbe', z.strictObject({}));
    expect(() => valuesFor([web], fromIni('[web]\nw1\n'))).toThrow(/^test\/core\/cli\/host-values\.test\.ts:\d+: hostVars: no host, group or address is called "wbe"; did you mean "web"\?$/);
  });

  test('has its types', () => {
    const { of } = hostVars('web', z.strictObject({ port: z.number().default(80), peers: hosts(), docroot: z.string().optional() }));
    expectTypeOf(of).returns.toEqualTypeOf<{ port: number; peers: readonly Host[]; docroot?: string | undefined }>();
  });
});

describe('variables of the playbook and of hosts', () => {
  const web = hostVars('all', z.strictObject({ port: z.number().default(80) }));
  const made: Playbook<{ owner: string }> = playbook({ name: 'x', vars: z.strictObject({ owner: z.string() }), hostVars: web, plays: [] });

  test('are shared out by name', () => {
    const { own, ofHosts } = shareOut(made, readGiven([], ['owner=me', 'port=81']));
    expect([own.sets, ofHosts.sets]).toEqual([[{ path: ['owner'], text: 'me' }], [{ path: ['port'], text: '81' }]]);
  });

  test.each([
    ['prot=81', '--set prot: there is no variable "prot"; did you mean "port"?'],
    ['ownr=me', '--set ownr: there is no variable "ownr"; did you mean "owner"?'],
    ['colour=red', '--set colour: there is no variable "colour"; there are owner, port'],
  ])('--set %s is refused', (set, message) => {
    expect(() => shareOut(made, readGiven([], [set]))).toThrow(message);
  });

  test.each<[string, z.core.$ZodType, RegExp]>([
    ['a name in both', z.strictObject({ owner: z.string() }), /:\d+: the variable owner is one of the playbook and one of its hosts as well; take it out of vars or out of hostVars$/],
    ['how a host is reached', z.strictObject({ ansible_port: z.number() }), /:\d+: ansible_port says how a host is reached, and only the inventory sets it/],
    ['what is no object', z.string(), /:\d+: hostVars takes a zod object/],
  ])('%s is refused', (_name, schema, message) => {
    expect(() => hostVarsOf({ ...made, hostVars: hostVars('all', schema) })).toThrow(message);
  });
});
