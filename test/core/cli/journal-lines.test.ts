import { describe, expect, test } from 'vitest';
import { parseDone, parseEvent } from '../../../core/cli/journal-lines';

const base = { v: 1, run: '20261122T214041Z-3d9e', at: '2026-11-22T21:40:41.000Z' };
const task = { ...base, type: 'task', play: 'p', task: 'p/t', name: 't', host: 'h1', module: null, status: 'ok', changes: [], ms: 3, handler: false };
const change = { resource: '/etc/a', property: 'content', from: null, to: 'x' };
const counts = { ok: 1, changed: 0, skipped: 0, failed: 0, unreachable: 0, unknown: 0, ignored: 0 };
const done = { task: 'p/t', host: 'h1', action: 0, does: 'restart a', call: 'abc', run: base.run, at: base.at, tells: false };

const without = (line: object, key: string): object => Object.fromEntries(Object.entries(line).filter(([name]) => name !== key));

describe('a line of events.jsonl', () => {
  test.each([
    ['how a run began', { ...base, type: 'run', playbook: 'a', check: false, hosts: ['h1'], plays: [{ id: 'p', name: 'p', hosts: ['h1'] }] }],
    ['how a task ended', task],
    ['with changes and a reason', { ...task, module: 'file.copy', status: 'failed', changes: [change, { ...change, diff: '+x' }], reason: 'why', tolerated: 'rescued', delegate: 'h2' }],
    ['how a run ended', { ...base, type: 'recap', exit: 0, check: true, hosts: { h1: counts }, ms: 5, planned: { exact: 1, total: 2, unknown: ['p/t'] }, stopped: 'why' }],
  ])('is read back: %s', (_, line) => {
    expect(parseEvent(JSON.stringify(line))).toEqual(line);
  });

  test('may have more than this version knows', () => {
    expect(parseEvent(JSON.stringify({ ...task, later: 1 }))).toEqual(task);
  });

  test.each<readonly [string, string | undefined]>([
    ['none', undefined],
    ['one that was cut off', JSON.stringify(task).slice(0, -5)],
    ['one of another version', JSON.stringify({ ...task, v: 2 })],
    ['one that lacks something', JSON.stringify(without(task, 'changes'))],
    ['a status that there is none of', JSON.stringify({ ...task, status: 'fine' })],
    ['a kind that nobody reads back', JSON.stringify({ ...base, type: 'notice', level: 'info', text: 'x' })],
    ['no object', '3'],
  ])('is left out: %s', (_, line) => {
    expect(parseEvent(line)).toBeUndefined();
  });
});

describe('a line of values.jsonl', () => {
  test.each([['without a value', done], ['with one', { ...done, value: { code: 0 } }], ['with none that could be kept', { ...done, notKept: 'it is secret' }]])('is read back: %s', (_, line) => {
    expect(parseDone(JSON.stringify(line))).toEqual(line);
  });

  test.each(['task', 'host', 'action', 'does', 'call', 'run', 'at', 'tells'])('is left out without %s', key => {
    expect(parseDone(JSON.stringify(without(done, key)))).toBeUndefined();
  });
});
