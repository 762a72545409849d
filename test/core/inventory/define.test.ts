import { describe, expect, test } from 'vitest';
import { inventory, readEntries, type InventoryModule } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Inventory } from '../../../core/inventory/host';
import { readIni } from '../../../core/inventory/ini';
import { mergeDraft } from '../../../core/inventory/merge';
import { Secret } from '../../../core/secret';
import example from '../../../inventory/example';
import lab from '../../../inventory/lab';
import { hostOf, names } from './inventories';

function read(module: InventoryModule, ini = ''): Inventory {
  const draft = newDraft();
  readEntries(draft, module.entries, 'hosts.ts');
  readIni(draft, ini, 'more.ini');
  return mergeDraft(draft, ['hosts.ts']);
}

describe('inventory', () => {
  test('says how hosts are reached, the nearest level last', () => {
    const made = read(inventory({
      user: 'everyone', port: 1,
      hosts: { a: { port: 3, password: new Secret('of host a') }, b: { type: 'local' }, c: {} },
      groups: { g: { hosts: ['a', 'b'], user: 'of-g', port: 2, knownHosts: ['/k'] }, top: { children: ['g'], user: 'of-top', privateKeyFile: '/key' } },
    }));
    expect(hostOf(made, 'a').connection).toMatchObject({ type: 'ssh', address: 'a', user: 'of-g', port: 3, privateKeyFile: '/key', knownHosts: ['/k'] });
    expect(hostOf(made, 'a').connection.password?.reveal()).toBe('of host a');
    expect(hostOf(made, 'b').connection).toMatchObject({ type: 'local', port: 2 });
    expect(hostOf(made, 'c').connection).toEqual({ type: 'ssh', address: 'c', user: 'everyone', port: 1 });
    expect(hostOf(made, 'c').groups).toEqual(['ungrouped']);
  });

  test('says which entry sets a variable, since values have no lines', () => {
    const made = read(inventory({ hosts: { a: { vars: { x: 1 } } }, groups: { g: { hosts: ['a'], vars: { x: 2 } } }, vars: { x: 3 } }));
    expect(made.origins(hostOf(made, 'a'))).toEqual([
      { name: 'x', values: [{ value: 1, at: 'hosts.ts, host a' }, { value: 2, at: 'hosts.ts, group g' }, { value: 3, at: 'hosts.ts, all hosts' }] },
    ]);
    expect(() => read(inventory({ hosts: { a: { port: 70_000 } } }))).toThrow(/^hosts\.ts, host a: ansible_port=70000 is no port/);
  });

  test('refuses groups that hold each other', () => {
    const circle = inventory({ hosts: { a: {} }, groups: { x: { children: ['y'] }, y: { children: ['x'] } } });
    expect(() => read(circle)).toThrow('hosts.ts: the groups y -> x -> y hold each other');
  });

  test('names that are not there do not compile', () => {
    // @ts-expect-error b is no host
    inventory({ hosts: { a: {} }, groups: { g: { hosts: ['b'] } } });
    // @ts-expect-error h is no group
    inventory({ hosts: { a: {} }, groups: { g: { hosts: ['a'], children: ['h'] } } });
    // @ts-expect-error a password is a Secret
    inventory({ hosts: { a: { password: 'plain' } } });
    // @ts-expect-error adress is no property
    inventory({ hosts: { a: { adress: 'x' } } });
    expect(read(inventory({ hosts: { a: {} } })).hosts).toHaveLength(1);
  });
});

describe('the inventories of this repository', () => {
  test('example.ts', () => {
    const made = read(example);
    expect(made.hosts).toHaveLength(23);
    expect(names(made.select('web:&blue:!web1*'))).toBe('web02 web04 web06 web08 web20');
    expect(hostOf(made, 'db2')).toMatchObject({ groups: ['production', 'db'], connection: { user: 'deploy', become: true, becomeUser: 'postgres' }, vars: { environment: 'production', role: 'replica' } });
    expect(hostOf(made, 'bastion').vars).toEqual({ environment: 'none', time_server: 'ntp.example.com' });
  });

  test('lab.ts, with the logins of the lab\'s own inventory', () => {
    const made = read(lab, '[masters]\nm1 ansible_host=172.72.0.95\n[all:vars]\nansible_user=root\nansible_ssh_private_key_file=/key\n');
    expect(names(made.select('masters'))).toBe('m1 m2 m3');
    expect(names(made.select('172.72.0.96,172.72.0.97'))).toBe('m2 m3');
    expect(hostOf(made, 'n2').connection).toEqual({ type: 'ssh', address: '172.72.0.99', port: 22, user: 'root', privateKeyFile: '/key' });
  });
});
