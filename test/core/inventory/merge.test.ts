import { describe, expect, test } from 'vitest';
import { loadInventory } from '../../../core/inventory/load';
import { Secret } from '../../../core/secret';
import { fromIni, hostOf, withFiles } from './inventories';
import { join } from 'node:path';

describe('the order in which variables win', () => {
  test('a child group wins over its parent, a host over its groups, all over nothing', () => {
    const inventory = fromIni(`[web]
x host=host
[web:vars]
host=web
child=web
[prod:children]
web
[prod:vars]
child=prod
parent=prod
host=prod
[all:vars]
parent=all
child=all
bottom=all
`);
    expect(hostOf(inventory, 'x').vars).toEqual({ host: 'host', child: 'web', parent: 'prod', bottom: 'all' });
  });

  test('of groups of one depth the later name wins, unless a priority says otherwise', () => {
    const text = '[b]\nx\n[a]\nx\n[a:vars]\nv=a\n[b:vars]\nv=b\n';
    expect(hostOf(fromIni(text), 'x').vars).toEqual({ v: 'b' });
    expect(hostOf(fromIni(`${text}[a:vars]\nansible_group_priority=10\n`), 'x').vars).toEqual({ v: 'a' });
  });

  test('the longest way down decides how deep a group is', () => {
    const inventory = fromIni('[z]\nx\n[z:vars]\nv=z\n[a:children]\nm\n[m:children]\nb\n[b]\nx\n[b:vars]\nv=b\n');
    expect(hostOf(inventory, 'x').vars).toEqual({ v: 'b' });
  });

  test('group_vars win over the variables of groups, host_vars over those of the host', () => {
    const files = {
      'hosts.ini': '[web]\nx a=host b=host\n[web:vars]\nc=web\nd=web\n',
      'group_vars/all.yml': 'c: all file\ne: yes\n',
      'group_vars/web/one.yml': 'd: web file\nb: web file\n',
      'group_vars/web/.hidden.yml': 'd: hidden\n',
      'group_vars/nobody.yml': '[broken',
      'host_vars/x': '{"a": "host file", "list": [1, {"k": null}]}',
    };
    const vars = withFiles(files, folder => hostOf(loadInventory([join(folder, 'hosts.ini')]), 'x').vars);
    expect(vars).toEqual({ a: 'host file', b: 'host', c: 'all file', d: 'web file', e: true, list: [1, { k: null }] });
  });

  test('a later inventory adds to an earlier one and wins over it', () => {
    const files = { 'one.ini': '[web]\nx a=1 b=1\n', 'two.ini': '[web]\ny\n[db]\nx a=2\n' };
    withFiles(files, folder => {
      const inventory = loadInventory([join(folder, 'one.ini'), join(folder, 'two.ini'), 'z,']);
      expect(inventory.hosts.map(host => host.name)).toEqual(['x', 'y', 'z']);
      expect(hostOf(inventory, 'x')).toMatchObject({ groups: ['db', 'web'], vars: { a: 2, b: 1 } });
      expect(inventory.groups.get('ungrouped')?.map(host => host.name)).toEqual(['z']);
    });
  });
});

describe('YAML files', () => {
  test('are read as Ansible reads them', () => {
    const yaml = 'y: y\nn: No\nquoted: \'on\'\nswitch: on\ndate: 2026-01-02\noctal: 010\nbase: &b {a: 1}\nmerged: {<<: *b, c: 2}\n';
    const vars = withFiles({ 'h.ini': 'x', 'host_vars/x.yml': yaml }, folder => hostOf(loadInventory([join(folder, 'h.ini')]), 'x').vars);
    expect(vars).toEqual({ y: 'y', n: false, quoted: 'on', switch: true, date: '2026-01-02', octal: 8, base: { a: 1 }, merged: { a: 1, c: 2 } });
  });
});

