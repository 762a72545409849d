/** The file with a run's undo records. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openUndoLog, UNDO_FILE, UNDO_INCOMPLETE } from '../../../core/run/undo-log';
import { parseUndo } from '../../../core/run/undo-record';
import { turnsDuring } from '../../support/loop';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'runsheet undo-log-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const sh = (script: string): string => execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });

describe('the record', () => {
  const line = { v: 1, type: 'left', seq: 1, at: '', left: [] } as const;

  test('is written at once, for the user alone', async () => {
    const log = openUndoLog(folder, text => { throw new Error(text); });
    expect(existsSync(at(UNDO_FILE))).toBe(false);
    await Promise.all([log.append(line), log.append({ ...line, seq: 2 })]);
    expect(readFileSync(at(UNDO_FILE), 'utf8')).toBe(`${JSON.stringify(line)}\n${JSON.stringify({ ...line, seq: 2 })}\n`);
    expect(sh(`stat -c %a ${UNDO_FILE}`)).toBe('600\n');
    log.close();
  });

  test('is in order and whole, whenever lines come, and every line is there when its promise is kept', async () => {
    const log = openUndoLog(folder, text => { throw new Error(text); });
    const written = (): string[] => readFileSync(at(UNDO_FILE), 'utf8').split('\n').slice(0, -1);
    const appended = async (seq: number): Promise<void> => {
      // Some while others are being synced.
      for (let i = 0; i < seq % 4; i += 1) await new Promise(setImmediate);
      const text = JSON.stringify({ ...line, seq: log.next() });
      await log.append(JSON.parse(text) as typeof line);
      expect(written()).toContain(text);
    };
    const all = Promise.all(Array.from({ length: 40 }, (_, i) => appended(i)));
    const { turns } = await turnsDuring(() => all);
    expect(turns).toBeGreaterThan(0);
    const late = log.append({ ...line, seq: 41 });
    log.close();
    await late;
    expect(written()).toEqual(Array.from({ length: 41 }, (_, i) => JSON.stringify({ ...line, seq: i + 1 })));
  });

  test('that cannot be written is put aside: nobody goes back by half of it', async () => {
    const problems: string[] = [];
    symlinkSync('/dev/full', at(UNDO_FILE));
    const log = openUndoLog(folder, text => problems.push(text));
    await log.append(line);
    await log.append(line);
    log.close();
    expect(problems).toEqual([expect.stringMatching(/undo\.jsonl cannot be written, so this run cannot be rolled back: ENOSPC/)]);
    expect(readdirSync(folder)).toEqual([UNDO_INCOMPLETE]);
  });

  test('may be cut off in its last line', () => {
    expect(parseUndo('{"v":1,"type":"change","seq":1}\n{"v":2,"type":"change","seq":2}\n{"v":1,"type":"le')).toEqual([{ v: 1, type: 'change', seq: 1, left: undefined }]);
  });
});

