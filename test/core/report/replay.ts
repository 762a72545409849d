/** A fixed run as events, for the reporters' tests. */
import type { RunnerEvent, Status, TaskEvent } from '../../../core/report/events';

const base = { v: 1, run: '20261122T101500Z-1a2b', at: '2026-11-22T10:15:00.000Z' } as const;
export const HOSTS = ['m1', 'm2', 'm3'] as const;

function result(task: string, host: string, status: Status, extra: Partial<TaskEvent> = {}): TaskEvent {
  return { ...base, type: 'task', play: 'certs', task: `certs/${task}`, name: task, host, module: 'test.module', status, changes: [], ms: 5, handler: false, ...extra };
}

function start(task: string, handler = false): RunnerEvent {
  return { ...base, type: 'start', play: 'certs', task: `certs/${task}`, name: task, hosts: HOSTS, handler };
}

const change = { resource: '/etc/x.conf', property: 'content', from: 'a', to: 'b', diff: '@@ -1 +1 @@\n-a\n+b\n' };
const counts = { ok: 1, changed: 1, skipped: 0, failed: 0, unreachable: 0, unknown: 0, ignored: 0 };

export const RUN: readonly RunnerEvent[] = [
  { ...base, type: 'run', playbook: 'Rotate', check: false, hosts: HOSTS, plays: [{ id: 'certs', name: 'Certificates', hosts: HOSTS }] },
  { ...base, type: 'play', play: 'certs', name: 'Certificates', hosts: HOSTS },
  start('Read'),
  ...HOSTS.map(host => result('Read', host, 'ok')),
  start('Write'),
  { ...base, type: 'progress', task: 'certs/Write', host: 'm1', line: 'copying' },
  ...HOSTS.map(host => result('Write', host, 'changed', { changes: [change] })),
  { ...base, type: 'notice', level: 'warning', host: 'm2', text: 'lock of run X is waited for' },
  start('Restart', true),
  result('Restart', 'm1', 'ok', { handler: true }),
  result('Restart', 'm2', 'failed', { handler: true, reason: 'm2: systemctl restart x exited with code 1: boom\nLook at journalctl -u x.' }),
  result('Restart', 'm3', 'unreachable', { handler: true, reason: 'm3: connection refused' }),
  {
    ...base, type: 'recap', exit: 2, check: false, ms: 1234, stopped: 'Restart failed on m2',
    hosts: { m1: counts, m2: { ...counts, failed: 1 }, m3: { ...counts, unreachable: 1 } },
  },
];
