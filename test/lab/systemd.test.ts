import { beforeAll, describe, expect, test } from 'vitest';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import * as systemd from '../../modules/systemd';
import { readUnit } from '../../modules/systemd/unit';
import { closeTargets, hostTarget } from '../support/host-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../support/module';
import { daemonHost, daemonUnit, given, running } from './support/daemon';
import { useLab } from './support/lab';

const up = useLab({ plain: 1 }, daemonHost());

let on: Target;
closeTargets();
beforeAll(async () => { on = await hostTarget(up(), 'p1'); });

describe('systemd.unit', () => {
  test.each([
    ['plain words, quotes, escapes', String.raw`ExecStart=/opt/show-args a "b c" 'd "e' --f="g h"i "" \x41\x20\t\s\u00e4 j\qk \; l;m`],
    ['a continued line with comments', 'ExecStart=/opt/show-args a \\\n  b \\\n# no\n ; nor \\\n\tc'],
    ['percent signs', 'ExecStart=/opt/show-args 100%% %%H'],
    ['inline variables', `Environment="A=1  2" B=3 "C='x y' z" D=\nExecStart=/opt/show-args $A \${A} \${B}\${B} $C \${D} $D $$B x$B $UNKNOWN \${UNKNOWN}`],
    ['variables of a file', 'Environment=A=inline\nEnvironmentFile=-/etc/missing\nEnvironmentFile=/etc/show.env\nExecStart=/opt/show-args $A $B ${C} $D $E $F ${G} $H'],
    ['the prefix :', 'Environment=A=1\nExecStart=-:/opt/show-args ${A} $A $$'],
    ['the prefix @', 'ExecStart=@/opt/show-args zero one'],
    ['a reset', 'ExecStart=/bin/false\nExecStart=\nExecStart=/opt/show-args two'],
  ])('reads arguments as systemd gives them: %s', async (_name, service) => {
    const environment = 'A=file\n# B=no\nB="x y  z" \nC="a\\"b\\\\c\\$d\\e"\nD=\'p q\' \nE=x"y z"\nF=a\\ b \\\n c\nG="l1\\\nl2\nl3"\n; H=no\nexport H=1\nH=--last=1\n';
    await given(on, 'args', `[Service]\nType=oneshot\n${service}\n`, { '/etc/show.env': environment });
    await on.run(cmd`systemctl start args`);
    const { bytes } = await on.run(cmd`cat /run/args`);
    const { args } = await carryOut(systemd.unit({ unit: 'args' }), on).then(outcome => outcome.value);
    const asGiven = bytes.toString() === '' ? [] : bytes.toString().replace(/\0$/, '').split('\0');
    // A script does not see its own zeroth argument.
    expect(args.map(arg => arg.text).slice(service.includes('@') ? 1 : 0)).toEqual(asGiven);
  });

  test('finds files, drop-ins and where each flag stands', async () => {
    // Before it starts: there is no user "masked".
    await on.run(cmd`mkdir -p /etc/systemd/system/full.service.d; ln -s /dev/null /etc/systemd/system/full.service.d/40-d.conf`);
    await given(on, 'full', daemonUnit('EnvironmentFile=/etc/full.env\n'), {
      '/etc/full.env': 'EXTRA="--x=1 --y=2"\n',
      '/etc/systemd/system/full.service.d/20-b.conf': '[Service]\nExecStart=\nExecStart=/opt/daemon --name=two $EXTRA\n',
      '/run/systemd/system/full.service.d/10-a.conf': '[Service]\nUser=root\n',
      '/usr/lib/systemd/system/full.service.d/20-b.conf': '[Service]\nUser=hidden\n',
      '/usr/lib/systemd/system/full.service.d/30-c.conf': '[Service]\nNice=1\n',
      '/usr/lib/systemd/system/full.service.d/40-d.conf': '[Service]\nUser=masked\n',
    });
    const { value } = await carryOut(systemd.unit({ unit: 'full' }), on);
    expect(value).toMatchObject({ unit: 'full.service', load: 'loaded', active: 'active', boot: 'disabled', user: 'root', type: 'simple', needsReload: false, problems: [], program: '/opt/daemon' });
    expect(value.files.map(file => file.path)).toEqual([
      '/etc/systemd/system/full.service', '/run/systemd/system/full.service.d/10-a.conf', '/etc/systemd/system/full.service.d/20-b.conf',
      '/lib/systemd/system/full.service.d/30-c.conf', '/etc/systemd/system/full.service.d/40-d.conf',
    ]);
    expect(systemd.flagOf(value, '--name')).toEqual({ value: 'two', source: { file: '/etc/systemd/system/full.service.d/20-b.conf', line: 3 }, again: [] });
    expect(systemd.flagOf(value, '-y')).toEqual({ value: '2', source: { file: '/etc/full.env', line: 1 }, again: [] });
    expect(systemd.flagOf(value, '--peers')).toBeUndefined();
    expect(value.mainPid).toBeGreaterThan(1);
  });

  test('reads what systemd would read now, before a daemon-reload', async () => {
    await given(on, 'fresh', daemonUnit());
    for (const directory of ['fresh.service.d', 'service.d']) {
      await on.run(cmd`mkdir -p /etc/systemd/system/${directory}`);
      await on.write(`/etc/systemd/system/${directory}/${directory === 'service.d' ? '05-all' : '50-own'}.conf`, '[Service]\nNice=1\n');
    }
    const before = await readUnit(on, 'fresh');
    expect(before.needsReload).toBe(true);
    await on.run(cmd`systemctl daemon-reload`);
    const after = await readUnit(on, 'fresh');
    expect(before.files.map(file => file.path)).toEqual([after.fragment, ...after.dropIns]);
    expect(after.dropIns).toHaveLength(2);
    expect(after.needsReload).toBe(false);
    await on.run(cmd`rm -r /etc/systemd/system/service.d; systemctl daemon-reload`);
  });

  test('says that a unit does not exist, and what comes near', async () => {
    await expect(carryOut(systemd.unit({ unit: 'scheduler-full' }), on)).rejects.toThrow('p1: there is no unit scheduler-full.service');
    await expect(carryOut(systemd.unit({ unit: 'kube-full' }), on)).rejects.toMatchObject({ hint: 'Did you mean full.service?' });
    expect(systemd.unit({ unit: '../x' }).problems).toHaveLength(1);
  });
});

