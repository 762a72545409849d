import { describe, expect, test } from 'vitest';
import { driftLines, driftOf, PlanGuard } from '../../../core/cli/plan-guard';
import { plannedIn, type PlanFile, type Planned } from '../../../core/cli/plan-file';
import type { Change } from '../../../core/module';
import type { TaskEvent } from '../../../core/report/events';

const change = (resource: string, to: string | null, from: string | null = null, property = 'content'): Change => ({ resource, property, from, to });
const event = (task: string, host: string, changes: readonly Change[], status: TaskEvent['status'] = 'changed'): TaskEvent =>
  ({ v: 1, run: 'plan-run', at: '', type: 'task', play: 'p', task, name: task, host, module: 'm', status, changes, ms: 1, handler: false });

function plan(events: readonly TaskEvent[]): PlanFile {
  const args = { playbook: 'p.ts', inventory: [], set: [], vars: [], tags: [], skipTags: [], check: false, forks: 1, become: false, askBecomePassword: false, hostKey: 'strict' as const, timeout: 1, lockWait: 1, ahead: true };
  const job = { v: 1 as const, run: 'plan-run', at: '', name: 'P', cwd: '/', args, notKept: [], sources: {}, process: { pid: 1, host: 'c', start: '' } };
  return { v: 1, kind: 'runsheet plan', job, hosts: ['a', 'b'], tasks: plannedIn(events, 'plan-run') };
}

const made = plan([
  event('t/first', 'a', [change('/x', 'one'), change('/x', '0644', '0600', 'mode')]),
  event('t/backup', 'a', [change('/x-bak-plan-run', 'copy')]),
  event('t/second', 'a', [change('/x', 'two', 'zero')]),
  event('t/restart', 'a', [change('x.service', 'restart x.service: it changes', null, 'run')]),
  event('t/unknown', 'a', [], 'unknown'),
]);

describe('while a plan is applied', () => {
  const guard = new PlanGuard(made, new Set(['t/rescue']), 'new-run');
  const permit = (task: string, changes: readonly Change[], host = 'a') => (): void => guard.permit({ task, host }, changes);

  test.each<[string, () => void]>([
    ['the planned change', permit('t/first', [change('/x', 'one')])],
    ['the same from another value', permit('t/first', [change('/x', 'one', 'other')])],
    ['what is named after the run', permit('t/backup', [change('/x-bak-new-run', 'copy')])],
    ['another value where an earlier task changes the same resource', permit('t/second', [change('/x', 'one and two')])],
    ['a command for another reason', permit('t/restart', [change('x.service', 'restart x.service: it is older', null, 'run')])],
    ['what is called unknown', permit('t/unknown', [change('/etc/passwd', 'x')])],
    ['a rescue', permit('t/rescue', [change('/y', 'x')])],
  ])('%s is permitted', (_name, attempt) => {
    expect(attempt).not.toThrow();
  });

  test.each<[string, () => void, string]>([
    ['another value', permit('t/first', [change('/x', 'other')]), 'a: "t/first" would make a change that is not in the plan: /x content: other (planned: /x content: one; /x mode: 0600 -> 0644)'],
    ['another resource', permit('t/first', [change('/x', 'one'), change('/y', 'one')]), 'a: "t/first" would make a change that is not in the plan: /y content: one'],
    ['another property', permit('t/second', [change('/x', 'root', null, 'owner')]), '/x owner: root (planned: /x content: zero -> two)'],
    ['another host', permit('t/first', [change('/x', 'one')], 'b'), 'b: "t/first" would make a change that is not in the plan: /x content: one (planned: nothing)'],
    ['another task', permit('t/new', [change('/x', null, 'one')]), '/x content: one -> gone (planned: nothing)'],
  ])('%s is not', (_name, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe('before a plan is applied', () => {
  const hosts = new Set(['a', 'b']);
  const now = (change_: (tasks: readonly Planned[]) => readonly Planned[]): readonly string[] => driftLines(driftOf(made, change_(made.tasks), hosts), made.hosts);

  test('nothing differs where a check finds the same, whatever its run is called', () => {
    expect(now(tasks => tasks)).toEqual([]);
    const other = plannedIn([event('t/backup', 'a', [change('/x-bak-other-run', 'copy')])], 'other-run');
    expect(driftOf({ ...made, tasks: made.tasks.filter(task => task.task === 't/backup') }, other, hosts)).toEqual([]);
  });

  test('another old value, what is done already and what is new are named', () => {
    const found = plannedIn([event('t/second', 'a', [change('/x', 'two', 'by hand')]), event('t/new', 'b', [change('/y', 'z')])], 'other-run');
    expect(now(tasks => [...tasks.filter(task => task.task !== 't/second' && task.task !== 't/backup'), ...found])).toEqual([
      'a  t/backup', '    planned: /x-bak-<run> content: copy', '    now:     nothing to do',
      'a  t/second', '    planned: /x content: zero -> two', '    now:     /x content: by hand -> two',
      'b  t/new', '    planned: nothing to do', '    now:     /y content: z',
    ]);
  });

  test('what stands around a change in its file does not count, nor the order', () => {
    const [first] = made.tasks;
    const other = plannedIn([event('t/first', 'a', [change('/x', '0644', '0600', 'mode'), { ...change('/x', 'one'), diff: '@@ -1 +1 @@' }])], 'other-run');
    expect(first?.hash).not.toBe(other[0]?.hash);
    expect(now(tasks => [...other, ...tasks.slice(1)])).toEqual([]);
  });

  test('of several changes those that differ are named, and hosts that differ alike stand together', () => {
    const less = plannedIn([event('t/first', 'a', [change('/x', 'one')])], 'other-run');
    expect(now(tasks => [...less, ...tasks.slice(1)])).toEqual(['a  t/first', '    planned: /x mode: 0600 -> 0644', '    now:     nothing like it', '             (1 more change is as planned)']);
    const more = plannedIn([event('t/second', 'a', [change('/x', 'two', 'zero'), change('/y', 'y')]), event('t/new', 'b', [change('/z', 'z')]), event('t/new', 'a', [change('/z', 'z')])], 'other-run');
    expect(now(tasks => [...tasks.filter(task => task.task !== 't/second'), ...more])).toEqual([
      'a  t/second', '    planned: nothing like it', '    now:     /y content: y', '             (1 more change is as planned)',
      'a, b  t/new', '    planned: nothing to do', '    now:     /z content: z',
    ]);
  });

  test('what was unknown may be known now, but not the other way round', () => {
    const known = plannedIn([event('t/unknown', 'a', [change('/z', 'x')])], 'other-run');
    expect(now(tasks => [...tasks.filter(task => task.task !== 't/unknown'), ...known])).toEqual([]);
    const unknown = plannedIn([event('t/restart', 'a', [], 'unknown')], 'other-run');
    expect(now(tasks => [...tasks.filter(task => task.task !== 't/restart'), ...unknown])).toEqual(['a  t/restart', '    planned: restart x.service: it changes', '    now:     only the run could tell']);
  });

  test('hosts that are left out do not count', () => {
    expect(driftOf(made, [], new Set(['b']))).toEqual([]);
  });
});
