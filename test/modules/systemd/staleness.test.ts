import { describe, expect, test } from 'vitest';
import { earliestStart, startOf, type ProcessInfo } from '../../../modules/systemd/process';
import { parseShow } from '../../../modules/systemd/show';
import { staleness, type StalenessOptions } from '../../../modules/systemd/staleness';
import type { Unit } from '../../../modules/systemd/unit';

const START = 1000;

/** A unit whose file was written at `mtime`, and the process that runs of it. */
function given(service: string, args: readonly string[], more: { mtime?: number; environment?: Readonly<Record<string, string>>; file?: { text: string; mtime: number } } = {}): [Unit, ProcessInfo] {
  const file = { path: '/u', text: `[Service]\n${service}\n`, mtime: more.mtime ?? START - 10, encoding: 'utf8' as const };
  const environmentFiles = more.file === undefined ? [] : [{ path: '/e', encoding: 'utf8' as const, ...more.file }];
  const unit: Unit = { ...parseShow({ stdout: 'Id=x.service\nLoadState=loaded\nActiveState=active\n' }), files: [file], environmentFiles, program: '', args: [], problems: [] };
  return [unit, { pid: 1, args, startedAt: START, environment: new Map(Object.entries(more.environment ?? { PATH: '/bin' })) }];
}

const reasons = ([unit, process]: [Unit, ProcessInfo], options?: StalenessOptions): readonly string[] => staleness(unit, process, options);

