/** A run that changes files, units, nginx and services on three hosts, and its way back: trees, processes and what is served are as before. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planHosts, runOnHost, type ExtraFile } from '../../lab/lab';
import { readTrees, treeChanges, type Trees } from '../../lab/proofs/trees';
import { runsheet, type RunsheetResult } from '../../lab/scenario';
import { everydayHost } from './support/everyday-host';
import { useLab } from './support/lab';

const unit = (description: string): string => `[Unit]\nDescription=${description}\n[Service]\nExecStart=/opt/daemon\n[Install]\nWantedBy=multi-user.target\n`;

const FILES: readonly ExtraFile[] = [
  ...everydayHost,
  { path: '/etc/systemd/system/idle.service', content: unit('idle') },
  { path: '/etc/systemd/system/busy.service', content: unit('busy') },
  { path: '/etc/systemd/system/multi-user.target.wants/busy.service', link: '/etc/systemd/system/busy.service' },
  { path: '/etc/app.conf', content: 'colour = blue\n', mode: 0o640 },
  { path: '/etc/old.d/a b', content: 'one\n', mode: 0o600 },
  { path: '/etc/old.d/sub/c', content: 'two\n' },
  { path: '/opt/app/releases/1/x', content: '1' },
  { path: '/opt/app/releases/2/x', content: '2' },
  { path: '/opt/app/current', link: 'releases/1' },
];

const PLAYBOOK = `import { play, playbook, runIfMain, task } from 'runsheet';
import * as file from 'runsheet/modules/file';
import * as nginx from 'runsheet/modules/nginx';
import * as systemd from 'runsheet/modules/systemd';
export default playbook({ name: 'Change much', plays: [play({ name: 'change', hosts: 'all', tasks: [
  task('Configure', file.copy({ path: '/etc/app.conf', content: 'colour = red\\n', mode: 0o600, owner: 'daemon', backup: true })),
  task('Add a line', file.line({ path: '/etc/app.conf', line: 'size = 3' })),
  task('Make a directory', file.directory({ path: '/etc/new/deep', mode: 0o750 })),
  task('Fill it', file.copy({ path: '/etc/new/deep/file', content: 'x' })),
  task('Remove the old', file.absent({ path: '/etc/old.d', recursive: true })),
  task('Release', file.link({ path: '/opt/app/current', to: 'releases/2' })),
  task('Limit', systemd.file({ unit: 'svc', dropIn: 'nice', content: '[Service]\\nNice=3\\n' })),
  task('Flag', systemd.flag({ unit: 'svc', flag: '--name', value: 'two', backup: true })),
  task('Restart', systemd.current({ unit: 'svc' })),
  task('Take one out', nginx.upstream({ unit: 'nginx', upstream: 'app', servers: { '127.0.0.1:9096': { down: true } }, backup: true })),
  task('In force', nginx.inForce({ unit: 'nginx' })),
  task('Start', systemd.service({ unit: 'idle', state: 'started', boot: 'enabled' })),
  task('Stop', systemd.service({ unit: 'busy', state: 'stopped', boot: 'disabled' })),
] })] });
runIfMain(module);
`;

/** What changes its time with each link that systemctl makes and removes, and where the copies lie. */
const OWN_WAYS = /: \/(?:etc\/systemd\/system\/multi-user\.target\.wants(?:\/(?:busy|idle)\.service)?|var\/lib(?:\/runsheet(?:\/.*)?)?): /;

