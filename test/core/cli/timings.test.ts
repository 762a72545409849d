/** `--timings`: the table, and what a real run reports. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { timingLines, type RunTimings } from '../../../core/cli/timings-table';
import type { TaskFigures } from '../../../core/run/meter';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { Bench, playbookOf } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const task = (name: string, over: Partial<TaskFigures> = {}): TaskFigures => ({
  name, isHandler: false, hosts: 2, span: { from: 500, to: 520 }, slowest: { host: 'web1', ms: 20 }, trips: 1, ahead: 0, bytes: 0, waited: { sum: 30, most: 18 }, worked: 20, ...over,
});
const run = (tasks: readonly TaskFigures[], over: Partial<RunTimings['figures']> = {}): RunTimings => ({
  steps: [['options read', 60], ['plan laid out', 300.4]], begun: 400, ended: 1000,
  figures: { connecting: { from: 310, to: 450 }, connections: 2, received: 41_230, sent: 812, asked: 30, ahead: 1, most: { host: 'web1', trips: 3 }, tasks, ...over },
});

describe('the table', () => {
  test('has phases, totals and tasks', () => {
    expect(timingLines(run([
      task('Make a directory', { span: { from: 460, to: 620 }, slowest: { host: 'web2', ms: 151.6 }, bytes: 1234, trips: 3 }),
      task('Reload', { isHandler: true, span: { from: 620, to: 625.25 }, slowest: { host: 'web1', ms: 5.25 }, trips: 0, ahead: 12, waited: { sum: 0.42, most: 0.3 }, worked: undefined }),
    ]))).toEqual([
      '',
      'TIMINGS  1000 ms',
      '  PHASE       FROM    TO   MS',
      '  start          0   400  400  options read 60, plan laid out 240',
      '  connecting   310   450  140  2 connections',
      '  tasks        460   625  165  2 tasks',
      '  closing      625  1000  375',
      '',
      '  2 connections, 41.2 kB received, 812 B sent, 30 commands asked, 1 answer came ahead, the most round trips waited for: 3 (web1)',
      '',
      '  TASK              HOSTS   MS   SLOWEST  TRIPS  AHEAD  OUTPUT  WAITED  MOST  HOST',
      '  Make a directory      2  160  web2 152      3      0  1.2 kB      30    18    20',
      '  handler Reload        2  5.3  web1 5.3      0     12     0 B     0.4   0.3',
    ]);
  });

  test('fits the terminal: long names are cut, lists wrapped', () => {
    const lines = timingLines(run([task('A task with a name that is much longer than it should be', { slowest: { host: 'a-host-with-a-rather-long-name', ms: 20 } })]), 100);
    expect(lines.filter(line => line.length > 100)).toEqual([]);
    expect(lines.at(-1)).toMatch(/^ {2}A task with a \S*… .* a-host-with-a-rathe… 20 /);
    expect(lines.filter(line => line.includes('connections') && line.includes('round trips'))).toEqual([]);
  });

  test('shows the thirty slowest tasks in the order of the run, and counts the others', () => {
    const tasks = Array.from({ length: 40 }, (_, i) => task(`T${i}`, { span: { from: 500, to: 500 + (i % 4 === 0 ? 5 : 100 + i) } }));
    const lines = timingLines(run(tasks));
    const names = lines.flatMap(line => /^ {2}(T\d+) /.exec(line)?.[1] ?? []);
    expect(names).toEqual(tasks.map(({ name }) => name).filter((_name, i) => i % 4 !== 0));
    expect(lines.at(-1)).toBe('  and 10 quicker tasks, of 5.0 ms at most');
  });

  test('of a run without connections and tasks has what there is', () => {
    const lines = timingLines(run([], { connecting: undefined, connections: 0, most: undefined }));
    expect(lines.map(line => line.trim().split(/ {2,}/)[0])).toEqual(['', 'TIMINGS', 'PHASE', 'start', 'closing', '', '0 connections, 41.2 kB received, 812 B sent, 30 commands asked, 1 answer came ahead']);
  });

  test.each([[999, '999 B'], [1000, '1.0 kB'], [999_949, '999.9 kB'], [999_950, '1.0 MB'], [2_500_000, '2.5 MB'], [3_000_000_000, '3.0 GB']])('%d bytes are %s', (received, text) => {
    expect(timingLines(run([], { received })).join('\n')).toContain(`${text} received`);
  });
});

describe('runsheet run --timings', () => {
  const bench = new Bench();
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshServer();
    bench.write({
      'hosts.ini': `web1 ansible_host=127.0.0.1 ansible_port=${server.port} ansible_ssh_private_key_file=${server.privateKeyFile} runsheet_known_hosts=${server.knownHostsFile} runsheet_state_dir=${server.dir}/.state\n`,
      'put.ts': playbookOf(['one', 'two', 'three'].map(name => `task('Put ${name}', file.copy({ path: '${join(server.dir, name)}', content: 'made\\n' }))`).join(', ')),
    });
  });
  afterAll(async () => {
    await server.close();
    bench.remove();
  });

  test('prints the table after the recap, with --json beside the events', async () => {
    const first = await bench.run('run', 'put.ts', '-i', 'hosts.ini', '--timings');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.split('RECAP')[1]).toMatch(/\nTIMINGS {2}\d+ ms\n[^]*\n {2}start .* options read [^]*\n {2}connecting .* 1 connection\n[^]*\n {2}closing .*\n\n {2}1 connection, [\d.]+ kB received, [\d.]+ kB sent,/);
    const second = await bench.run('run', 'put.ts', '-i', 'hosts.ini', '--timings', '--json');
    expect(second.stdout.trim().split('\n').map(line => (JSON.parse(line) as { type: string }).type).at(-1)).toBe('recap');
    const rows = second.stderr.split('\n').map(line => line.trim().split(/ {2,}/)).filter(([name]) => name?.startsWith('Put'));
    expect(rows.map(([name, hosts, , , trips, ahead]) => [name, hosts, trips, ahead])).toEqual([['Put one', '1', '1', '0'], ['Put two', '1', '0', '1'], ['Put three', '1', '0', '1']]);
    // What the hosts say of themselves.
    expect(rows.map(row => Number(row[9]) >= 0)).toEqual([true, true, true]);
  });

  test('of an apply counts the look before it to the start, and of a rollback too there is one', async () => {
    bench.write({ 'more.ts': playbookOf(`task('Put more', file.copy({ path: '${join(server.dir, 'more')}', content: 'made\\n' }))`) });
    expect((await bench.run('plan', 'more.ts', '-i', 'hosts.ini', '-o', 'plan.json', '--timings')).stdout).toMatch(/\nTIMINGS [^]*\n {2}Put more .*\n[^]*plan.json is written/);
    const applied = await bench.run('apply', 'plan.json', '--timings');
    expect(applied.stdout.split('TIMINGS')).toHaveLength(2);
    expect(applied.stdout).toMatch(/\n {2}start .*[^]* plan compared \d+\n/);
    const back = await bench.run('rollback', 'last', '--yes', '--timings');
    expect(back).toMatchObject({ code: 0, stderr: '' });
    expect(back.stdout.split('TIMINGS')).toHaveLength(2);
  });

  test('without it nothing is said', async () => {
    const ended = await bench.run('run', 'put.ts', '-i', 'hosts.ini', '--verbose');
    expect(ended.stdout + ended.stderr).not.toContain('TIMINGS');
  });
});
