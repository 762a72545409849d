import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { Bench, playbookOf, ROOT, until } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
let server: SshServer;

function hostLine(name: string): string {
  return `${name} ansible_host=127.0.0.1 ansible_port=${server.port} ansible_ssh_private_key_file=${server.privateKeyFile} runsheet_known_hosts=${server.knownHostsFile} runsheet_state_dir=${server.dir}/.state`;
}

beforeAll(async () => {
  server = await startSshServer();
  const putFile = `task('Put a file', file.copy({ path: '${join(server.dir, 'made.txt')}', content: 'made\\n' }))`;
  bench.write({
    'hosts.ini': `[web]\n${hostLine('web1')} db_password=hunter22 ansible_become_password=s3cret-of-web1\n${hostLine('web2')} colour=blue\n`,
    'one.ini': `${hostLine('web1')}\n`,
    'local.ini': `here ansible_connection=local runsheet_state_dir=${join(bench.dir, 'state')}\n`,
    'look.ts': playbookOf(`task('Look', read({ command: cmd\`echo seen\` }), { tags: ['look'] }), task('Other', read({ command: cmd\`true\` }))`),
    'put.ts': playbookOf(putFile),
    'fail.ts': playbookOf(`task('Fail', run({ command: cmd\`sh -c 'echo broken >&2; exit 3'\` }))`),
    'sleep.ts': playbookOf(`task('Sleep', run({ command: cmd\`sh -c 'touch ${server.dir}/begun; sleep 3471; touch ${server.dir}/slept'\` })), task('Never', run({ command: cmd\`touch ${server.dir}/never\` }))`),
    'ask.ts': playbookOf(`task('Ask', confirm.ask({ text: 'Really?' })), ${putFile}`),
    'limit.ts': playbookOf(`task('Long', run({ command: cmd\`sleep 3472\` }))`),
    'vars.ts': playbookOf(`task('Say', ({ host }) => read({ command: cmd\`echo \${String(host.vars['colour'])}\` }))`),
  });
});
afterAll(async () => {
  await server.close();
  bench.remove();
});

