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

describe('systemd.service', () => {
  test('starts and enables, stops and disables', async () => {
    await given(on, 'svc', daemonUnit());
    await on.run(cmd`systemctl stop svc`);
    const { changes } = await changesOnce(() => systemd.service({ unit: 'svc', state: 'started', boot: 'enabled' }), on);
    expect(changes).toEqual([
      { resource: 'svc.service', property: 'state', from: 'inactive', to: 'active' }, { resource: 'svc.service', property: 'boot', from: 'disabled', to: 'enabled' },
    ]);
    await changesOnce(() => systemd.service({ unit: 'svc.service', state: 'stopped', boot: 'disabled' }), on);
    await applyAndTakeBack(systemd.service({ unit: 'svc', state: 'started', boot: 'enabled' }), on);
    expect(await readUnit(on, 'svc')).toMatchObject({ active: 'inactive', boot: 'disabled' });
  });

  test('masks and unmasks a package\'s unit', async () => {
    await changesOnce(() => systemd.service({ unit: 'etcd', boot: 'masked' }), on);
    await expect(carryOut(systemd.service({ unit: 'etcd', boot: 'disabled' }), on)).resolves.toMatchObject({ changed: false });
    await changesOnce(() => systemd.service({ unit: 'etcd', boot: 'enabled' }), on);
    await changesOnce(() => systemd.service({ unit: 'etcd', boot: 'disabled' }), on);
  });

  test.each([
    ['a unit that does not exist', { unit: 'nope', state: 'stopped' }, 'there is no unit nope.service'],
    ['a unit to start that does not exist', { unit: 'nope', state: 'started' }, 'there is no unit nope.service'],
    ['to mask a unit in /etc', { unit: 'svc', boot: 'masked' }, 'cannot be masked'],
    ['to enable a static unit', { unit: 'static', boot: 'enabled' }, 'no [Install] section'],
    ['to keep a oneshot started', { unit: 'once', state: 'started' }, 'Type=oneshot'],
  ] as const)('refuses %s', async (_name, params, message) => {
    await given(on, 'static', '[Service]\nExecStart=/opt/daemon\n');
    await given(on, 'once', '[Service]\nType=oneshot\nExecStart=/opt/show-args\n');
    await expect(carryOut(systemd.service(params), on)).rejects.toThrow(message);
  });

  test('says that what was started does not stay up, with its log', async () => {
    await given(on, 'broken', daemonUnit().replace('/opt/daemon', '/opt/broken'), { '/opt/broken': '#!/bin/sh\necho cannot bind >&2; exit 7\n' });
    await on.run(cmd`chmod 755 /opt/broken`);
    await expect(carryOut(systemd.service({ unit: 'broken', state: 'started' }), on)).rejects.toThrow(/does not stay up.*cannot bind/s);
    await on.run(cmd`systemctl stop broken`);
  });
});

describe('what happens while a unit settles', () => {
  const slow = daemonUnit().replace('/opt/daemon', '/opt/slow');

  test.each([
    ['dies', slow.replace('Restart=on-failure', 'Restart=no'), 'it is failed'],
    ['dies and is started by systemd again', slow, /systemd restarted it|activating/],
  ] as const)('a unit that %s is told, and not left enabled', async (_name, text, message) => {
    await given(on, 'slow', text, { '/opt/slow': '#!/bin/sh\nsleep 1.2; exit 7\n' });
    await on.run(cmd`chmod 755 /opt/slow; systemctl stop slow; systemctl reset-failed`);
    await expect(carryOut(systemd.service({ unit: 'slow', state: 'started', boot: 'enabled' }), on)).rejects.toThrow(message);
    expect((await readUnit(on, 'slow')).boot).toBe('disabled');
    await expect(carryOut(systemd.restart({ unit: 'slow' }), on)).rejects.toThrow(message);
    await on.run(cmd`systemctl stop slow; systemctl reset-failed`);
  });
});

