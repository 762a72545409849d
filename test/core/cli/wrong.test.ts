/** What is wrong is one clear message, exit code 1, and no host is touched. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { Bench, playbookOf } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
let server: SshServer;

beforeAll(async () => {
  server = await startSshServer();
  bench.write({
    'hosts.ini': `[web]\nweb1 ansible_host=127.0.0.1 ansible_port=${server.port} ansible_ssh_private_key_file=${server.privateKeyFile} runsheet_known_hosts=${server.knownHostsFile}\n[empty]\n`,
    'port.ini': 'x ansible_port=none\n',
    'good.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }), { tags: ['look'] })`),
    'vars.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }))`, `import { z } from 'zod';\nimport { hosts } from 'runsheet/core/vars';`)
      .replace(`name: 'Test',`, `name: 'Test', vars: z.strictObject({ leaving: hosts(), mode: z.enum(['a', 'b']).default('a') }),`),
    'vars.yml': 'leaving: web1\nmode: c\n',
    'typo.yml': 'leavin: web1\n',
    'type.ts': playbookOf(`task('Look', read({ comand: cmd\`true\` }))`),
    'import.ts': `import { nothing } from './gone';\nexport default nothing;\n`,
    'throws.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }))`, `if (process.argv.length > 0) throw new Error('at load');`),
    'bare.ts': 'export const x = 1;\n',
    'group.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }))`).replace(`hosts: 'all'`, `hosts: 'wbe'`),
    'none.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }))`).replace(`hosts: 'all'`, `hosts: 'db*'`),
    'narrow.ts': playbookOf(`task('Look', read({ command: cmd\`true\` }))`).replace(`hosts: 'all'`, `hosts: 'all', requireLimit: true`),
    'old.js': '', 'new.mts': '', 'folder/x.txt': '',
    'esm/package.json': '{ "type": "module" }', 'esm/pb.ts': '',
    'inv.ts': `import { inventory } from 'runsheet/core/inventory/define';\nexport default inventory({ hosts: { a: {} }, groups: { web: { hosts: ['b'] } } });\n`,
    'notinv.ts': 'export default 1;\n',
    'empty.txt': '\n',
  });
});
afterAll(async () => {
  await server.close();
  bench.remove();
});

describe('a wrong command line', () => {
  test.each<[string, string[], RegExp]>([
    ['a playbook that is not there', ['run', 'god.ts', '-i', 'hosts.ini'], /^there is no playbook god\.ts; did you mean "good\.ts"\?\n$/],
    ['no playbook', ['run', '-i', 'hosts.ini'], /^no playbook is given; write runsheet run PLAYBOOK -i INVENTORY\n$/],
    ['a folder', ['run', 'folder', '-i', 'hosts.ini'], /^folder is a folder; name the playbook in it, a \.ts file\n$/],
    ['JavaScript', ['run', 'old.js', '-i', 'hosts.ini'], /^old\.js is no playbook; playbooks are TypeScript files, \.ts\n$/],
    ['.mts', ['run', 'new.mts', '-i', 'hosts.ini'], /^new\.mts: playbooks are CommonJS, and \.mts is an ES module; rename it to \.ts\n$/],
    ['a folder of ES modules', ['run', 'esm/pb.ts', '-i', 'hosts.ini'], /^esm\/pb\.ts: .*esm\/package\.json says "type": "module", and playbooks are CommonJS/],
    ['no playbook inside', ['run', 'bare.ts', '-i', 'hosts.ini'], /bare\.ts exports no playbook; write: export default playbook\(\{ \.\.\. \}\)\n$/],
    ['a missing import', ['run', 'import.ts', '-i', 'hosts.ini'], /^import\.ts:1:25: Cannot find module '\.\/gone'/],
    ['a type error', ['run', 'type.ts', '-i', 'hosts.ini'], /^type\.ts:6:\d+: .*'comand' does not exist.*Did you mean to write 'command'\?/],
    ['a playbook that throws', ['run', 'throws.ts', '-i', 'hosts.ini'], /throws\.ts does not load: Error: at load\n.*throws\.ts:5/s],
    ['an unknown group in it', ['run', 'group.ts', '-i', 'hosts.ini'], /no host, group or address is called "wbe"; did you mean "web"\?/],
    ['a pattern in it that matches none', ['run', 'none.ts', '-i', 'hosts.ini'], /its pattern "db\*" matches no host of the inventory/],
    ['no inventory', ['run', 'good.ts'], /^no inventory is given; add -i FILE\n$/],
    ['an inventory that is not there', ['run', 'good.ts', '-i', 'host.ini'], /^there is no inventory host\.ini\n/],
    ['a wrong inventory', ['run', 'good.ts', '-i', 'port.ini'], /^port\.ini:1: ansible_port=none is no port; write a number from 1 to 65535\n$/],
    ['a type error in an inventory', ['run', 'good.ts', '-i', 'inv.ts'], /^inv\.ts:2:\d+: Type '"b"' is not assignable to type '"a"'/],
    ['an inventory that is none', ['run', 'good.ts', '-i', 'notinv.ts'], /^notinv\.ts exports no inventory; end it with: export default inventory\(/],
    ['an unknown host to limit to', ['run', 'good.ts', '-i', 'hosts.ini', '--limit', 'wbe1'], /called "wbe1"; did you mean "web1"\?\n$/],
    ['a limit that leaves none', ['run', 'good.ts', '-i', 'hosts.ini', '--limit', 'empty'], /empty.*no host|no host.*empty/],
    ['an unknown tag', ['run', 'good.ts', '-i', 'hosts.ini', '--tags', 'lok'], /lok/],
    ['a missing variable', ['run', 'vars.ts', '-i', 'hosts.ini'], /^the variable leaving is missing; add --set leaving=\.\.\.\n$/],
    ['an unknown variable', ['run', 'vars.ts', '-i', 'hosts.ini', '--set', 'leavin=web1'], /^--set leavin: there is no variable "leavin"; did you mean "leaving"\?\n$/],
    ['a wrong value', ['run', 'vars.ts', '-i', 'hosts.ini', '--set', 'leaving=web1', '--set', 'mode=c'], /^the variable mode = "c" is not allowed; it is one of "a", "b"\n$/],
    ['a wrong value in a file', ['run', 'vars.ts', '-i', 'hosts.ini', '--vars', 'vars.yml'], /^the variable mode = "c" \(vars\.yml:2\) is not allowed; it is one of "a", "b"\n$/],
    ['an unknown variable in a file', ['run', 'vars.ts', '-i', 'hosts.ini', '--vars', 'typo.yml'], /^typo\.yml:1: there is no variable "leavin"; did you mean "leaving"\?\n$/],
    ['a wrong file of variables', ['run', 'vars.ts', '-i', 'hosts.ini', '--vars', 'none.yml'], /^--vars none\.yml: there is no such file\n$/],
    ['an unknown command', ['rnu'], /unknown command 'rnu'\n\(Did you mean run\?\)\n$/],
    ['an unknown option', ['run', 'good.ts', '-i', 'hosts.ini', '--limt', 'x'], /unknown option '--limt'\n\(Did you mean --limit\?\)\n$/],
    ['forks that are none', ['run', 'good.ts', '-i', 'hosts.ini', '--forks', '0'], /--forks <n>' argument '0' is invalid\. Write a whole number, 1 or more\.\n$/],
    ['a time that is none', ['run', 'good.ts', '-i', 'hosts.ini', '--timeout', '10m'], /--timeout <s>' argument '10m' is invalid\. Write a number of seconds/],
    ['an unknown policy', ['run', 'good.ts', '-i', 'hosts.ini', '--host-key', 'no'], /Allowed choices are strict, accept-new\.\n$/],
    ['more hosts than are allowed', ['run', 'good.ts', '-i', 'a,b', '--max-hosts', '1'], /^this would run on 2 hosts \(a, b\), and --max-hosts allows 1\nNarrow it down with --limit\.\n$/],
    ['no limit where the playbook wants one', ['run', 'narrow.ts', '-i', 'a,b'], /^the play "test" may only run with --limit; without it, it would run on a, b\n$/],
    ['a key that is not there', ['run', 'good.ts', '-i', 'hosts.ini', '--private-key', 'id'], /^--private-key id: there is no such file\n$/],
    ['-K without a terminal', ['run', 'good.ts', '-i', 'hosts.ini', '-b', '-K'], /^-K needs a terminal to ask for the password; use --become-password-file\n$/],
    ['a password file that is not there', ['run', 'good.ts', '-i', 'hosts.ini', '-b', '--become-password-file', 'pw'], /^--become-password-file pw cannot be read: ENOENT/],
    ['an empty password file', ['run', 'good.ts', '-i', 'hosts.ini', '-b', '--become-password-file', 'empty.txt'], /^--become-password-file empty\.txt: its first line is empty/],
    ['two patterns of inventory', ['inventory', '-i', 'hosts.ini', 'web1', 'web2'], /^runsheet inventory takes one pattern, or the word host and a name: not "web1 web2"\nJoin names of a pattern with commas\.\n$/],
    ['several hosts to explain', ['inventory', '-i', 'a,b', 'host', 'all'], /^"all" is 2 hosts; write the name of one\n$/],
    ['a pattern of inventory that matches none', ['inventory', '-i', 'hosts.ini', 'db*'], /^the pattern "db\*" matches no host of the inventory\n$/],
  ])('%s', async (_name, args, message) => {
    const ended = await bench.run(...args);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(server.connections).toBe(0);
  });

  test('a password file named by the environment is read too', async () => {
    const ended = await bench.start(['run', 'good.ts', '-i', 'hosts.ini'], { RUNSHEET_BECOME_PASSWORD_FILE: 'gone' }).ended;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^RUNSHEET_BECOME_PASSWORD_FILE gone cannot be read/) as string });
  });

  test('with --json the last event says it too', async () => {
    const ended = await bench.run('run', 'vars.ts', '-i', 'hosts.ini', '--json');
    expect(JSON.parse(ended.stdout)).toMatchObject({ v: 1, type: 'recap', exit: 1, hosts: {}, stopped: 'the variable leaving is missing; add --set leaving=...' });
    expect(ended.code).toBe(1);
  });
});