describe('runsheet run', () => {
  test('runs a playbook over SSH, and the second run changes nothing', async () => {
    const first = await bench.run('run', 'put.ts', '-i', 'one.ini');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/web1 .*changed=1/);
    const second = await bench.run('run', 'put.ts', '-i', 'one.ini');
    expect(second.stdout).toMatch(/web1 .*changed=0/);
    expect(readFileSync(join(server.dir, 'made.txt'), 'utf8')).toBe('made\n');
  });

  test('keeps a journal for the user alone', async () => {
    await bench.run('run', 'look.ts', '-i', 'local.ini');
    const runs = readdirSync(join(bench.dir, '.runsheet', 'runs'));
    const last = join(bench.dir, '.runsheet', 'runs', runs.sort().at(-1) ?? '');
    const events = readFileSync(join(last, 'events.jsonl'), 'utf8').trim().split('\n').map(line => JSON.parse(line) as { type: string });
    expect(events.at(0)?.type).toBe('run');
    expect(events.at(-1)?.type).toBe('recap');
    expect(statSync(last).mode & 0o777).toBe(0o700);
  });

  test('checks without changing', async () => {
    bench.write({ 'other.ts': playbookOf(`task('Put', file.copy({ path: '${join(server.dir, 'other.txt')}', content: 'x\\n' }))`) });
    const ended = await bench.run('run', 'other.ts', '-i', 'one.ini', '--check', '--diff');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('+x');
    expect(existsSync(join(server.dir, 'other.txt'))).toBe(false);
  });

  test('--json prints one event a line and nothing else', async () => {
    const ended = await bench.run('run', 'look.ts', '-i', 'hosts.ini', '--json', '--verbose');
    const events = ended.stdout.trimEnd().split('\n').map(line => JSON.parse(line) as { v: number; type: string; exit?: number });
    expect(events.every(event => event.v === 1)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'recap', exit: 0, hosts: { web1: { ok: 2 }, web2: { ok: 2 } } });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('limits hosts and tasks', async () => {
    const ended = await bench.run('run', 'look.ts', '-i', 'hosts.ini', '--json', '--limit', 'web:!web1', '--tags', 'look');
    const tasks = ended.stdout.trimEnd().split('\n').map(line => JSON.parse(line) as { type: string; host: string; name: string; status: string }).filter(event => event.type === 'task');
    expect(tasks.filter(task => task.status === 'ok').map(task => `${task.name} ${task.host}`)).toEqual(['Look web2']);
  });

  test('lists hosts and tasks without a connection', async () => {
    const before = server.connections;
    const ended = await bench.run('run', 'look.ts', '-i', 'hosts.ini', '--list-hosts', '--list-tasks', '--skip-tags', 'look');
    expect(ended).toEqual({ code: 0, stderr: '', stdout: 'play test (2)\n  web1\n  web2\nplay test (2 hosts)\n  test/Look [look] (not selected)\n  test/Other\n' });
    expect(server.connections).toBe(before);
  });

  test('gives host variables to tasks', async () => {
    expect(await bench.run('run', 'vars.ts', '-i', 'hosts.ini', '--limit', 'web2')).toMatchObject({ code: 0 });
  });

  test('a failure is 2 and says host, command, code and output', async () => {
    const ended = await bench.run('run', 'fail.ts', '-i', 'one.ini');
    expect(ended.code).toBe(2);
    expect(ended.stdout).toMatch(/web1.*exited with code 3.*broken/s);
  });

  test('an unreachable host is 4', async () => {
    const closed = createServer();
    await new Promise<void>(done => closed.listen(0, '127.0.0.1', done));
    const { port } = closed.address() as AddressInfo;
    await new Promise(done => closed.close(done));
    bench.write({ 'gone.ini': `gone ansible_host=127.0.0.1 ansible_port=${port} ansible_ssh_private_key_file=${server.privateKeyFile}\n` });
    const refused = await bench.run('run', 'look.ts', '-i', 'gone.ini');
    expect(refused.code).toBe(4);
    expect(refused.stdout).toContain('gone');
  });

  test('an unknown host key is refused, and learnt with --host-key accept-new', async () => {
    bench.write({ 'new.ini': `web1 ansible_host=127.0.0.1 ansible_port=${server.port} ansible_ssh_private_key_file=${server.privateKeyFile} runsheet_known_hosts=${join(bench.dir, 'known_hosts')}\n` });
    expect(await bench.run('run', 'look.ts', '-i', 'new.ini')).toMatchObject({ code: 4 });
    expect(await bench.run('run', 'look.ts', '-i', 'new.ini', '--host-key', 'accept-new')).toMatchObject({ code: 0 });
    expect(await bench.run('run', 'look.ts', '-i', 'new.ini')).toMatchObject({ code: 0 });
  });

  test('a time limit ends a task and its command', async () => {
    const ended = await bench.run('run', 'limit.ts', '-i', 'one.ini', '--timeout', '1');
    expect(ended.code).toBe(2);
    expect(processesOf('sleep 3472')).toBe(0);
  });

  test('a question needs a terminal or --yes', async () => {
    const refused = await bench.run('run', 'ask.ts', '-i', 'one.ini');
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toContain('the playbook asks "Really?" and there is no terminal to answer on; add --yes');
    expect(await bench.run('run', 'ask.ts', '-i', 'one.ini', '--yes')).toMatchObject({ code: 0 });
  });
});

describe('an interrupt', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s stops the run, leaves no command and says so', async signal => {
    const run = bench.start(['run', 'sleep.ts', '-i', 'one.ini', '--json']);
    await until(() => processesOf('sleep 3471') > 0);
    run.child.kill(signal);
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'recap', exit: 130, hosts: { web1: { unknown: 1 } } });
    expect(ended.stdout).toContain('stopping; no further task starts, and commands at work are killed');
    await until(() => processesOf('sleep 3471') === 0);
    expect(existsSync(join(server.dir, 'never'))).toBe(false);
  });

  test('the second one leaves at once', async () => {
    const run = bench.start(['run', 'sleep.ts', '-i', 'one.ini', '--json']);
    await until(() => processesOf('sleep 3471') > 0);
    // A host that does not answer any more keeps a clean stop waiting.
    server.freeze();
    run.child.kill('SIGINT');
    await until(() => run.text().includes('stopping'));
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'recap', exit: 130 });
    server.cut();
    await until(() => processesOf('sleep 3471') === 0);
  });

  test('an error that nobody caught ends the run with a recap and no command left', async () => {
    bench.write({ 'stray.ts': playbookOf(`task('Look', () => { setTimeout(() => { throw new Error('stray'); }, 300); return run({ command: cmd\`sleep 3473\` }); })`) });
    const ended = await bench.run('run', 'stray.ts', '-i', 'one.ini', '--json');
    const events = ended.stdout.trimEnd().split('\n').map(line => JSON.parse(line) as { type: string });
    expect(events.filter(event => event.type === 'recap')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'recap', exit: 2, stopped: expect.stringMatching(/^Error: stray\n.*stray\.ts:6/) as string });
    expect(ended.code).toBe(2);
    await until(() => processesOf('sleep 3473') === 0);
  });

  test('a closed pipe stops it as well', async () => {
    const run = bench.start(['run', 'sleep.ts', '-i', 'one.ini', '--verbose']);
    await until(() => processesOf('sleep 3471') > 0);
    run.child.stdout?.destroy();
    // The next line that it wants to print finds nobody.
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(130);
    await until(() => processesOf('sleep 3471') === 0);
  });
});

