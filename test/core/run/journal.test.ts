import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunnerEvent } from '../../../core/report/events';
import { openJournal } from '../../../core/run/journal';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'runsheet-journal-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = '2026-11-22T10:15:00.000Z';
const run = '20261122T101500Z-1a2b';
const notice = (text: string): RunnerEvent => ({ v: 1, run, at, type: 'notice', level: 'info', text });
const linesOf = (path: string): unknown[] => readFileSync(path, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as unknown);

describe('the journal', () => {
  test('is on disk as soon as an event is reported, for the user alone', () => {
    const journal = openJournal(join(dir, '.runsheet'), run);
    journal.report(notice('one'));
    journal.report(notice('two\nlines'));
    expect(linesOf(journal.path)).toEqual([notice('one'), notice('two\nlines')]);
    expect(journal.path).toBe(join(dir, '.runsheet', 'runs', run, 'events.jsonl'));
    expect(statSync(journal.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, '.runsheet', 'runs', run)).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(dir, '.runsheet', '.gitignore'), 'utf8')).toBe('*\n');
  });

  test('keeps what was asked for, whole, and what commands gave', async () => {
    const journal = openJournal(dir, run, { args: { playbook: 'a.ts' } });
    const job = join(dir, 'runs', run, 'job.json');
    expect(JSON.parse(readFileSync(job, 'utf8'))).toEqual({ args: { playbook: 'a.ts' } });
    expect(statSync(job).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, 'runs', run)).sort()).toEqual(['events.jsonl', 'job.json']);
    const done = { task: 'p/t', host: 'h', action: 0, does: 'x', call: 'y', run, at, tells: false, value: 1 };
    journal.done(done);
    expect(linesOf(join(dir, 'runs', run, 'values.jsonl'))).toEqual([done]);
    await journal.close();
    expect(journal.problem()).toBeUndefined();
  });

  test('leaves progress out and takes nothing after its end', async () => {
    const journal = openJournal(dir, run);
    journal.report({ v: 1, run, at, type: 'progress', task: 't', host: 'h', line: 'l' });
    journal.report(notice('one'));
    await journal.close();
    await journal.close();
    journal.report(notice('late'));
    expect(linesOf(journal.path)).toEqual([notice('one')]);
  });

  test('holds whole lines after a SIGKILL in the middle', async () => {
    const program = `const { openJournal } = require('./core/run/journal');
      const journal = openJournal(process.argv[1], '${run}');
      for (let n = 0; ; n++) { journal.report({ type: 'notice', text: 'event ' + n }); if (n === 500) process.stdout.write('busy'); }`;
    const child = spawn(process.execPath, ['-r', './bin/register.js', '-e', program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lines = linesOf(join(dir, 'runs', run, 'events.jsonl'));
    expect(lines.length).toBeGreaterThan(500);
  });

  test('keeps the newest 50 runs, and what is no run', async () => {
    for (let n = 0; n < 60; n++) await openJournal(dir, `20261122T1015${String(n).padStart(2, '0')}Z-aaaa`).close();
    mkdirSync(join(dir, 'runs', 'notes'));
    await openJournal(dir, '20261123T101500Z-bbbb').close();
    const left = readdirSync(join(dir, 'runs')).sort();
    expect(left).toHaveLength(51);
    expect(left.slice(0, 1)).toEqual(['20261122T101511Z-aaaa']);
    expect(left.slice(-2)).toEqual(['20261123T101500Z-bbbb', 'notes']);
  });

  test.runIf(process.getuid?.() === 0)('ends with a whole line on a full disk, and says so', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', dir]);
    try {
      const journal = openJournal(dir, run, { whole: 'x' });
      for (let n = 0; n < 200; n++) journal.report(notice(`event ${n} ${'x'.repeat(300)}`));
      await journal.close();
      expect(journal.problem()).toContain('ENOSPC');
      expect(linesOf(journal.path).length).toBeGreaterThan(1);
      expect(readFileSync(journal.path, 'utf8').endsWith('\n')).toBe(true);
      // A job that does not fit is not there at all, and the run is told at its end.
      const other = '20261122T101501Z-1a2b';
      const full = openJournal(dir, other, { whole: 'y' });
      expect(full.problem()).toContain('ENOSPC');
      expect(readdirSync(join(dir, 'runs', other))).toEqual(['events.jsonl']);
    } finally {
      execFileSync('umount', [dir]);
    }
    expect(existsSync(dir)).toBe(true);
  });
});
