import { describe, expect, test } from 'vitest';
import { fromIni, names } from './inventories';

const inventory = fromIni(`lone ansible_host=10.0.0.9
[web]
web1
web2 ansible_host=10.0.0.2
web10.example.com
[db]
db2
db1
web2
v6 ansible_host=fd00::1
fd00::2
[prod:children]
web
[empty]
`);

describe('select', () => {
  test.each<[string, string]>([
    ['all', 'lone web1 web2 web10.example.com db2 db1 v6 fd00::2'],
    ['*', 'lone web1 web2 web10.example.com db2 db1 v6 fd00::2'],
    ['web1', 'web1'],
    ['web', 'web1 web2 web10.example.com'],
    ['prod', 'web1 web2 web10.example.com'],
    ['ungrouped', 'lone'],
    ['empty', ''],
    ['db1,web1', 'web1 db1'],
    ['db1:web1', 'web1 db1'],
    [' db1 , web1 ', 'web1 db1'],
    ['web,db', 'web1 web2 web10.example.com db2 db1 v6 fd00::2'],
    ['web:&db', 'web2'],
    ['&db:web', 'web2'],
    ['web:!web2', 'web1 web10.example.com'],
    ['!web2:web', 'web1 web10.example.com'],
    ['all:!web:!db', 'lone'],
    ['!db', 'lone web1 web10.example.com'],
    ['&web,!web1', 'web2 web10.example.com'],
    ['web:db:&prod:!web1', 'web2 web10.example.com'],
    ['web?', 'web1 web2'],
    ['web*', 'web1 web2 web10.example.com'],
    ['*.example.com', 'web10.example.com'],
    ['web[1-2]', 'web1 web2'],
    ['web[!1]', 'web2'],
    ['web[!1]*', 'web2'],
    ['web[]1]', 'web1'],
    ['+(web1)*', ''],
    ['d*', 'web2 db2 db1 v6 fd00::2'],
    ['no*', ''],
    ['~web[0-9]+$', 'web1 web2'],
    ['~(lone|db1)', 'lone db1'],
    ['~b1', ''],
    ['all:!~db.*', 'lone web1 web10.example.com'],
    ['web[0]', 'web1'],
    ['web[-1]', 'web10.example.com'],
    ['web[1:2]', 'web2 web10.example.com'],
    ['web[1:]', 'web2 web10.example.com'],
    ['web[0:0]', 'web1'],
    ['web[5:9]', ''],
    ['db[0]', 'db2'],
    ['web[0],db[1]', 'web1 db1'],
    ['web*[0]', 'web1'],
    ['10.0.0.2', 'web2'],
    ['10.0.0.2,10.0.0.9', 'lone web2'],
    ['fd00::1', 'v6'],
    ['fd00:0:0::1', 'v6'],
    ['[fd00::1]', 'v6'],
    ['fd00::1,fd00::2,!web', 'v6 fd00::2'],
    ['all:!db,!lone', 'web1 web10.example.com'],
    ['db,!fd00::2', 'web2 db2 db1 v6'],
  ])('%s', (pattern, expected) => {
    expect(names(inventory.select(pattern))).toBe(expected);
  });

  test.each<[string, string]>([
    ['wbe1', 'no host, group or address is called "wbe1"; did you mean "web1"?'],
    ['web,dbb', 'no host, group or address is called "dbb"; did you mean "db"?'],
    ['all:!wep', 'no host, group or address is called "wep"; did you mean "web"?'],
    ['10.0.0', 'no host, group or address is called "10.0.0"'],
    ['10.0.0.22', 'no host, group or address is called "10.0.0.22"; did you mean "10.0.0.2"?'],
    ['fd00::9', 'no host, group or address is called "fd00::9"; did you mean "fd00::1"?'],
    ['entirely-different', 'no host, group or address is called "entirely-different"'],
    ['web[3]', 'web[3] names no host: web has 3, and the first one is web[0]'],
    ['', 'an empty host pattern'],
    [' , ', 'an empty host pattern'],
    ['web:!', '"!" stands alone'],
    ['web,&', '"&" stands alone'],
    ['{web1}', 'called "{web1}"'],
    ['web[9-1]', 'the wrong way round'],
    ['~web(', 'is no regular expression'],
  ])('refuses "%s"', (pattern, message) => {
    expect(() => inventory.select(pattern)).toThrow(message);
  });

  test('says how to work on the controller itself', () => {
    expect(() => inventory.select('localhost')).toThrow(expect.objectContaining({ hint: 'Add "localhost ansible_connection=local" to the inventory.' }));
  });

  test('takes addresses whole in find', () => {
    expect(inventory.find('10.0.0.9')?.name).toBe('lone');
    expect(inventory.find('web1')?.name).toBe('web1');
    expect(inventory.find('[fd00::1]')?.name).toBe('v6');
    expect(inventory.find('10.0.0')).toBeUndefined();
  });
});
