import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../../core/checksum';
import { forgetFiles, readOnce, sha256OfFile } from '../../../modules/file/controller-files';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runsheet-controller-'));
  path = join(folder, 'file');
  writeFileSync(path, 'one');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  forgetFiles();
});

/** Longer than a file counts as just changed. */
const settle = (): Promise<void> => pause(150);
const plain = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('files of the controller', () => {
  test('are read once', async () => {
    await settle();
    const bytes = readOnce(path);
    expect(bytes.toString()).toBe('one');
    expect(readOnce(path)).toBe(bytes);
    expect([sha256(bytes), sha256OfFile(path)]).toEqual([plain('one'), plain('one')]);
  });

  test.each([
    ['is rewritten', () => writeFileSync(path, 'two')],
    ['is replaced by one of the same size and times', () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(`${path}.new`, 'two');
      utimesSync(`${path}.new`, atime, mtime);
      renameSync(`${path}.new`, path);
    }],
    ['is rewritten and given its old time', () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, 'two');
      utimesSync(path, atime, mtime);
    }],
  ])('are read again where one %s', async (_, change) => {
    await settle();
    expect([readOnce(path).toString(), sha256OfFile(path)]).toEqual(['one', plain('one')]);
    change();
    expect([readOnce(path).toString(), sha256OfFile(path)]).toEqual(['two', plain('two')]);
  });

  test('are not remembered while they may still be written', () => {
    for (const text of ['a', 'b', 'c', 'd']) {
      writeFileSync(path, text);
      expect([readOnce(path).toString(), sha256OfFile(path)]).toEqual([text, plain(text)]);
    }
  });

  test('may be large, empty or a pipe', () => {
    const large = Buffer.alloc(3 * 1024 * 1024 + 1, 'xyz');
    writeFileSync(path, large);
    expect(sha256OfFile(path)).toBe(sha256(large));
    expect(readOnce(path).equals(large)).toBe(true);
    writeFileSync(path, '');
    expect([readOnce(path).length, sha256OfFile(path)]).toEqual([0, plain('')]);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    execFileSync('sh', ['-c', '(echo once >"$0") >/dev/null 2>&1 &', pipe]);
    expect(readOnce(pipe).toString()).toBe('once\n');
  });

  test('that cannot be read say so', () => {
    expect(() => readOnce(folder)).toThrow('EISDIR');
    expect(() => sha256OfFile(join(folder, 'no'))).toThrow('ENOENT');
  });
});
