/** `runsheet inventory`: what a run would see of hosts, and where a host's values come from. No host is needed. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Bench } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();

beforeAll(() => {
  bench.write({
    'hosts.ini': '[web]\nweb1 ansible_host=127.0.0.1 ansible_port=2201 db_password=hunter22 ansible_become_password=s3cret-of-web1\nweb2 colour=blue\n',
  });
});
afterAll(() => bench.remove());

describe('runsheet inventory', () => {
  test('prints hosts, groups and variables, secrets masked', async () => {
    const ended = await bench.run('inventory', '-i', 'hosts.ini', 'web2,web1');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(`web1  127.0.0.1:2201  web\n`);
    expect(ended.stdout).toContain('    db_password = [secret]\n');
    expect(ended.stdout).toContain('    (becomePassword) [secret]\n');
    expect(ended.stdout).toContain('    colour = "blue"\n');
    expect(ended.stdout).toContain('[web] web1 web2\n');
    expect(ended.stdout).not.toMatch(/hunter22|s3cret/);
  });

  test('explains where a host has its values from', async () => {
    bench.write({ 'layers.ini': '[web]\nw1 port=1 ansible_password=hunter3\nw2\n[web:vars]\nport=2\nzone=a\n[all:vars]\nport=3\n' });
    expect(await bench.run('inventory', 'host', 'w1', '-i', 'layers.ini')).toEqual({
      code: 0, stderr: '', stdout: `w1  web
  ansible_password = [secret]  layers.ini:2
  port = 1                     layers.ini:2
    overrides port = 2                     layers.ini:5
    overrides port = 3                     layers.ini:8
  zone = "a"                   layers.ini:6
`,
    });
  });

  test('reads a typed inventory', async () => {
    bench.write({
      'inv.ts': `import { inventory } from 'runsheet/core/inventory/define';
import { Secret } from 'runsheet';
export default inventory({
  hosts: { m1: { address: '10.0.0.1', vars: { rack: 1 } }, m2: { address: 'fd00::2', port: 2222 } },
  groups: { masters: { hosts: ['m1', 'm2'], user: 'admin', become: true, becomePassword: new Secret('of the masters') }, cluster: { children: ['masters'], vars: { zone: 'a' } } },
  vars: { zone: 'none', site: 'x' },
});
`,
    });
    const ended = await bench.run('inventory', '-i', 'inv.ts');
    expect(ended).toEqual({
      code: 0, stderr: '', stdout: `m1  admin@10.0.0.1:22  cluster masters
    (become) true
    (becomePassword) [secret]
    zone = "a"
    site = "x"
    rack = 1
m2  admin@[fd00::2]:2222  cluster masters
    (become) true
    (becomePassword) [secret]
    zone = "a"
    site = "x"

[masters] m1 m2
[cluster] m1 m2
`,
    });
  });
});