describe('systemd.flag', () => {
  test('changes one flag in the unit, losslessly, with a backup, and the restart follows', async () => {
    await given(on, 'flag', daemonUnit());
    const { changes } = await changesOnce(() => systemd.flag({ unit: 'flag', flag: '--peers', value: 'a', backup: true }), on);
    expect(changes).toMatchObject([{ resource: '/etc/systemd/system/flag.service:9', property: '--peers', from: 'a,b,c', to: 'a' }]);
    const path = '/etc/systemd/system/flag.service';
    expect((await on.read(path)).toString()).toBe(daemonUnit().replace('a,b,c', 'a'));
    expect((await on.read(`${path}-bak-${on.runId}`)).toString()).toBe(daemonUnit());
    expect(await running(on, 'flag')).toContain('--peers=a,b,c');
    const { value } = await changesOnce(() => systemd.current({ unit: 'flag' }), on);
    expect(value).toEqual({ restarted: true, reasons: ['it runs with other --peers'] });
    expect(await running(on, 'flag')).toEqual(['/bin/sh', '/opt/daemon', '--name=one', '--peers=a', '--verbose']);
  });

  test('changes the variable of an EnvironmentFile', async () => {
    await given(on, 'env', '[Service]\nEnvironmentFile=/etc/env.env\nExecStart=/opt/daemon $OPTS\n', { '/etc/env.env': 'OPTS="--x=1 \\\n  --y=2"\n' });
    await changesOnce(() => systemd.flag({ unit: 'env', flag: '--y', value: 3 }), on);
    expect((await on.read('/etc/env.env')).toString()).toBe('OPTS="--x=1 \\\n  --y=3"\n');
    await changesOnce(() => systemd.current({ unit: 'env' }), on);
    expect(await running(on, 'env')).toEqual(['/bin/sh', '/opt/daemon', '--x=1', '--y=3']);
  });

  test('adds and removes flags, and can be undone', async () => {
    await given(on, 'more', daemonUnit());
    await changesOnce(() => systemd.flag({ unit: 'more', flag: '--new', value: 'a b%' }), on);
    await changesOnce(() => systemd.flag({ unit: 'more', flag: '--verbose', absent: true }), on);
    await changesOnce(() => systemd.current({ unit: 'more' }), on);
    expect((await on.run(cmd`tr '\0' '|' < /proc/${(await readUnit(on, 'more')).mainPid}/cmdline`)).stdout).toContain('--new=a b%|');
    await applyAndTakeBack(systemd.flag({ unit: 'more', flag: '--name', absent: true }), on);
    expect((await readUnit(on, 'more')).files[0]?.text).toContain('--name=one');
  });

  test('does what a killed run left: the daemon-reload', async () => {
    await given(on, 'killed', daemonUnit());
    await on.write('/etc/systemd/system/killed.service', daemonUnit().replace('a,b,c', 'a'));
    const { changes } = await changesOnce(() => systemd.flag({ unit: 'killed', flag: '--peers', value: 'a' }), on);
    expect(changes).toMatchObject([{ property: 'daemon-reload' }]);
  });

  test('refuses a package\'s unit, and leaves a file that systemd refuses', async () => {
    await expect(planned(systemd.flag({ unit: 'etcd', flag: '--name', value: 'x' }), on)).rejects.toThrow('belongs to a package');
    await given(on, 'kept', daemonUnit());
    await expect(carryOut(systemd.file({ unit: 'kept', content: '[Service]\nExecStart=/opt/missing\nNoSuch=1\n' }), on)).rejects.toThrow(/Unknown key .*NoSuch.*\/opt\/missing is not executable/s);
    expect((await on.read('/etc/systemd/system/kept.service')).toString()).toBe(daemonUnit());
    expect((await on.run(cmd`ls /tmp`)).stdout).not.toContain('tmp.');
  });
});

