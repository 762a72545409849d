/** Variables of hosts from the command line to the file on the host: one order, checked before any connection, the same in plan, apply and resume. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { Bench } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
let server: SshServer;
const made = (name: string): string => { const path = join(bench.dir, 'made', name); return existsSync(path) ? readFileSync(path, 'utf8') : ''; };

/** Hosts that write a file each: its own values, and the ports of all. They are one machine with one lock, so each runs alone. */
const SITE = (dir: string): string => `
import { join } from 'node:path';
import { hostVars, play, playbook, runIfMain, task } from 'runsheet';
import { secret } from 'runsheet/core/vars';
import * as command from 'runsheet/modules/command';
import * as file from 'runsheet/modules/file';
import { z } from 'zod';

const web = hostVars('web', z.strictObject({
  port: z.number().default(80).describe('where it listens'),
  docroot: z.string().describe('where the site lies'),
  release: z.string().default('1'),
  standby: z.boolean().default(false),
}));
const login = hostVars('web', z.strictObject({ pin: secret().optional() }));

export default playbook({
  name: 'Site',
  vars: z.strictObject({ owner: z.string().default('nobody') }),
  hostVars: [web, login],
  plays: ({ vars, inventory }) => {
    const all = inventory.groups.get('web') ?? [];
    const ports = all.map(host => web.of(host).port);
    return [play({ name: 'web', hosts: 'web', tasks: [
      task('Make the folder', file.directory({ path: '${dir}' })),
      task('Write', ({ host }) => file.template({ path: join('${dir}', host.name), template: join(__dirname, 'site.hbs'), values: { ...web.of(host), ports, owner: vars.owner } })),
      task('Stand by', ({ host }) => file.copy({ path: join('${dir}', \`standby-\${host.name}\`), content: web.of(host).docroot }), { when: ({ host }) => web.of(host).standby }),
      task('Gate', command.read({ command: command.cmd\`test -e \${join('${dir}', 'gate')}\` }), { tags: ['never', 'gate'] }),
    ] })];
  },
});
runIfMain(module);
`;

beforeAll(async () => {
  server = await startSshServer();
  const reached = (name: string): string => `${name} ansible_host=127.0.0.1 ansible_port=${server.port} ansible_ssh_private_key_file=${server.privateKeyFile} runsheet_known_hosts=${server.knownHostsFile} runsheet_state_dir=${server.dir}/.state-${name}`;
  bench.write({
    'site.ts': SITE(join(bench.dir, 'made')),
    'site.hbs': '{{port}} {{docroot}} {{release}} {{owner}}{{#each ports}} {{this}}{{/each}}\n',
    'hosts.ini': `[web]\n${reached('web1')} port=81 release=1.20\n${reached('web2')} standby=yes colour=blue\n[web:vars]\ndocroot=/srv\n[db]\n${reached('db1')}\n`,
    'wrong.ini': `[web]\nweb1 port=eighty doc_root=/srv\nweb2 docroot=/srv pin="['0123456789']"\n`,
    'site.yml': 'port: 8080\nowner: me\n',
    'clash.ts': `import { z } from 'zod';\nimport { hostVars, playbook } from 'runsheet';\nexport default playbook({ name: 'x', plays: [], vars: z.strictObject({ port: z.number() }), hostVars: hostVars('all', z.strictObject({ port: z.number() })) });\n`,
  });
});
afterAll(async () => {
  await server.close();
  bench.remove();
});

describe('a run', () => {
  test('gives each host its values, also those of hosts that --limit leaves out: default, group, host', async () => {
    expect(await bench.run('run', 'site.ts', '-i', 'hosts.ini', '--limit', 'web1')).toMatchObject({ code: 0, stderr: '' });
    expect(await bench.run('run', 'site.ts', '-i', 'hosts.ini', '--limit', 'web2')).toMatchObject({ code: 0, stderr: '' });
    expect([made('web1'), made('web2'), made('standby-web1'), made('standby-web2')]).toEqual(['81 /srv 1.20 nobody 81 80\n', '80 /srv 1 nobody 81 80\n', '', '/srv']);
    expect((await bench.run('run', 'site.ts', '-i', 'hosts.ini', '--limit', 'web2')).stdout).toMatch(/web2 .*changed=0/);
  });

  test('lays --vars over them, and --set over all', async () => {
    expect(await bench.run('run', 'site.ts', '-i', 'hosts.ini', '--limit', 'web1', '--vars', 'site.yml', '--set', 'release=2')).toMatchObject({ code: 0, stderr: '' });
    expect(made('web1')).toBe('8080 /srv 2 me 8080 8080\n');
  });
});

describe('a plan', () => {
  test('is applied with the values that it was made with', async () => {
    expect(await bench.run('plan', 'site.ts', '-i', 'hosts.ini', '--limit', 'web1', '--set', 'port=90', '-o', 'plan.json')).toMatchObject({ code: 0, stderr: '' });
    expect(await bench.run('apply', 'plan.json')).toMatchObject({ code: 0, stderr: '' });
    expect(made('web1')).toBe('90 /srv 1.20 nobody 90 90\n');
    bench.write({ 'group_vars/web.yml': 'release: "3"\n' });
    expect(await bench.run('apply', 'plan.json')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^the plan plan\.json was made from other sources: group_vars\/web\.yml \(new\) changed since\n/) as string });
    rmSync(join(bench.dir, 'group_vars'), { recursive: true });
  });
});