describe('how a host is reached', () => {
  test('comes from the variables of Ansible, which are no variables of the host', () => {
    const inventory = fromIni(`[web]
x ansible_host=10.0.0.1 ansible_port=2222 ansible_user=007 ansible_ssh_private_key_file=/k ansible_password=hunter22 extra=1
[web:vars]
ansible_become=yes
ansible_become_user=app
ansible_become_password=0x12
ansible_become_method=sudo
ansible_python_interpreter=/usr/bin/python3
runsheet_host_key=SHA256:${'a'.repeat(43)}, SHA256:${'b'.repeat(43)}=
runsheet_known_hosts=/one /two
ansible_facts_of_mine=1
`);
    const { connection, vars } = hostOf(inventory, 'x');
    expect(connection).toEqual({
      type: 'ssh', address: '10.0.0.1', port: 2222, user: '007', privateKeyFile: '/k', password: expect.any(Secret) as Secret, become: true, becomeUser: 'app',
      becomePassword: expect.any(Secret) as Secret, hostKeys: [`SHA256:${'a'.repeat(43)}`, `SHA256:${'b'.repeat(43)}`], knownHosts: ['/one', '/two'],
    });
    expect(connection.password?.reveal()).toBe('hunter22');
    expect(connection.becomePassword?.reveal()).toBe('0x12');
    expect(vars).toEqual({ extra: 1, ansible_facts_of_mine: 1 });
  });

  test('takes known hosts files out of the options for ssh, and passes over what only tunes it', () => {
    const inventory = fromIni(`a ansible_ssh_common_args='-C -o ControlPersist=60s -oStrictHostKeyChecking=yes -o UserKnownHostsFile="/a /b"'
b ansible_ssh_common_args=
[all:vars]
ansible_ssh_common_args=-o UserKnownHostsFile=/all
`);
    expect(hostOf(inventory, 'a').connection.knownHosts).toEqual(['/a', '/b']);
    expect(hostOf(inventory, 'b').connection.knownHosts).toBeUndefined();
  });

  test('has its defaults, and old names count where new ones are missing', () => {
    const inventory = fromIni('plain\nold ansible_ssh_host=1.2.3.4 ansible_ssh_user=u ansible_ssh_pass=secret-old\nhere ansible_connection=local\nv6 ansible_host=FD00:0::1\n');
    expect(hostOf(inventory, 'plain').connection).toEqual({ type: 'ssh', address: 'plain', port: 22 });
    expect(hostOf(inventory, 'old').connection).toMatchObject({ address: '1.2.3.4', user: 'u' });
    expect(hostOf(inventory, 'here').connection.type).toBe('local');
    expect(hostOf(inventory, 'v6').connection.address).toBe('fd00::1');
  });

  test.each<[string, RegExp]>([
    ['x ansible_port=ssh', /^hosts.ini:1: ansible_port=ssh is no port; write a number from 1 to 65535$/],
    ['x:70000', /^hosts.ini:1: ansible_port=70000 is no port/],
    ['x ansible_connection=docker', /^hosts.ini:1: ansible_connection=docker is not supported; use ssh or local$/],
    ['x ansible_become=perhaps', /^hosts.ini:1: ansible_become=perhaps is neither yes nor no$/],
    ['x ansible_become_method=su', /^hosts.ini:1: ansible_become_method=su is not supported; the only method is sudo$/],
    ["x ansible_ssh_common_args='-o ProxyJump=j'", /^hosts.ini:1: ansible_ssh_common_args: -o ProxyJump=j is not supported: Runsheet does not start the ssh program$/],
    ["x ansible_ssh_extra_args='-J j'", /^hosts.ini:1: ansible_ssh_extra_args: -J is not supported/],
    ["x ansible_ssh_common_args='-o StrictHostKeyChecking=no'", /host keys are always verified; for unknown ones use --host-key accept-new$/],
    ["x ansible_ssh_args='-oIdentityFile=/k'", /use ansible_ssh_private_key_file$/],
    ['x ansible_host_key_checking=False', /^hosts.ini:1: ansible_host_key_checking is not supported: host keys are always verified/],
    ['x ansible_hots=1.2.3.4', /^hosts.ini:1: there is no variable ansible_hots; did you mean "ansible_host"\?$/],
    ['x runsheet_hostkey=y', /did you mean "runsheet_host_key"/],
    ["x ansible_user='{{ me }}'", /^hosts.ini:1: ansible_user={{ me }} is a template/],
    ['x runsheet_host_key=MD5:aa', /^hosts.ini:1: runsheet_host_key=MD5:aa is no fingerprint/],
    ['x ansible_host=[1]', /^hosts.ini:1: ansible_host=\[1\] is no text$/],
  ])('refuses %s', (text, message) => {
    expect(() => fromIni(text)).toThrow(message);
  });
});

describe('loadInventory', () => {
  test.each<[string, Record<string, string>, string, RegExp]>([
    ['a file that is not there', {}, 'none.ini', /there is no inventory .*none.ini$/],
    ['a folder', { 'hosts/x': '' }, 'hosts', /hosts is a folder; name the inventory file in it$/],
    ['an inventory in YAML', { 'hosts.yml': '' }, 'hosts.yml', /inventories in .yml are not read; write INI or TypeScript$/],
    ['an inventory with no host', { 'hosts.ini': '[web]\n' }, 'hosts.ini', /the inventory has no host$/],
    ['broken YAML beside it', { 'h.ini': '[web]\nx', 'group_vars/web.yml': 'a: 1\nb: [1\n' }, 'h.ini', /group_vars\/web.yml: line \d: /],
    ['YAML that is no mapping', { 'h.ini': 'x', 'host_vars/x.yml': '- 1\n' }, 'h.ini', /host_vars\/x.yml: line 1: the file must hold one mapping/],
    ['a vault file', { 'h.ini': 'x', 'host_vars/x.yml': '$ANSIBLE_VAULT;1.1;AES256\n00\n' }, 'h.ini', /encrypted with ansible-vault/],
    ['a vault value', { 'h.ini': 'x', 'host_vars/x.yml': 'a: 1\nb: !vault |\n  $ANSIBLE_VAULT;1.1\n' }, 'h.ini', /x.yml: line 2: .*encrypted with ansible-vault/],
    ['a wrong port in a file', { 'h.ini': 'x', 'host_vars/x.yml': 'a: 1\nansible_port: none\n' }, 'h.ini', /x.yml:2: ansible_port=none is no port/],
  ])('refuses %s', (_name, files, file, message) => {
    withFiles(files, folder => { expect(() => loadInventory([join(folder, file)])).toThrow(message); });
  });

  test('asks for an inventory', () => {
    expect(() => loadInventory([])).toThrow('no inventory is given; add -i FILE');
  });
});