describe('systemd.file', () => {
  test('puts a unit and a drop-in in place', async () => {
    await changesOnce(() => systemd.file({ unit: 'made', content: daemonUnit() }), on);
    await changesOnce(() => systemd.file({ unit: 'made', dropIn: 'limits', content: '[Service]\nLimitNOFILE=4096\n' }), on);
    await changesOnce(() => systemd.service({ unit: 'made', state: 'started', boot: 'enabled' }), on);
    expect((await on.run(cmd`systemctl show made -p LimitNOFILE,DropInPaths`)).stdout).toBe('LimitNOFILE=4096\nDropInPaths=/etc/systemd/system/made.service.d/limits.conf\n');
    await applyAndTakeBack(systemd.file({ unit: 'made', dropIn: 'other', content: '[Service]\nNice=1\n' }), on);
    expect((await readUnit(on, 'made')).dropIns).toHaveLength(1);
    const { changes } = await changesOnce(() => systemd.file({ unit: 'made', dropIn: 'limits.conf', content: '[Service]\nLimitNOFILE=8192\n', backup: true }), on);
    expect(changes[0]?.diff).toContain('+LimitNOFILE=8192');
    await changesOnce(() => systemd.current({ unit: 'made' }), on);
  });

  test('refuses a drop-in of a unit that does not exist', async () => {
    await expect(carryOut(systemd.file({ unit: 'nowhere', dropIn: 'x', content: '[Service]\n' }), on)).rejects.toThrow('there is no unit nowhere.service');
  });
});