describe('a run that failed', () => {
  test('is gone on with with the same values, and asks again for a secret', async () => {
    const args = ['site.ts', '-i', 'hosts.ini', '--limit', 'web1', '--tags', 'gate', '--set', 'port=91', '--set', 'pin=9876543210'];
    expect(await bench.run('run', ...args)).toMatchObject({ code: 2 });
    expect(await bench.run('resume')).toMatchObject({ code: 1, stderr: expect.stringContaining('the value of pin was not written down, since it is a secret; give it again: --set pin=...') as string });
    bench.write({ 'made/gate': '' });
    expect(await bench.run('resume', '--set', 'pin=9876543210')).toMatchObject({ code: 0, stderr: '' });
    expect((await bench.run('show', 'last')).stdout).toContain('--set port=91');
  });
});

describe('what is wrong', () => {
  test.each(['run', 'check'])('is told at once by %s, with places, and no host is asked', async command => {
    const before = server.connections;
    const stderr = `web1: the variable port = "eighty" (wrong.ini:2): expected number, received string
web1: the variable docroot is missing; wrong.ini:2 sets "doc_root"; did you mean "docroot"? (where the site lies)
web2: the variable pin = [secret] (wrong.ini:3): expected a text
`;
    // Plays that ask for values are told of all hosts as well as plays that do not.
    bench.write({ 'later.ts': SITE('/nowhere').replace('all.map(host => web.of(host).port)', '[all.length]') });
    expect(await bench.run(command, 'site.ts', '-i', 'wrong.ini', '--set', 'owner=x')).toEqual({ code: 1, stdout: '', stderr });
    expect(await bench.run(command, 'later.ts', '-i', 'wrong.ini', '--set', 'release=1')).toEqual({ code: 1, stdout: '', stderr });
    expect(server.connections).toBe(before);
  });

  test.each<[string, readonly string[], string]>([
    ['a name that nobody has', ['check', 'site.ts', '-i', 'hosts.ini', '--set', 'prot=1'], '--set prot: there is no variable "prot"; did you mean "port"?\n'],
    ['a name in vars and hostVars', ['check', 'clash.ts', '-i', 'hosts.ini'], 'clash.ts:3: the variable port is one of the playbook and one of its hosts as well; take it out of vars or out of hostVars\n'],
    ['--set without a playbook', ['inventory', 'host', 'web1', '-i', 'hosts.ini', '--set', 'port=1'], '--vars and --set give variables to a playbook: add --playbook FILE\n'],
    ['--playbook without a host', ['inventory', '-i', 'hosts.ini', '--playbook', 'site.ts'], '--playbook explains one host: runsheet inventory host NAME --playbook FILE\n'],
    ['a host that has no such variables', ['inventory', 'host', 'db1', '-i', 'hosts.ini', '--playbook', 'site.ts'], 'site.ts has no variables for db1; it has some for "web"\n'],
  ])('%s', async (_name, args, stderr) => {
    expect(await bench.run(...args)).toEqual({ code: 1, stdout: '', stderr });
  });
});

describe('what is explained', () => {
  test('--help lists the variables of hosts', async () => {
    expect((await bench.run('run', 'site.ts', '--help')).stdout).toMatch(new RegExp(`^Site

Variables \\(--set name=value, or in a file with --vars\\):
  owner  string  \\(nobody\\)

Variables of each host of "web" \\(in the inventory; --vars and --set win, for all of them\\):
  port     number     where it listens \\(80\\)
  docroot  string     where the site lies \\(required\\)
  release  string     \\(1\\)
  standby  yes or no  \\(false\\)

Variables of each host of "web" .*:
  pin  secret
`));
  });

  test('inventory host shows each value and where it came from', async () => {
    bench.write({ 'layers.ini': '[web]\nw1 port=81 pin=0123456789 zone=a\n[web:vars]\nport=82\ndocroot=/srv\n' });
    expect(await bench.run('inventory', 'host', 'w1', '-i', 'layers.ini', '--playbook', 'site.ts', '--vars', 'site.yml', '--set', 'port=83')).toEqual({
      code: 0, stderr: '', stdout: `w1  web
Variables of the playbook for "web":
  port = 83         --set port
    overrides port = 8080       site.yml:1
    overrides port = 81         layers.ini:2
    overrides port = 82         layers.ini:4
    overrides port = 80         playbook default
  docroot = "/srv"  layers.ini:5
  release = "1"     playbook default
  standby = false   playbook default
Variables of the playbook for "web":
  pin = [secret]  layers.ini:2
Other variables of the inventory:
  zone = "a"  layers.ini:2
`,
    });
  });

  test('and what the playbook refuses', async () => {
    const ended = await bench.run('inventory', 'host', 'web1', '-i', 'wrong.ini', '--playbook', 'site.ts');
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^web1: the variable port = "eighty" \(wrong\.ini:2\): .*\nweb1: the variable docroot is missing/) as string });
    expect(ended.stdout).toContain('  docroot is not set\n');
  });
});