describe('staleness', () => {
  test('is none for the same arguments', () => {
    expect(reasons(given('ExecStart=-/opt/x --a=1 "b c" %%', ['/opt/x', '--a=1', 'b c', '%']))).toEqual([]);
  });

  test.each([
    ['a changed flag', 'ExecStart=/x --a=2 --b', ['/x', '--a=1', '--b'], ['it runs with other --a']],
    ['a flag more', 'ExecStart=/x --a=1 --b', ['/x', '--a=1'], ['it runs with other --b']],
    ['a flag less', 'ExecStart=/x --a=1', ['/x', '--a=1', '--b', 'c'], ['it runs with other --b']],
    ['another order', 'ExecStart=/x --a --b', ['/x', '--b', '--a'], ['it runs with other arguments']],
    ['another value behind a blank', 'ExecStart=/x --a 2', ['/x', '--a', '1'], ['it runs with other arguments']],
    ['a flag of a variable', 'Environment=O=--a=2\nExecStart=/x $O', ['/x', '--a=1'], ['it runs with other --a', 'it runs with another O']],
  ])('names %s', (_name, service, args, wanted) => {
    expect(reasons(given(service, args))).toEqual(wanted);
  });

  test.each([
    ['a script and its interpreter', 'ExecStart=/opt/x --a', ['/bin/sh', '/opt/x', '--a']],
    ['another name for the process', 'ExecStart=@/opt/x other --a', ['other', '--a']],
    ['a program that is found in the path', 'ExecStart=x --a', ['/usr/bin/x', '--a']],
    ['a specifier', 'ExecStart=/x --name=%H --b=%i%%', ['/x', '--name=m1', '--b=a%']],
  ])('compares %s', (_name, service, args) => {
    expect(reasons(given(service, args))).toEqual([]);
  });

  test('does not take an instance for any text', () => {
    expect(reasons(given('ExecStart=/x --name=%H.lab', ['/x', '--name=m1.other']))).toEqual(['it runs with other --name']);
  });

  test('ignored flags are no reason, and their edit makes the unit\'s file no reason either', () => {
    const edited = given('ExecStart=/x --initial-cluster=a --v 2', ['/x', '--initial-cluster', 'a,b', '--v', '2'], { mtime: START + 10 });
    expect(reasons(edited, { ignoreFlags: ['--initial-cluster'] })).toEqual([]);
    expect(reasons(edited)).toEqual(['it runs with other --initial-cluster']);
    expect(reasons(given('ExecStart=/x --v', ['/x', '--v'], { mtime: START + 10 }), { ignoreFlags: ['--initial-cluster'] })).toEqual(['/u is newer than its process']);
  });

  test('variables count by their values, not by the time of their file', () => {
    const file = { text: 'A=1\nETCD_INITIAL_CLUSTER=a\n', mtime: START + 10 };
    const unit = 'EnvironmentFile=/e\nExecStart=/x';
    expect(reasons(given(unit, ['/x'], { file, environment: { PATH: '/', A: '1', ETCD_INITIAL_CLUSTER: 'a' } }))).toEqual([]);
    const other = given(unit, ['/x'], { file, environment: { PATH: '/', A: '1', ETCD_INITIAL_CLUSTER: 'a,b' } });
    expect(reasons(other)).toEqual(['it runs with another ETCD_INITIAL_CLUSTER']);
    expect(reasons(other, { ignoreFlags: ['ETCD_INITIAL_CLUSTER'] })).toEqual([]);
  });

  test('times count where a process has rewritten arguments and environment', () => {
    const title = ['nginx: master process /usr/sbin/x -c /etc/x'];
    const file = { text: 'A=1\n', mtime: START + 10 };
    expect(reasons(given('ExecStart=/usr/sbin/x -c /etc/x', title, { environment: {}, mtime: START - 3 }))).toEqual([]);
    expect(reasons(given('EnvironmentFile=/e\nExecStart=/usr/sbin/x -c /etc/x', title, { environment: {}, mtime: START + 1, file })))
      .toEqual(['/u is newer than its process', '/e is newer than its process']);
  });

  test('given files count by time, and where it cannot be told they are newer', () => {
    const files = new Map([['/old', START - 0.02], ['/tick', START - 0.005], ['/new', START + 0.2]]);
    expect(reasons(given('ExecStart=/x', ['/x']), { files })).toEqual(['/tick is newer than its process', '/new is newer than its process']);
  });

  test('a time of whole seconds may hide any part of two', () => {
    const files = new Map([['/long', START - 3], ['/coarse', START - 1], ['/fine', START - 1.25]]);
    expect(reasons(given('ExecStart=/x', ['/x']), { files })).toEqual(['/coarse is newer than its process']);
  });

  test('what had the same time before the start was read, whatever the clocks say', () => {
    const files = new Map([['/same', START + 1], ['/other', START + 1]]);
    const before = new Map([['/same', START + 1], ['/other', START]]);
    expect(reasons(given('ExecStart=/x', ['/x']), { files, before })).toEqual(['/other is newer than its process']);
  });
});

describe('earliestStart', () => {
  const stat = (pid: number, name: string, ticks: number): string => `${pid} (${name}) S 1 812 812 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 8 0 ${ticks} 1 1`;

  test('counts back from a process that was started now, by a tick more than it may be', () => {
    expect(earliestStart('1795367523.500000000', stat(900, 'cat', 61234), stat(812, 'a) S 1 (b', 51234))).toBeCloseTo(1795367523.5 - 100.01, 3);
  });

  test('takes the beginning of a second where it knows no more', () => {
    expect(earliestStart('1795367523.%N', stat(900, 'cat', 61234), stat(812, 'etcd', 51234))).toBeCloseTo(1795367523 - 100.01, 3);
  });
});

describe('startOf', () => {
  test('reads the start out of /proc, whatever the process is called', () => {
    const stat = (name: string): string => `812 (${name}) S 1 812 812 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 8 0 51234 1 1`;
    expect(startOf('1795367523.500000000', '1000.25 1800.00', stat('etcd'))).toBeCloseTo(1795367523.5 - 1000.25 + 512.34, 3);
    expect(startOf('1795367523.%N', '1000.25 1800.00', stat('a) S 1 (b'))).toBeCloseTo(1795367523 - 1000.25 + 512.34, 3);
  });
});
