/** Jobs that outlive the connection: started, waited for, found again by another run, lost, failed. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { cmd, job } from '../../../modules/command';
import type { JobParams } from '../../../modules/command';
import { localTarget } from '../../support/local-target';
import { carryOut, planned } from '../../support/module';

const jobName = (): string => `test-${randomBytes(6).toString('hex')}`;
const quick = { every: '50ms' } as const;

/** Starts it and gives up at once, as a run whose link is cut does. */
async function abandon(params: JobParams): Promise<void> {
  const stopping = new AbortController();
  const on = localTarget();
  const cut = Object.create(on, { signal: { value: stopping.signal } }) as typeof on;
  const waiting = carryOut(job(params), cut);
  while (await planned(job(params), on).then(([change]) => change?.to?.startsWith('run') === true)) await pause(20);
  stopping.abort(new Error('cut'));
  await expect(waiting).rejects.toThrow(/cut|aborted/);
}

describe.each([['sh'], ['busybox', 'sh']])('under %s %s', (...shell) => {
  const on = localTarget(shell);

  test('gives what the command printed and its exit code, and leaves nothing', async () => {
    const params = { ...quick, name: jobName(), command: cmd`echo "$greeting"; pwd; echo oh >&2; cat`, env: { greeting: "it's" }, chdir: '/usr' };
    expect(await planned(job(params), on)).toMatchObject([{ to: expect.stringMatching(/^run echo/) as string }]);
    const done = await carryOut(job(params), on);
    expect(done.value).toEqual({ code: 0, stdout: "it's\n/usr\n", stderr: 'oh\n', attached: false });
    expect(existsSync(`${on.host.connection.stateDirectory ?? ''}/jobs/${params.name}`)).toBe(false);
  });

  test('fails with the code and the end of what it said', async () => {
    await expect(carryOut(job({ ...quick, name: jobName(), command: ['sh', '-c', 'echo broken >&2; exit 3'] }), on)).rejects.toThrow('it ended with exit code 3: broken');
    const allowed = await carryOut(job({ ...quick, name: jobName(), command: cmd`exit 3`, expect: [0, 3] }), on);
    expect(allowed.value.code).toBe(3);
  });
});

describe('a run that is cut off', () => {
  const on = localTarget();

  test('leaves the job at work, and the next one waits for it instead of starting another', async () => {
    const params = { ...quick, name: jobName(), command: cmd`sleep 2; echo once` };
    await abandon(params);
    expect(await planned(job(params), on)).toMatchObject([{ to: `wait for ${params.name}, which an earlier run started` }]);
    expect((await carryOut(job(params), on)).value).toMatchObject({ stdout: 'once\n', attached: true });
  });

  test('may find the outcome only later', async () => {
    const params = { ...quick, name: jobName(), command: cmd`sleep 0.5; echo done` };
    await abandon(params);
    await expect.poll(async () => (await planned(job(params), on))[0]?.to, { timeout: 10_000 }).toBe(`take the outcome of ${params.name}, which an earlier run started`);
    expect((await carryOut(job(params), on)).value).toMatchObject({ stdout: 'done\n', attached: true });
  });

  test('says so when the job is gone without an outcome, and starts it again', async () => {
    const seconds = `30.${Math.floor(Math.random() * 1e6)}`;
    const params = { ...quick, name: jobName(), command: cmd`sleep ${seconds}` };
    await abandon(params);
    await on.run(cmd`read -r pid _ <${on.host.connection.stateDirectory ?? ''}/jobs/${params.name}/started; kill -9 "-$pid"`, { expect: 'any' });
    await expect.poll(async () => (await planned(job(params), on))[0]?.to).toContain('is gone and left no exit code');
    expect((await carryOut(job({ ...params, command: cmd`echo again` }), on)).value).toMatchObject({ stdout: 'again\n', attached: false });
  });
});

test.each<[Partial<JobParams>, string]>([
  [{ name: '../x' }, 'is no name for a job'],
  [{ every: 'soon' as '1s' }, '`every` is no duration'],
  [{ command: cmd`` }, 'the command is empty'],
])('refuses %j', (wrong, problem) => {
  expect(job({ name: 'fine', command: cmd`true`, ...wrong }).problems.join()).toContain(problem);
});
