import { expect, test } from 'vitest';
import { reportOf } from '../../bench/report';
import { verdicts } from '../../bench/targets';
import { findings } from './findings';

const lines = reportOf(findings, 'results.svg').split('\n');

test.each([
  '2026-11-23 05:00 UTC, commit abc1234, on 2 cores, 24 GB, Debian 12, Node 20; load before the first run 0.20; 12 minutes.',
  '- Ansible, mitogen: not measured: not installed',
  '| Runsheet | 1.00 (0.80 to 1.20, 3 runs) | 1.00× | 5.00 (one run) | 1.00× |',
  '| Ansible, pipelining | 25.5 (25.0 to 26.0, 2 runs) | 25.5× | not measured: broke / in two | – |',
  '| `ssh HOST true`, side by side | 0.90 (one run) | 0.90× | – | – |',
  '| Runsheet | 0.50 | 1.50 | 10.0 | 22 | 1 | 12.0 | 8.00 |',
  '| 100 | unchanged | 3.00 | 30.0 | 1.50 | 15.0 | 80.0 | – |',
  '| 1000 | unchanged | 45.0 | 45.0 | 12.0 | 12.0 | 140 | 68.3 |',
  '`ssh ADDRESS true`, 20 at a time: 100 addresses 2.00 s.',
])('the report has the line %s', line => {
  expect(lines).toContain(line);
});

test('what went wrong stands above the figures', () => {
  const text = reportOf({ ...findings, problems: ['Runsheet, 10 hosts, first: p1 has "a", not "b"'] }, 'results.svg');
  expect(text.indexOf('- Runsheet, 10 hosts, first: p1 has "a", not "b"')).toBeGreaterThan(0);
  expect(text.indexOf('- Runsheet, 10 hosts, first')).toBeLessThan(text.indexOf('## What was asked'));
});

test('a target is reached, missed or not measured', () => {
  expect(verdicts(findings).map(({ measured, holds }) => [measured, holds])).toEqual([
    ['25.5 times', true], ['not measured', undefined], ['not measured: pyinfra is not in Debian', undefined], ['1.11 times as long', false], ['not measured', undefined], ['2.00 more', true], ['140 MiB', true], ['1.50 times as much', false],
  ]);
});

test('with nothing measured every target is open', () => {
  const open = verdicts({ ...findings, cells: [], links: [], crowd: [] });
  expect(open.map(({ holds }) => holds)).toEqual(open.map(() => undefined));
});
