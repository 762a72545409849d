/** What a user at a terminal sees. `script` (of the package bsdutils, which every Debian has) makes the terminal. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Bench, playbookOf, RUNSHEET, until } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
const made = join(bench.dir, 'made.txt');
/** Changes nothing: both hosts are this machine, which has one lock. */
const eachHost = `task('Ask', ({ host }) => confirm.ask({ text: 'Reboot ' + host.name + '?' })), task('Look', read({ command: cmd\`uptime\` }))`;

beforeAll(() => {
  bench.write({
    'here.ini': `here ansible_connection=local runsheet_state_dir=${join(bench.dir, 'state')}\n`,
    'two.ini': ['here', 'there'].map(name => `${name} ansible_connection=local runsheet_state_dir=${join(bench.dir, name)}\n`).join(''),
    'each.ts': playbookOf(eachHost),
    'free.ts': playbookOf(eachHost).replace("hosts: 'all'", "hosts: 'all', strategy: 'free'"),
    'slow.ts': playbookOf(`task('Go', ({ host }) => host.name === 'here' ? confirm.ask({ text: 'Really?' }) : read({ command: cmd\`sleep 1\` }))`),
    'step.ts': playbookOf(['one', 'two', 'three'].map(name => `task('Put ${name}', file.copy({ path: '${bench.dir}/${name}.txt', content: 'x' }))`).join(', ')),
    'ask.ts': playbookOf(`task('Ask', confirm.ask({ text: 'Really?' })), task('Put', file.copy({ path: '${made}', content: 'made\\n' }))`),
  });
});
afterAll(() => bench.remove());

/** Runs a playbook on a terminal; each time that the question shows, the next answer is typed. @returns what the terminal showed, without the codes that move and colour */
async function onTerminal(answers: string | readonly string[], run = 'run ask.ts -i here.ini', question: string | RegExp = '[y/N]'): Promise<{ code: number | null; screen: string }> {
  const command = `stty cols 100 rows 40; exec ${process.execPath} ${RUNSHEET} ${run}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: bench.dir, env: { PATH: process.env['PATH'], HOME: bench.dir, TERM: 'xterm-256color', XDG_CACHE_HOME: join(bench.dir, '.cache') },
  });
  // A run that hangs would keep the lock of this machine from those that come after it.
  onTestFinished(() => { child.kill(); });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => { text += more; });
  const ended = new Promise<number | null>(done => { child.once('close', done); });
  for (const [n, answer] of [answers].flat().entries()) {
    await until(() => text.split(question).length > n + 1);
    child.stdin.write(answer);
  }
  const code = await ended;
  return { code, screen: text.replaceAll(/\u001B(?:\[[\d;?]*[A-Za-z])/g, '').replaceAll('\r', '') };
}

describe('--step on a terminal', () => {
  const step = 'run step.ts -i here.ini --step';
  const question = 'without asking:';

  test('asks before each task until told to go on', async () => {
    const { code, screen } = await onTerminal(['n\n', 'c\n'], step, question);
    expect(code).toBe(0);
    expect(screen).toContain('Run "test/Put one"? [y]es, [N]o, [c]ontinue without asking: n\n');
    expect(screen).not.toContain('Run "test/Put three"?');
    expect(['one', 'two', 'three'].map(name => existsSync(join(bench.dir, `${name}.txt`)))).toEqual([false, true, true]);
  });

  test('the end of the input interrupts the run', async () => {
    expect((await onTerminal('\u0004', step, question)).code).toBe(130);
  });

  test('Ctrl-C interrupts it', async () => {
    expect((await onTerminal(['y\n', '\u0003'], step, question)).code).toBe(130);
    expect(existsSync(join(bench.dir, 'one.txt'))).toBe(true);
  });
});

describe('several questions on a terminal', () => {
  test('--step and the task itself both ask', async () => {
    const { code, screen } = await onTerminal(['y\n', 'y\n', 'n\n'], 'run ask.ts -i here.ini --step', /without asking:|\[y\/N\]/);
    expect(code).toBe(0);
    expect(screen).toMatch(/Run "test\/Ask"\?.* y\n.*Really\? \[y\/N\] y\n.*✔ Ask {2}1 ok\n.*Run "test\/Put"\?.* n\n.*✔ Put {2}1 skipped\n/s);
  });

  test.each(['run each.ts -i two.ini', 'run free.ts -i two.ini'])('each host asks in its turn: %s', async run => {
    const { code, screen } = await onTerminal(['y\n', 'y\n'], run);
    expect(code).toBe(0);
    expect(screen).toMatch(/Reboot here\? \[y\/N\] y\n.*Reboot there\? \[y\/N\] y\n.*here +ok=2.*there +ok=2/s);
  });

  test('each in its turn also where nothing is drawn', async () => {
    const { code, screen } = await onTerminal(['y\n', 'y\n'], 'run each.ts -i two.ini --json');
    expect(code).toBe(0);
    expect(screen).toMatch(/Reboot here\? \[y\/N\] y\n.*Reboot there\? .*y\n.*"here":\{"ok":2,.*"there":\{"ok":2,/s);
  });

  test.each([['n\n', 'y\n', 'here'], ['y\n', 'n\n', 'there']])('the answers %j and %j reach the right host', async (first, second, refused) => {
    const { code, screen } = await onTerminal([first, second], 'run each.ts -i two.ini');
    expect(code).toBe(1);
    expect(screen).toMatch(/✔ Ask {2}1 ok, 1 skipped\n/);
    expect(screen).toContain(`Stopped: not confirmed: Reboot ${refused}?`);
  });

  test('the end of the input is no yes to any', async () => {
    const { code, screen } = await onTerminal('\u0004', 'run each.ts -i two.ini');
    expect(code).toBe(1);
    expect(screen).toContain('Stopped: not confirmed: Reboot here?');
  });

  test.each([['the first', ['\u0003']], ['the second', ['y\n', '\u0003']]])('Ctrl-C at %s interrupts the run', async (_which, answers) => {
    expect((await onTerminal(answers, 'run each.ts -i two.ini')).code).toBe(130);
  });

  test('the row of hosts at work is drawn again after the answer', async () => {
    const { screen } = await onTerminal('y\n', 'run slow.ts -i two.ini');
    expect(screen).toMatch(/Really\? \[y\/N\] y\n.*Go 1\/2 {2}1 ok\n.*✔ Go {2}2 ok\n/s);
  });
});

describe('a question on a terminal', () => {
  test('no ends the run before the first change', async () => {
    const { code, screen } = await onTerminal('n\n');
    expect(code).toBe(1);
    expect(screen).toMatch(/Really\? \[y\/N\] n\n.*✔ Ask {2}1 skipped\n/s);
    expect(screen).toContain('Stopped: not confirmed: Really?');
    expect(() => readFileSync(made)).toThrow('ENOENT');
  });

  test('the end of the input is no yes', async () => {
    expect((await onTerminal('\u0004')).code).toBe(1);
    expect(() => readFileSync(made)).toThrow('ENOENT');
  });

  test('Ctrl-C interrupts the run', async () => {
    expect((await onTerminal('\u0003')).code).toBe(130);
    expect(() => readFileSync(made)).toThrow('ENOENT');
  });

  test('yes goes on, and the rows are drawn again', async () => {
    const { code, screen } = await onTerminal('y\n');
    expect(code).toBe(0);
    expect(screen).toMatch(/Really\? \[y\/N\] y\n.*✔ Put {2}1 changed/s);
    expect(readFileSync(made, 'utf8')).toBe('made\n');
  });
});