const NAMES = ['p1', 'p2', 'p3'];
const up = useLab({ plain: 3 }, { hosts: planHosts({ plain: 3 }).map(host => ({ ...host, extraFiles: FILES })) });
const cwd = mkdtempSync(join(tmpdir(), 'runsheet-rollback-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const onAll = async (script: string): Promise<readonly string[]> => Promise.all(NAMES.map(async name => (await runOnHost(up(), name, script)).stdout));
/** What runs, with which arguments and niceness, what starts at boot, and what nginx serves. */
const standing = (): Promise<readonly string[]> => onAll(`for u in svc idle busy nginx; do
  systemctl show -p Id,ActiveState,UnitFileState,NeedDaemonReload $u
  pid=$(systemctl show -p MainPID --value $u); [ $pid = 0 ] || { tr '\\0' ' ' </proc/$pid/cmdline; cut -d' ' -f19 /proc/$pid/stat; }
done
for i in 1 2 3 4 5 6 7 8; do curl -fsS http://127.0.0.1:8080/; echo; done | sort -u`);
const pids = (): Promise<readonly string[]> => onAll('systemctl show -p MainPID --value svc nginx idle busy');
const lastRun = (): string => readdirSync(join(cwd, '.runsheet/runs')).sort().at(-1) ?? '';
const command = (args: readonly string[], killAt?: string): Promise<RunsheetResult> => {
  let pid = 0;
  const onOutput = (text: string): void => { if (killAt !== undefined && text.includes(killAt) && pid > 0) process.kill(pid, 'SIGKILL'); };
  return runsheet(up(), args, { cwd, started: started => { pid = started; }, onOutput });
};
const differences = (before: Trees, after: Trees): readonly string[] => treeChanges(before, after).filter(line => !OWN_WAYS.test(line));

describe('runsheet rollback', () => {
  let trees: Trees;
  let before: readonly string[];

  beforeAll(async () => {
    writeFileSync(join(cwd, 'change.ts'), PLAYBOOK);
    await onAll('systemctl daemon-reload; systemctl start svc busy nginx');
    trees = await readTrees(up());
    before = await standing();
    expect(before[0]).toMatch(/a\nb/);
  });

  const expectAsBefore = async (): Promise<void> => {
    expect(differences(trees, await readTrees(up()))).toEqual([]);
    expect(await standing()).toEqual(before);
  };

  test('goes on where it was killed, and takes back a run that was killed', async () => {
    await command(['run', 'change.ts', '--yes'], 'Take one out');
    const run = lastRun();
    await command(['rollback', run, '--yes', '--include-unfinished'], 'Put back: Release');
    const rest = await command(['rollback', run, '--yes', '--include-unfinished']);
    expect(rest).toMatchObject({ code: 0, stderr: '' });
    expect(rest.stdout).toContain('an earlier rollback of it did not end well');
    await expectAsBefore();
  });

  test('puts everything back, a second one changes nothing, and it can be taken back itself', async () => {
    expect(await command(['run', 'change.ts', '--yes'])).toMatchObject({ code: 0, stderr: '' });
    const run = lastRun();
    const [changed, serving] = [await readTrees(up()), await standing()];
    expect(differences(trees, changed).length).toBeGreaterThan(8 * NAMES.length);
    expect(serving[0]).not.toMatch(/a\nb/);

    const check = await command(['rollback', run, '--check', '--yes']);
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(check.stdout).toMatch(/puts back:\n {4}p1: .*\/etc\/nginx\/nginx\.conf/);
    expect(check.stdout).toMatch(/then again: .*systemd\.restart svc\.service/);
    expect(differences(changed, await readTrees(up()))).toEqual([]);

    expect(await command(['rollback', run, '--yes'])).toMatchObject({ code: 0, stderr: '' });
    const rollback = lastRun();
    await expectAsBefore();
    const processes = await pids();
    const second = await command(['rollback', run, '--yes']);
    expect(second.code).toBe(0);
    expect(second.stdout.match(/changed=0/g)).toHaveLength(NAMES.length);
    expect(await pids()).toEqual(processes);

    expect(await command(['rollback', rollback, '--yes'])).toMatchObject({ code: 0, stderr: '' });
    // A directory that was made again has the time of that.
    expect(differences(changed, await readTrees(up())).filter(line => !/ \/etc\/new\/deep: /.test(line))).toEqual([]);
    expect(await standing()).toEqual(serving);

    // Somebody changes one host: nothing is touched on any.
    await runOnHost(up(), 'p3', 'echo mine >>/etc/app.conf');
    const refused = await command(['rollback', run, '--yes']);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain('p3: /etc/app.conf was changed by somebody else since');
    expect(await standing()).toEqual(serving);
    expect(await command(['rollback', run, '--yes', '--limit', '!p3'])).toMatchObject({ code: 0, stderr: '' });
    const left = differences(trees, await readTrees(up()));
    expect(left.filter(line => !line.startsWith('p3: '))).toEqual([]);
    expect(left.length).toBeGreaterThan(5);
  });
});
