import { describe, expect, test } from 'vitest';
import { createReporter } from '../../../core/report';
import type { RunnerEvent } from '../../../core/report/events';
import { HOSTS, RUN } from './replay';

function plain(events: readonly RunnerEvent[], options: { diff?: boolean; verbose?: boolean } = {}): string {
  let out = '';
  const reporter = createReporter({ mode: 'plain', diff: false, verbose: false, colour: false, write: text => { out += text; }, columns: () => 80, ...options });
  for (const event of events) reporter.report(event);
  return out;
}

describe('plain reporter', () => {
  test('tells a run line by line, equal outcomes once', () => {
    expect(plain(RUN)).toBe([
      '',
      'PLAY Certificates  m1, m2, m3',
      '  Read  3 ok',
      '  Write  3 changed',
      '      changed m1, m2, m3  /etc/x.conf content: a -> b',
      'm2: lock of run X is waited for',
      '  handler Restart  1 ok, 1 failed, 1 unreachable',
      '      failed m2',
      '        m2: systemctl restart x exited with code 1: boom',
      '        Look at journalctl -u x.',
      '      unreachable m3  m3: connection refused',
      '',
      'RECAP  1.2 s',
      '  m1  ok=1  changed=1  failed=0',
      '  m2  ok=1  changed=1  failed=1',
      '  m3  ok=1  changed=1  failed=0  unreachable=1',
      'Stopped: Restart failed on m2',
      '',
    ].join('\n'));
  });

  test('shows diffs when asked, and ok hosts when verbose', () => {
    const out = plain(RUN, { diff: true, verbose: true });
    expect(out).toContain('        -a\n');
    expect(out).toContain('        +b\n');
    expect(out).toContain('      ok m1, m2, m3\n');
  });

  test('prints what a cut-off task had reported', () => {
    const cut = RUN.filter(event => !(event.type === 'task' && event.name === 'Write' && event.host === 'm3'));
    expect(plain(cut)).toContain('  Write  2 changed');
  });

  test('takes hosts that start the same task one by one as one row, as long as it is open', () => {
    const play = RUN.filter(event => event.type === 'start' || event.type === 'task').filter(event => event.name === 'Write');
    const begun = play.find(event => event.type === 'start');
    const ended = play.filter(event => event.type === 'task');
    const [m1, m2, m3] = HOSTS;
    if (begun === undefined) throw new Error('the replay has a start');
    const start = (host: string): RunnerEvent => ({ ...begun, hosts: [host] });
    const end = (host: string): readonly RunnerEvent[] => ended.filter(event => event.host === host);
    expect(plain([start(m2), start(m1), ...end(m1), ...end(m2), start(m3), ...end(m3)])).toBe([
      '  Write  2 changed',
      '      changed m2, m1  /etc/x.conf content: a -> b',
      '  Write  1 changed',
      '      changed m3  /etc/x.conf content: a -> b',
      '',
    ].join('\n'));
  });

  test('folds the recap of many hosts into a line per outcome', () => {
    const recap = RUN.at(-1);
    if (recap?.type !== 'recap') throw new Error('the replay ends with a recap');
    const [first] = HOSTS;
    const fine = recap.hosts[first];
    if (fine === undefined) throw new Error('the replay has m1');
    const hosts = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`h${i}`, i === 7 ? { ...fine, failed: 1 } : fine]));
    const out = plain([{ ...recap, hosts }]);
    expect(out).toContain('99 hosts (h0, h1, h2, h3, h4, h5, h6 and 92 more)  ok=1  changed=1  failed=0');
    expect(out).toContain('1 hosts (h7)  ok=1  changed=1  failed=1');
  });
});

describe('json reporter', () => {
  test('prints each event as one line', () => {
    let out = '';
    const reporter = createReporter({ mode: 'json', diff: false, verbose: false, colour: false, write: text => { out += text; }, columns: () => 80 });
    for (const event of RUN) reporter.report(event);
    expect(out.trimEnd().split('\n').map(line => JSON.parse(line) as unknown)).toEqual(RUN);
  });
});
