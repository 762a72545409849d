import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFiles, readTimes } from '../../../modules/systemd/read-files';
import { decodeText, encodeText, lineOf, splice } from '../../../modules/systemd/text';
import { localTarget } from '../../support/local-target';

const on = localTarget();
let dir = '';
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'runsheet-read-')); });
afterEach(() => { rmSync(dir, { recursive: true }); });

describe('readFiles', () => {
  test('gives bytes, times and matches in order, of odd names too', async () => {
    for (const [name, content] of [['b.conf', 'b\n'], ['a.conf', ''], ['.hidden.conf', 'h'], ['it\'s $(x).txt', 'no end'], ['latin', Buffer.from([0x61, 0xe4, 0x0a])]] as const) {
      writeFileSync(join(dir, name), content);
    }
    utimesSync(join(dir, 'b.conf'), 1000.25, 1000.25);
    mkdirSync(join(dir, 'sub.conf'));
    symlinkSync('/dev/null', join(dir, 'z.conf'));
    const patterns = [`${dir}/*.conf`, `${dir}/it's $(x).txt`, `${dir}/latin`, `${dir}/none`, `${dir}/[!a].con?`];
    const found = await readFiles(on, patterns);
    const names = (pattern = ''): readonly string[] => (found.get(pattern) ?? []).map(file => file.path.slice(dir.length + 1));
    expect(patterns.map(names)).toEqual([['a.conf', 'b.conf', 'z.conf'], ['it\'s $(x).txt'], ['latin'], [], ['b.conf', 'z.conf']]);
    expect(found.get(`${dir}/*.conf`)?.map(file => file.text)).toEqual(['', 'b\n', '']);
    expect(found.get(`${dir}/*.conf`)?.[1]?.mtime).toBe(1000.25);
    expect(found.get(`${dir}/latin`)?.[0]).toMatchObject({ text: 'a\u00e4\n', encoding: 'latin1' });
  });

  test.each(['file', 'empty', 'bytes', 'large', 'link', 'masked', 'dangling', 'directory', 'none'])('reads by its name what a pattern finds: %s', async name => {
    for (const [file, content] of [['file', 'a\n'], ['empty', ''], ['bytes', Buffer.from([0x61, 0, 0xff])], ['large', 'x'.repeat(300_000)]] as const) writeFileSync(join(dir, file), content);
    utimesSync(join(dir, 'file'), 1000.25, 1000.25);
    mkdirSync(join(dir, 'directory'));
    for (const [link, to] of [['link', 'file'], ['masked', '/dev/null'], ['dangling', 'nowhere']] as const) symlinkSync(to, join(dir, link));
    const path = join(dir, name);
    const [named, found] = [(await readFiles(on, [path])).get(path), (await readFiles(on, [`${path}*`])).get(`${path}*`)];
    expect(named).toEqual(found);
    expect(named).toHaveLength(['dangling', 'directory', 'none'].includes(name) ? 0 : 1);
  });

  test.each(['/proc/sys/kernel/hostname', '/proc/cmdline'])('reads a file of the kernel, which is larger than it says: %s', async path => {
    expect((await readFiles(on, [path])).get(path)?.[0]?.text).toBe(readFileSync(path, 'utf8'));
  });

  test.each(['*', 'secret'])('says which file may not be read: %s', async name => {
    chmodSync(dir, 0o755);
    writeFileSync(join(dir, 'secret'), 'x', { mode: 0o600 });
    const nobody = localTarget(['setpriv', '--reuid=65534', 'sh']);
    await expect(readFiles(nobody, [`${dir}/${name}`])).rejects.toThrow(`here: ${dir}/secret cannot be read as `);
  });
});

test('readTimes leaves out what is not there', async () => {
  writeFileSync(join(dir, 'x'), '');
  utimesSync(join(dir, 'x'), 2000.5, 2000.5);
  expect([...await readTimes(on, [`${dir}/none`, `${dir}/x`])]).toEqual([[`${dir}/x`, 2000.5]]);
});

describe('text', () => {
  test.each([[Buffer.from('a\u00e4\u{1F600}\r\n')], [Buffer.from([0xff, 0x00, 0xe4])], [Buffer.alloc(0)]])('bytes %o come back', bytes => {
    const { text, encoding } = decodeText(bytes);
    expect(encodeText(text, encoding)).toEqual(bytes);
  });

  test('splices from behind, and counts lines from one', () => {
    expect(splice('abcdef', [{ start: 1, end: 2, text: 'X' }, { start: 4, end: 4, text: '-' }, { start: 4, end: 5, text: '' }])).toBe('aXcd-f');
    expect([0, 1, 2, 3].map(at => lineOf('a\n\nb', at))).toEqual([1, 1, 2, 3]);
  });
});
