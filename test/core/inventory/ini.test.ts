import { describe, expect, test } from 'vitest';
import { fromIni, hostOf, names } from './inventories';

describe('readIni', () => {
  test('reads groups, hosts, ranges, children and comments', () => {
    const inventory = fromIni(`
# a comment
; another one
lone
[web]   # with a comment
web[1:2].example.com
[db]
db-[a:b]

[prod:children]
web
db # all of them
`);
    expect(names(inventory.hosts)).toBe('lone web1.example.com web2.example.com db-a db-b');
    expect(names(inventory.groups.get('prod'))).toBe('web1.example.com web2.example.com db-a db-b');
    expect(names(inventory.groups.get('ungrouped'))).toBe('lone');
    expect(names(inventory.groups.get('all'))).toBe(names(inventory.hosts));
    expect(hostOf(inventory, 'db-a').groups).toEqual(['prod', 'db']);
    expect(hostOf(inventory, 'lone').groups).toEqual(['ungrouped']);
  });

  test('takes a host that stands in several groups for one host', () => {
    const inventory = fromIni('[a]\nx one=1\n[b]\nx two=2 one=3\n');
    expect(inventory.hosts).toHaveLength(1);
    expect(hostOf(inventory, 'x')).toMatchObject({ groups: ['a', 'b'], vars: { one: 3, two: 2 } });
    expect(inventory.groups.get('a')?.[0]).toBe(inventory.groups.get('b')?.[0]);
  });

  test('reads values of host lines and of :vars as Python literals, or else as strings', () => {
    const inventory = fromIni(`[web]
x n=1 t=True low=true list="[1, 'a']" text='two words' quoted="'03#pa33w0rd'" empty= zero=0123
[web:vars]
port=8080 # the port
flag=false
name = a name # and no comment
motd="a # in quotes"
maps={'a': 1}
`);
    expect(hostOf(inventory, 'x').vars).toEqual({
      n: 1, t: true, low: 'true', list: [1, 'a'], text: 'two words', quoted: '03#pa33w0rd', empty: '', zero: '0123',
      port: 8080, flag: 'false', name: 'a name # and no comment', motd: 'a # in quotes', maps: { a: 1 },
    });
  });

  test('reads ports and addresses of host lines', () => {
    const inventory = fromIni('a:2222\n[b]\n10.0.0.[1:2]:23\nfd00::1\n[fd00::2]:24\nfd00::3 ansible_port=25\n[b:vars]\nansible_port=26\n');
    expect(inventory.hosts.map(host => [host.name, host.connection.port])).toEqual([
      ['a', 2222], ['10.0.0.1', 23], ['10.0.0.2', 23], ['fd00::1', 26], ['fd00::2', 24], ['fd00::3', 25],
    ]);
  });

  test('reads a file with Windows line ends', () => {
    expect(hostOf(fromIni('[web]\r\nx a=1\r\n'), 'x').vars).toEqual({ a: 1 });
  });

  test.each<[string, string, string]>([
    ['a section with blanks', '[web servers]\nx', 'hosts.ini:1: [web servers] is no section; write [group], [group:children] or [group:vars], without blanks'],
    ['an unknown kind of section', '[web]\nx\n[web:childs]', 'hosts.ini:3: [web:childs]: a section ends in :children or :vars, not in :childs'],
    ['a word that is no variable', '[web]\nx a=1 oops', 'hosts.ini:2: "oops" is no variable; write key=value, and put values with blanks into quotes'],
    ['a line of :vars that is none', '[web]\nx\n[web:vars]\noops', 'hosts.ini:4: "oops" is no variable; write key=value'],
    ['a child that is no group', '[web]\nx\n[all2:children]\nwbe', 'hosts.ini:4: [all2:children] names the group "wbe", which is not there; did you mean "web"?'],
    ['variables of a group that is not there', '[web]\nx\n[wbe:vars]\na=1', 'hosts.ini:3: [wbe:vars] sets variables of a group that is not there; did you mean "web"?'],
    ['a circle of groups', '[a:children]\nb\n[b:children]\nc\n[c:children]\na\n', 'hosts.ini:6: the groups c -> a -> b -> c hold each other; take one of them out of the other\'s children'],
    ['a group below itself', '[a:children]\na\n', 'hosts.ini:2: the groups a -> a hold each other; take one of them out of the other\'s children'],
    ['an open quote', 'x a="b', 'hosts.ini:1: a " is not closed'],
    ['a wrong range', '[w]\n\nx[3:1]', 'hosts.ini:3: the range [3:1] in "x[3:1]" begins after its end'],
    ['a colon with no port', 'x:', 'hosts.ini:1: "x:" names no host'],
    ['more than a name in :children', '[a:children]\nb c=1', 'hosts.ini:2: "b c=1" is no group; [a:children] takes one name a line'],
  ])('refuses %s', (_name, text, message) => {
    expect(() => fromIni(text)).toThrow(message);
  });

  test('does not repeat the rest of a password that was not quoted', () => {
    expect(() => fromIni('x ansible_password=two words')).toThrow('what follows ansible_password is no variable');
  });
});
