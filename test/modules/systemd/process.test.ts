import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cmd, lines } from '../../../core/transport/command';
import { parseProcess, PROCESS, type ProcessInfo } from '../../../modules/systemd/process';
import { parseShow } from '../../../modules/systemd/show';
import { staleness } from '../../../modules/systemd/staleness';
import { localTarget } from '../../support/local-target';

const ARGS = ['-c', 'read line', 'a b', '', 'two\nlines', '-- environment --', 'ä'];

/** A shell that runs until the test is over. */
async function started(): Promise<number> {
  const child = spawn('/bin/sh', ARGS, { env: { PATH: '/bin', EMPTY: '', ODD: 'x=y\nz' }, stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  onTestFinished(() => { child.kill('SIGKILL'); });
  return child.pid ?? 0;
}

describe.each([[['sh']], [['bash', '--posix']], [['busybox', 'sh']]])('a process read by %s', shell => {
  const on = localTarget(shell);
  const read = async (pid: number): Promise<ProcessInfo | undefined> => parseProcess(pid, (await on.run(lines(cmd`pid=${pid}`, PROCESS))).bytes);

  test('gives arguments and environment byte for byte', async () => {
    const process = await read(await started());
    expect(process?.args).toEqual(['/bin/sh', ...ARGS]);
    expect(process?.environment).toEqual(new Map([['PATH', '/bin'], ['EMPTY', ''], ['ODD', 'x=y\nz']]));
  });

  test('is none when it is gone', async () => {
    const pid = await started();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => read(pid)).toBeUndefined();
    expect(await read(0)).toBeUndefined();
  });

  test('never looks younger than a file that was written right after its start', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'runsheet-process-'));
    onTestFinished(() => { rmSync(dir, { recursive: true }); });
    const path = join(dir, 'config');
    for (let i = 0; i < 5; i += 1) {
      const pid = await started();
      await writeFile(path, 'new');
      const { mtimeMs } = await stat(path);
      const process = await read(pid);
      if (process === undefined) throw new Error('it is gone');
      const unit = { ...parseShow({ stdout: 'Id=x.service\n' }), files: [], environmentFiles: [], program: '', args: [], problems: [] };
      expect(staleness(unit, process, { files: new Map([[path, mtimeMs / 1000]]) })).toEqual([`${path} is newer than its process`]);
    }
  });
});
