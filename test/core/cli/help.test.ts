import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { makeProgram, type Commands } from '../../../core/cli/program';
import { Bench, playbookOf, ROOT } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
afterAll(() => bench.remove());

const nothing = (): Promise<number> => Promise.resolve(0);
const none: Commands = { run: nothing, check: nothing, plan: nothing, apply: nothing, resume: nothing, rollback: nothing, runs: nothing, show: nothing, owed: nothing, inventory: nothing };

/** Files with one of these in their names are never read for help or version. */
const HEAVY = /\.ts$|ts-node|typescript|@swc|commander|zod/;

describe('help and version', () => {
  // `npx vitest run test/core/cli/help.test.ts -u` writes the file anew.
  test('bin/help.txt is what the program would print', async () => {
    let help = '';
    makeProgram(none, () => undefined).configureOutput({ writeOut: text => { help += text; } }).outputHelp();
    await expect(help).toMatchFileSnapshot(join(ROOT, 'bin', 'help.txt'));
  });

  test.each([['--help'], ['-h'], ['help'], ['--version'], ['-V']])('%s loads no TypeScript', async option => {
    const log = join(bench.dir, 'loaded.txt');
    bench.write({ 'log.js': `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(log)}, Object.keys(require.cache).join('\\n')));` });
    writeFileSync(log, '');
    const ended = await bench.start([option], { NODE_OPTIONS: `--require ${join(bench.dir, 'log.js')}` }).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const expected = /-{0,2}v/i.test(option) ? /^\d+\.\d+\.\d+\n$/ : /^Usage: runsheet COMMAND/;
    expect(ended.stdout).toMatch(expected);
    expect(readFileSync(log, 'utf8').split('\n').filter(file => HEAVY.test(file))).toEqual([]);
  });

  test('nothing at all prints the help and is an error', async () => {
    expect(await bench.run()).toMatchObject({ code: 1, stdout: readFileSync(join(ROOT, 'bin', 'help.txt'), 'utf8') });
  });

  test('run --help without a playbook is the help of the command', async () => {
    const ended = await bench.run('run', '--help');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    for (const option of ['-i, --inventory', '--limit', '--set', '--vars', '--check', '--diff', '--tags', '--skip-tags', '--start-at', '--step', '--forks', '-u, --user', '--private-key',
      '-b, --become', '-K, --ask-become-password', '--become-password-file', '--host-key', '--timeout', '--lock-wait', '--list-hosts', '--list-tasks', '--yes', '--json', '--verbose', '--timings']) {
      expect(ended.stdout).toContain(option);
    }
  });

  test('run PLAYBOOK --help says what the playbook does and which variables it takes', async () => {
    bench.write({
      'pb.ts': playbookOf(`task('x', read({ command: cmd\`true\` }))`).replace(`name: 'Test',`, `name: 'Leave', description: 'Takes masters out.',
        vars: z.strictObject({ leaving: hosts().describe('who leaves'), etcd: z.strictObject({ restart: z.enum(['none', 'rolling']).default('none').describe('restart etcd') }).prefault({}) }),`)
        .replace(/^/, `import { z } from 'zod';\nimport { hosts } from 'runsheet/core/vars';\n`),
    });
    const ended = await bench.run('run', 'pb.ts', '--help');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(`Leave

Takes masters out.

Variables (--set name=value, or in a file with --vars):
  leaving       hosts           who leaves (required)
  etcd.restart  none | rolling  restart etcd (none)

Usage: runsheet run PLAYBOOK -i INVENTORY [options]
`);
  });
});
