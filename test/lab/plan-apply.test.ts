/** The main job by way of a plan, as a careful user does it: planned, reviewed, refused where a host drifted, killed while it is applied, planned anew and applied, with clients at work. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClients } from '../../lab/clients/clients';
import { runOnHost } from '../../lab/lab';
import { fromClients } from '../../lab/proofs/prove-run';
import { deviationsOf } from '../../lab/proofs/outcome';
import { tracesOf } from '../../lab/proofs/traces';
import { readTrees, treeChanges } from '../../lab/proofs/trees';
import { playbookPath, runsheet, runsheetAgain, type RunsheetOptions, type RunsheetResult } from '../../lab/scenario';
import { useCluster } from './support/cluster';

const leaving = ['172.72.0.96', '172.72.0.97'];
const CONF = '/approot/data/k8s/kube-nginx/conf/kube-nginx.conf';
// A full machine serves fewer requests with one API server than with three; what is asked of it is little.
const RATE = 4;
const LIMIT_MS = 12 * 60_000;
/** A host waits so long for signs of life of a controller that is gone. */
const KILLED_PATIENCE_MS = 75_000;

const up = useCluster({ masters: 3, nodes: 2 }, { kube: 'stand-in' });
let cwd: string;
beforeAll(async () => { cwd = await mkdtemp(join(tmpdir(), 'runsheet-plan-')); });
afterAll(async () => { await rm(cwd, { recursive: true, force: true }); });

const plan = (out: string): Promise<RunsheetResult> => runsheet(up(), ['plan', playbookPath('decommission-masters'), '--set', `leaving=${leaving.join(',')}`, '-o', out], { cwd });
const again = (args: readonly string[], options: Omit<RunsheetOptions, 'cwd' | 'inventory'> = {}): Promise<RunsheetResult> => runsheetAgain(up(), args, { cwd, ...options });
const editConf = (sed: string): Promise<unknown> => runOnHost(up(), 'n1', `sed -i '${sed}' ${CONF}`);

/** A plan in a few figures, read as a program reads it. */
async function figures(file: string): Promise<{ readonly changed: number; readonly unknown: readonly string[] }> {
  const { tasks } = JSON.parse(await readFile(join(cwd, file), 'utf8')) as { readonly tasks: readonly { readonly task: string; readonly status: string }[] };
  return { changed: tasks.filter(({ status }) => status === 'changed').length, unknown: [...new Set(tasks.filter(({ status }) => status === 'unknown').map(({ task }) => task))] };
}

/** Applies a plan and kills the controller once this is printed. */
async function killedAt(text: string, file: string): Promise<RunsheetResult> {
  let pid = 0;
  let output = '';
  return await again(['apply', file, '--yes'], {
    started: started => { pid = started; },
    onOutput: more => { output += more; if (output.includes(text) && pid > 0) process.kill(pid, 'SIGKILL'); },
  });
}

// No second try: it would find the masters gone.
test('masters leave by a plan, and no request fails', { retry: 0, timeout: LIMIT_MS }, async () => {
  const clients = await startClients(up(), { hosts: ['172.72.0.95', '172.72.0.96', '172.72.0.98'], rate: RATE });
  const before = await readTrees(up());
  const made = await plan('plan.json');
  expect(made, made.stdout).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/\n\d+ changes on 5 hosts; what \d+ tasks do only the run can tell\nplan\.json is written;/);
  const whole = await figures('plan.json');
  // What is done with values that the run makes: looks afterwards, and the lease given back.
  expect(whole.unknown).toContain('End/Give the lease back');
  expect((await again(['show', 'plan.json'])).stdout).toMatch(/\nm1\n.*\nm2\n.*\nm3\n.*\nn1\n.*\nn2\n/s);

  await editConf('s/\\(server 172.72.0.97:6443.*\\);/\\1 down;/');
  const drifted = await readTrees(up());
  expect(await again(['apply', 'plan.json', '--yes'])).toMatchObject({ code: 3, stdout: '', stderr: `the plan plan.json no longer fits; nothing was touched:
n1  Cut over to the kept API servers/Edit the upstream
    planned: upstream apiserver 172.72.0.97:6443: server 172.72.0.97:6443 max_fails=3 fail_timeout=30s; -> server 172.72.0.97:6443 max_fails=3 fail_timeout=30s down;
    now:     nothing like it
             (2 more changes are as planned)
Make a new plan.
` });
  expect(treeChanges(drifted, await readTrees(up())), 'a plan that is refused touches nothing').toEqual([]);
  await editConf('s/\\(server 172.72.0.97:6443.*\\) down;/\\1;/');
  expect(treeChanges(before, await readTrees(up())).filter(line => !line.includes(CONF.slice(0, CONF.lastIndexOf('/'))))).toEqual([]);

  expect((await killedAt('PLAY Retire the API server of', 'plan.json')).signal).toBe('SIGKILL');
  expect(await again(['resume', '--yes'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^run \S+ applied the plan plan\.json, which no longer fits; make a plan of what is left\n$/) as string });
  const half = await again(['apply', 'plan.json', '--yes']);
  expect(half).toMatchObject({ code: 3, stderr: expect.stringMatching(/^the plan plan\.json no longer fits; nothing was touched:\n.*\nm1, m2, m3, n1, n2 {2}Cut over to the kept API servers\/Edit the upstream\n/s) as string });

  expect(await plan('rest.json')).toMatchObject({ code: 0, stderr: '' });
  expect((await figures('rest.json')).changed).toBeLessThan(whole.changed);
  const applied = await again(['apply', 'rest.json', '--yes']);
  expect(applied, applied.stdout.slice(-4000)).toMatchObject({ code: 0, stderr: '' });
  expect(await again(['apply', 'rest.json', '--yes'])).toMatchObject({ code: 3, stderr: expect.stringMatching(/^nothing of the plan rest\.json is left to do/) as string });

  expect(fromClients(await clients.stop())).toEqual([]);
  expect(await deviationsOf(up(), { leaving })).toEqual([]);
  expect(await tracesOf(up(), KILLED_PATIENCE_MS)).toEqual([]);
});
