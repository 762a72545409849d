import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cmd } from '../../../core/transport/command';
import * as file from '../../../modules/file';
import { editLines, type LineEdit } from '../../../modules/file/edit-lines';
import { localTarget } from '../../support/local-target';
import { applyAndTakeBack, carryOut, changesOnce, planned } from '../../support/module';

const on = localTarget();
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runsheet line '));
  path = join(folder, 'sshd config');
});

afterEach(() => rmSync(folder, { recursive: true }));

const put = (line: string, match?: RegExp, after?: RegExp): LineEdit => ({ kind: 'put', line, match, after });
const remove = (line?: string, match?: RegExp): LineEdit => ({ kind: 'remove', line, match });

describe('editLines', () => {
  test.each([
    ['adds to nothing', '', put('a'), 'a\n'],
    ['adds at the end', 'x\n', put('a'), 'x\na\n'],
    ['adds after a line without its end', 'x', put('a'), 'x\na\n'],
    ['adds with the ends of the file', 'x\r\ny\r\n', put('a'), 'x\r\ny\r\na\r\n'],
    ['adds after the last line that matches', 'x1\nx2\ny', put('a', undefined, /^x/), 'x1\nx2\na\ny'],
    ['keeps empty lines', '\n\nx\n\n', put('a'), '\n\nx\n\na\n'],
    ['finds the line that is there', 'x\na\ny\n', put('a'), 'x\na\ny\n'],
    ['finds it with other ends', 'x\r\na\r\n', put('a'), 'x\r\na\r\n'],
    ['leaves one that is there twice', 'a\na\n', put('a'), 'a\na\n'],
    ['replaces the one that matches', '#a=1\nb=2\n', put('a=2', /^#?a=/), 'a=2\nb=2\n'],
    ['replaces the last one without its end', 'b\n#a=1', put('a=2', /^#?a=/), 'b\na=2'],
    ['does not mind the flags of a pattern', 'b\na=1\n', put('a=2', /^a=/gy), 'b\na=2\n'],
    ['adds where nothing matches', 'b\n', put('a=2', /^a=/), 'b\na=2\n'],
    ['keeps lone carriage returns', 'x\ry\n', put('a'), 'x\ry\na\n'],
    ['adds an empty line where there is none', 'x\n', put(''), 'x\n\n'],
    ['removes every equal line', 'a\nb\na', remove('a'), 'b\n'],
    ['removes every line that matches', 'a1\nb\na2\n', remove(undefined, /^a/), 'b\n'],
    ['removes nothing', 'b\n', remove('a', /^c/), 'b\n'],
  ])('%s', (_, text, edit, expected) => {
    expect(editLines(text, 'f', edit)).toBe(expected);
    expect(editLines(expected, 'f', edit)).toBe(expected);
  });

  test('refuses to guess', () => {
    expect(() => editLines('#a=1\nb\na=2\n', 'f', put('a=3', /^#?a=/))).toThrow('f has 2 lines that match (1, 3); it is not clear which one to replace');
    expect(() => editLines('a=3\n#a=1\n', 'f', put('a=3', /^#?a=/))).toThrow('f has 2 lines that match (1, 2)');
    expect(() => editLines('b\n', 'f', put('a', undefined, /^c/))).toThrow('f has no line that matches /^c/');
  });
});

describe('file.line', () => {
  test('changes a line and keeps every other byte, mode and owner', async () => {
    writeFileSync(path, '# x\r\n#PermitRootLogin yes\r\n\tUsePAM yes');
    chmodSync(path, 0o640);
    chownSync(path, 12345, 23456);
    const { changes } = await changesOnce(() => file.line({ path, line: 'PermitRootLogin no', match: /^#?PermitRootLogin /, backup: true }), on);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.diff).toContain('+PermitRootLogin no');
    expect(readFileSync(path, 'utf8')).toBe('# x\r\nPermitRootLogin no\r\n\tUsePAM yes');
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 23456, mode: 0o100640 });
    expect(readFileSync(`${path}-bak-${on.runId}`, 'utf8')).toContain('#PermitRootLogin yes');
  });

  test('removes lines, and is content where there is no file', async () => {
    expect(await carryOut(file.line({ path, state: 'absent', line: 'a' }), on)).toMatchObject({ changed: false });
    writeFileSync(path, 'a\nb\n');
    await changesOnce(() => file.line({ path, state: 'absent', match: /^a/ }), on);
    expect(readFileSync(path, 'utf8')).toBe('b\n');
  });

  test('makes a file only when told', async () => {
    await expect(planned(file.line({ path, line: 'a' }), on)).rejects.toThrow(`${path} does not exist, so no line of it can be edited`);
    await changesOnce(() => file.line({ path, line: 'a', create: true }), on);
    expect(readFileSync(path, 'utf8')).toBe('a\n');
    await changesOnce(() => file.line({ path, line: 'b', create: true }), on);
  });

  test('refuses what is no text', async () => {
    writeFileSync(path, Buffer.from([0xff, 0xfe, 10]));
    await expect(planned(file.line({ path, line: 'a' }), on)).rejects.toThrow('is no UTF-8 text');
    writeFileSync(path, 'x'.repeat(300_000));
    await expect(planned(file.line({ path, line: 'a' }), on)).rejects.toThrow('has 300000 bytes');
    expect(file.line({ path, line: 'a\nb' }).problems.join()).toContain('`line` is one line');
    expect(file.line({ path, state: 'absent' }).problems.join()).toContain('say which line goes');
  });

  test('validates before it replaces', async () => {
    writeFileSync(path, 'a\n');
    await expect(carryOut(file.line({ path, line: 'b', validate: candidate => cmd`! grep b ${candidate}` }), on)).rejects.toThrow('was left as it is');
    expect(readFileSync(path, 'utf8')).toBe('a\n');
  });

  test('is undone', async () => {
    writeFileSync(path, 'a');
    await applyAndTakeBack(file.line({ path, line: 'b' }), on);
    expect(readFileSync(path, 'utf8')).toBe('a');
    rmSync(path);
    await applyAndTakeBack(file.line({ path, line: 'b', create: true }), on);
    expect(existsSync(path)).toBe(false);
  });
});
