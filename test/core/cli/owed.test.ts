/** Handlers that are owed, as a user meets them: a run fails before them, `runsheet owed` lists them, the next run does them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Bench } from './cli';

// Each test starts processes of its own, and a machine can be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const bench = new Bench();
const state = join(bench.dir, 'state');
afterAll(() => bench.remove());

beforeAll(() => {
  bench.write({
    'hosts.ini': `here ansible_connection=local runsheet_state_dir=${state}\n`,
    'gone.ini': 'gone ansible_host=127.0.0.1 ansible_port=1\n',
    'site.ts': `import { handler, play, playbook, runIfMain, task } from 'runsheet';
import { cmd, run } from 'runsheet/modules/command';
import * as file from 'runsheet/modules/file';
const reload = handler('Reload', run({ command: cmd\`sh -c 'test -e ${bench.dir}/ready && echo reloaded >>${bench.dir}/log'\` }));
export default playbook({ name: 'Site', plays: [play({ name: 'site', hosts: 'all', tasks: [
  task('Write', file.copy({ path: '${bench.dir}/site.conf', content: 'new\\n' }), { notify: reload }),
] })] });
runIfMain(module);
`,
  });
});

describe('runsheet owed', () => {
  test('lists nothing where nothing is owed', async () => {
    expect(await bench.run('owed', '-i', 'hosts.ini')).toEqual({ code: 0, stdout: 'here  nothing\n', stderr: '' });
  });

  test('lists what a failed run left, and the next run does it', async () => {
    expect((await bench.run('run', 'site.ts', '-i', 'hosts.ini')).code).toBe(2);
    expect((await bench.run('owed', '-i', 'hosts.ini')).stdout).toMatch(/^here {2}"Reload" of the playbook "Site", since \d{4}-\S+Z \(run \d{8}T\S+\)\n$/);
    writeFileSync(join(bench.dir, 'ready'), '');
    const next = await bench.run('run', 'site.ts', '-i', 'hosts.ini');
    expect(next).toMatchObject({ code: 0, stdout: expect.stringMatching(/Write {2}1 ok[^]*Reload {2}1 changed/) as string });
    expect((await bench.run('owed', '-i', 'hosts.ini')).stdout).toBe('here  nothing\n');
  });

  test('strikes out what was done by hand, after a word', async () => {
    for (const file of ['ready', 'site.conf']) rmSync(join(bench.dir, file));
    expect((await bench.run('run', 'site.ts', '-i', 'hosts.ini')).code).toBe(2);
    const refused = await bench.run('owed', '-i', 'hosts.ini', '--clear');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no terminal to answer on; add --yes') as string });
    expect(await bench.run('owed', '-i', 'hosts.ini', '--clear', '--yes')).toMatchObject({ code: 0 });
    expect((await bench.run('owed', '-i', 'hosts.ini')).stdout).toBe('here  nothing\n');
  });

  test('says which hosts it could not ask', async () => {
    expect(await bench.run('owed', '-i', 'hosts.ini', '-i', 'gone.ini')).toMatchObject({ code: 4, stdout: expect.stringMatching(/^here {2}nothing\ngone {2}not known: there is nothing to log in with as /) as string });
  });
});