describe('runsheet check', () => {
  test('says that a playbook is fine', async () => {
    const before = server.connections;
    expect(await bench.run('check', 'look.ts', '-i', 'hosts.ini')).toEqual({ code: 0, stderr: '', stdout: 'fine: 1 play, 2 tasks, on 2 of 2 hosts\n' });
    expect(server.connections).toBe(before);
  });

  test('says which plays are for no host, and why', async () => {
    const look = `task('Look', read({ command: cmd\`true\` }))`;
    bench.write({
      'nobody.ts': playbookOf(look).replace(`hosts: 'all'`, 'hosts: []'),
      'some.ts': playbookOf(look).replace('plays: [', `plays: [play({ name: 'first', hosts: 'web1', tasks: [${look}] }), play({ name: 'gone', hosts: [], tasks: [${look}] }), `).replace(`hosts: 'all'`, `hosts: 'web'`),
    });
    expect(await bench.run('check', 'nobody.ts', '-i', 'hosts.ini')).toEqual({
      code: 0, stderr: '', stdout: 'fine, but no host would be touched: 1 play, 1 task, on none of 2 hosts\nthe play "test" is for no host: its list of hosts is empty\n',
    });
    expect(await bench.run('check', 'some.ts', '-i', 'hosts.ini', '--limit', 'web2')).toEqual({
      code: 0, stderr: '', stdout: 'fine: 3 plays, 3 tasks, on 1 of 2 hosts\nthe play "first" is for no host: --limit web2 leaves none of web1\nthe play "gone" is for no host: its list of hosts is empty\n',
    });
  });

  test('remembers a good check until something changes', async () => {
    bench.write({ 'part.ts': 'export const name: string = "a";\n', 'whole.ts': playbookOf(`task(name, read({ command: cmd\`true\` }))`, `import { name } from './part';`) });
    // What it imports only the compiler finds out: what is as young as that may have changed since the check began, and would not be remembered.
    await new Promise(done => setTimeout(done, 2100));
    const verbose = async (): Promise<string> => (await bench.run('check', 'whole.ts', '-i', 'hosts.ini', '--verbose')).stderr;
    expect(await verbose()).toContain('types checked');
    expect(await verbose()).toContain('types unchanged');
    bench.write({ 'part.ts': 'export const name: string = "b";\n' });
    expect(await verbose()).toContain('types checked');
    bench.write({ 'part.ts': 'export const name: number = 1;\n' });
    expect(await verbose()).toMatch(/^whole\.ts:6:\d+: /);
    bench.write({ 'part.ts': 'export const name: string = "b";\n' });
    expect(await verbose()).toContain('types unchanged');
  });
});

describe('without a cache', () => {
  test('everything works, and nothing of ours is left behind', async () => {
    const temporary = join(bench.dir, 'tmp');
    mkdirSync(temporary);
    const ended = await bench.start(['check', 'look.ts', '-i', 'hosts.ini'], { XDG_CACHE_HOME: '/dev/null', TMPDIR: temporary }).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(temporary).filter(name => name.startsWith('runsheet'))).toEqual([]);
  });
});

describe('npx ts-node', () => {
  test('takes the same options', async () => {
    const playbook = join(ROOT, 'test', 'core', 'cli', 'ts-node-playbook.ts');
    const program = [process.execPath, join(ROOT, 'node_modules', 'ts-node', 'dist', 'bin.js'), playbook];
    expect(await bench.start(['-i', 'local.ini', '--list-tasks'], {}, program).ended).toEqual({ code: 0, stderr: '', stdout: 'play look (1 host)\n  look/Look\n' });
    const ended = await bench.start(['-i', 'local.ini', '--json'], {}, program).ended;
    expect(JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'recap', exit: 0 });
    expect(await bench.start(['-i', 'local.ini', '--limit', 'hree'], {}, program).ended).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean "here"?') as string });
  });
});

/** How many processes have this command line. */
function processesOf(commandLine: string): number {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim() === commandLine;
    } catch {
      return false;
    }
  }).length;
}