describe('systemd.restart, reload, daemonReload, current', () => {
  test('restart gives another process, reload the same', async () => {
    await given(on, 'cycle', daemonUnit());
    const first = await readUnit(on, 'cycle');
    const { value } = await carryOut(systemd.restart({ unit: 'cycle' }), on);
    expect(value.mainPid).not.toBe(first.mainPid);
    expect(value.invocationId).toMatch(/^[0-9a-f]{32}$/);
    await carryOut(systemd.reload({ unit: 'cycle' }), on);
    expect((await readUnit(on, 'cycle')).mainPid).toBe(value.mainPid);
  });

  test('a restart that fails says why', async () => {
    await given(on, 'cycle', daemonUnit());
    await on.write('/etc/systemd/system/cycle.service', daemonUnit().replace('/opt/daemon', '/opt/daemon --broken'));
    await expect(carryOut(systemd.restart({ unit: 'cycle' }), on)).rejects.toThrow('does not stay up');
    await on.run(cmd`systemctl stop cycle`);
  });

  test('reload refuses a unit without ExecReload', async () => {
    await given(on, 'env', '[Service]\nExecStart=/opt/daemon\n');
    await expect(planned(systemd.reload({ unit: 'env' }), on)).rejects.toThrow('no ExecReload=');
  });

  test('daemonReload is needed once', async () => {
    await given(on, 'cycle', daemonUnit());
    await on.run(cmd`touch -d +1second /etc/systemd/system/cycle.service`);
    await changesOnce(() => systemd.daemonReload({ unit: 'cycle' }), on);
    await on.run(cmd`touch -d +2seconds /etc/systemd/system/cycle.service`);
    await changesOnce(() => systemd.daemonReload({}), on);
  });

  test('current knows files, variables, ignored flags, and what was only rewritten', async () => {
    await given(on, 'cur', daemonUnit('EnvironmentFile=/etc/cur.env\n'), { '/etc/cur.env': 'LEVEL=1\n', '/etc/cur.conf': 'x\n' });
    const make = (): ReturnType<typeof systemd.current> => systemd.current({ unit: 'cur', files: ['/etc/cur.conf'], ignoreFlags: ['--peers'] });
    await on.run(cmd`systemctl restart cur`);
    expect(await planned(make(), on)).toEqual([]);
    await on.write('/etc/cur.env', 'LEVEL=1\n');
    expect(await planned(make(), on)).toEqual([]);
    await on.write('/etc/cur.env', 'LEVEL=2\n');
    // `pending` alone is no reason: the second time nothing is to be done.
    expect((await changesOnce(() => systemd.current({ unit: 'cur', files: ['/etc/cur.conf'], ignoreFlags: ['--peers'], pending: true }), on)).value.reasons).toEqual(['it runs with another LEVEL']);
    await carryOut(systemd.flag({ unit: 'cur', flag: '--peers', value: 'z' }), on);
    expect(await planned(make(), on)).toEqual([]);
    expect((await carryOut(systemd.stale({ unit: 'cur' }), on)).value).toEqual(['it runs with other --peers']);
    await on.write('/etc/cur.conf', 'y\n');
    expect((await changesOnce(make, on)).value.reasons).toEqual(['/etc/cur.conf is newer than its process']);
    await on.run(cmd`systemctl stop cur`);
    expect((await carryOut(systemd.stale({ unit: 'cur' }), on)).value).toEqual([]);
    expect((await changesOnce(make, on)).value.reasons).toEqual(['it is inactive']);
    await expect(planned(systemd.current({ unit: 'cur', files: ['/etc/none'] }), on)).rejects.toThrow('/etc/none is not there');
  });

  test('current compares a real server with its unit', async () => {
    await given(on, 'real', '[Service]\nType=notify\nEnvironment=ETCD_NAME=%H\nExecStart=/usr/bin/etcd --data-dir=/run/etcd-real \\\n  --listen-client-urls=http://127.0.0.1:12379 --advertise-client-urls=http://127.0.0.1:12379 \\\n  --listen-peer-urls=http://127.0.0.1:12380 --heartbeat-interval 100\n');
    await on.run(cmd`systemctl start real`);
    expect(await planned(systemd.current({ unit: 'real' }), on)).toEqual([]);
    await changesOnce(() => systemd.flag({ unit: 'real', flag: '--heartbeat-interval', value: 200 }), on);
    await changesOnce(() => systemd.current({ unit: 'real' }), on);
    expect(await running(on, 'real')).toContain('200');
    await on.run(cmd`systemctl stop real`);
  });
});

describe('systemd.freeze, thaw', () => {
  const stateOf = async (pid: number): Promise<string> => (await on.run(cmd`awk '/^State/ { print $2 }' /proc/${pid}/status`)).stdout.trim();

  test('stands still once, and goes on in the same process', async () => {
    await given(on, 'cold', daemonUnit());
    const { mainPid } = await readUnit(on, 'cold');
    await changesOnce(() => systemd.freeze({ unit: 'cold', thawAfter: '10s' }), on);
    expect(await stateOf(mainPid)).toBe('T');
    await carryOut(systemd.thaw({ unit: 'cold' }), on);
    expect(await stateOf(mainPid)).not.toBe('T');
    expect((await readUnit(on, 'cold')).mainPid).toBe(mainPid);
  });

  test('goes on by itself when nobody lets it, and leaves no unit behind', async () => {
    await given(on, 'frost', daemonUnit());
    const { mainPid } = await readUnit(on, 'frost');
    await carryOut(systemd.freeze({ unit: 'frost', thawAfter: '300ms' }), on);
    await expect.poll(() => stateOf(mainPid), { timeout: 20_000 }).not.toBe('T');
    const { stdout } = await on.run(cmd`systemctl list-units --all --no-legend --plain ${'run-*'}`);
    expect(stdout).not.toMatch(/systemctl kill.*frost/);
  });

  test('goes on in time on a host that is slow to stop it', async () => {
    await given(on, 'rime', daemonUnit());
    const { mainPid } = await readUnit(on, 'rime');
    // Found by the host's shells and by its systemd before the real one.
    const slow = '/usr/local/sbin/systemctl';
    await on.run(cmd`printf '%s\\n' '#!/bin/sh' ${'case "$*" in *STOP*) sleep 1 ;; esac; exec /usr/bin/systemctl "$@"'} >${slow} && chmod 755 ${slow}`);
    try {
      await carryOut(systemd.freeze({ unit: 'rime', thawAfter: '500ms' }), on);
      await expect.poll(() => stateOf(mainPid), { timeout: 20_000 }).not.toBe('T');
    } finally {
      await on.run(cmd`rm -f ${slow}`);
    }
  });

  test('leaves alone what does not run', async () => {
    await given(on, 'cold', daemonUnit());
    await on.run(cmd`systemctl stop cold`);
    await expect(carryOut(systemd.freeze({ unit: 'cold', thawAfter: '5s' }), on)).resolves.toMatchObject({ changed: false });
    await expect(carryOut(systemd.thaw({ unit: 'cold' }), on)).resolves.toMatchObject({ changed: false });
  });

  test('never stands still for longer than a client waits', () => {
    expect(systemd.freeze({ unit: 'cold', thawAfter: '1m' }).problems).toEqual(['systemd.freeze: thawAfter: 1m is not more than 0 and at most 10 s']);
  });
});
