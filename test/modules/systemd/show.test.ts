import { describe, expect, test } from 'vitest';
import { parseShow } from '../../../modules/systemd/show';
import { dropInDirectories, templateOf, unitName, unitNameProblems } from '../../../modules/systemd/unit-name';

const RUNNING = `Type=notify
Restart=on-failure
MainPID=812
NRestarts=0
Result=success
ExecMainStartTimestampMonotonic=5312345
User=etcd
Id=kube-etcd.service
Names=kube-etcd.service etcd.service
Description=Etcd = the store
LoadState=loaded
ActiveState=active
SubState=running
FragmentPath=/etc/systemd/system/kube-etcd.service
DropInPaths=/run/systemd/system/kube-etcd.service.d/a.conf /etc/systemd/system/kube-etcd.service.d/b.conf
UnitFileState=enabled
NeedDaemonReload=yes
CanReload=no
RemainAfterExit=no
InvocationID=0d2f9ad5a0a54f0ab0b7c9cf1e5d7a11
`;

describe('parseShow', () => {
  test('reads what systemctl prints of a running unit', () => {
    expect(parseShow({ stdout: RUNNING })).toEqual({
      unit: 'kube-etcd.service', names: ['kube-etcd.service', 'etcd.service'], description: 'Etcd = the store', load: 'loaded', active: 'active', sub: 'running',
      boot: 'enabled', fragment: '/etc/systemd/system/kube-etcd.service',
      dropIns: ['/run/systemd/system/kube-etcd.service.d/a.conf', '/etc/systemd/system/kube-etcd.service.d/b.conf'],
      needsReload: true, type: 'notify', restart: 'on-failure', user: 'etcd', mainPid: 812, invocationId: '0d2f9ad5a0a54f0ab0b7c9cf1e5d7a11',
      mainStart: 5312345, restarts: 0, canReload: false, remains: false, result: 'success',
    });
  });

  test('reads what an old systemd does not print as empty', () => {
    const state = parseShow({ stdout: RUNNING.split('\n').filter(line => !/^(?:InvocationID|NRestarts)=/.test(line)).join('\n') });
    expect(state).toMatchObject({ invocationId: '', restarts: 0 });
  });
});

describe('names of units', () => {
  test.each([['kube-etcd', 'kube-etcd.service'], ['kube-etcd.service', 'kube-etcd.service'], ['a.timer', 'a.timer'], ['a.b', 'a.b.service']])('%s is %s', (name, full) => {
    expect(unitName(name)).toBe(full);
  });

  test.each(['', '/etc/x', '-x', 'a b', 'kube-*'])('"%s" is none', name => {
    expect(unitNameProblems(name)).toHaveLength(1);
  });

  test.each([
    [['kube-etcd.service'], ['kube-etcd.service.d', 'kube-.service.d', 'service.d']],
    [['a-b-c.timer'], ['a-b-c.timer.d', 'a-b-.timer.d', 'a-.timer.d', 'timer.d']],
    [['getty@tty1.service'], ['getty@tty1.service.d', 'getty@.service.d', 'service.d']],
    [['x.service', 'y.service'], ['x.service.d', 'y.service.d', 'service.d']],
  ])('drop-ins of %s lie in %s', (names, directories) => {
    expect(dropInDirectories(names)).toEqual(directories);
  });

  test('the template of an instance', () => {
    expect([templateOf('getty@tty1.service'), templateOf('getty@.service'), templateOf('a.service')]).toEqual(['getty@.service', undefined, undefined]);
  });
});
