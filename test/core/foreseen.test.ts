import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Foreseen, withOpen, type ForeseenPath } from '../../core/foreseen';
import { realPath } from '../../core/real-path';
import { localTarget } from '../support/local-target';

const owned = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root' };
const absent: ForeseenPath = { kind: 'absent' };
const directory: ForeseenPath = { kind: 'directory', owned };
const file: ForeseenPath = { kind: 'file', content: Buffer.from('x'), owned, mtime: 1 };

describe('what is planned', () => {
  test.each<[string, ForeseenPath, string | undefined]>([
    ['nothing below what goes', absent, 'absent'],
    ['nothing in a new directory', directory, 'absent'],
    ['nothing below a file', file, 'absent'],
    ['what is there below what only changes its mode', { kind: 'kept', owned }, undefined],
    ['nobody knows what below something made', { kind: 'made', mtime: 1 }, 'unclear'],
    ['nobody knows what below what is unclear as a whole', { kind: 'unclear', whole: true }, 'unclear'],
    ['what is there below what is unclear alone', { kind: 'unclear', whole: false }, undefined],
  ])('%s', (_name, will, below) => {
    const foreseen = new Foreseen();
    expect(foreseen.isEmpty).toBe(true);
    foreseen.put('/a/b', will);
    expect(foreseen.isEmpty).toBe(false);
    expect(foreseen.at('/a/b')).toEqual(will);
    expect(foreseen.at('/a/b/c/d')?.kind).toBe(below);
    expect(foreseen.at('/a')).toBeUndefined();
    expect(foreseen.at('/a/bc')).toBeUndefined();
  });

  test('is forgotten below what goes, and later than all there is', () => {
    const foreseen = new Foreseen();
    foreseen.put('/a/b', file);
    foreseen.put('/a', absent);
    foreseen.put('/a', directory);
    expect(foreseen.at('/a/b')).toEqual(absent);
    const [first, second] = [foreseen.tick(), foreseen.tick()];
    expect(second).toBeGreaterThan(first);
    expect(first).toBeGreaterThan(Date.now() / 1000);
  });

  test.each([
    ['cat /etc/a', true], ["cat '/etc/a'", true], ['ls /etc/a/b', true], ['cat </etc/a', true], ['x=/etc/a;', true], ['systemctl is-active web', true], ['systemctl is-active web.service', true],
    ['cat /etc/ab', false], ['cat /x/etc/a', false], ['cat /etc/a.conf', false], ['webctl status', false], ['cat /opt/web-2', false],
  ])('a command that names it gives no answer: %s', (command, isNamed) => {
    const foreseen = new Foreseen();
    foreseen.put('/etc/a', file);
    foreseen.name('web.service', 'web');
    const asked = (): void => foreseen.requireUnnamed(command);
    if (isNamed) expect(asked).toThrow('known only when it runs');
    else expect(asked).not.toThrow();
  });

  test('hands on values of which a part is open', () => {
    const value = withOpen({ size: 1, mtime: NaN }, '/etc/a', ['mtime']);
    expect(value.size).toBe(1);
    expect(() => value.mtime).toThrow('/etc/a changes above');
  });
});

describe('realPath', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'runsheet-real-')));
  afterAll(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'd/e'), { recursive: true });
  symlinkSync('d', join(root, 'rel'));
  symlinkSync(join(root, 'rel/e'), join(root, 'abs'));
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('round', join(root, 'round'));
  const on = localTarget();

  test.each<[string, boolean, string, string | undefined]>([
    ['d/e', true, 'd/e', undefined],
    ['rel', true, 'd', 'd'],
    ['rel', false, 'rel', 'd'],
    ['rel/e/x', true, 'd/e/x', undefined],
    ['abs/../y', true, 'd/y', undefined],
    ['dangling', true, 'nowhere', 'nowhere'],
    ['dangling/x', true, 'nowhere/x', undefined],
    ['planned/f', true, 'd/f', undefined],
    ['planned', false, 'planned', 'rel'],
    ['fresh/rel', true, 'fresh/rel', undefined],
  ])('%s, followed: %s', async (path, follow, wanted, link) => {
    const foreseen = new Foreseen();
    foreseen.put(join(root, 'planned'), { kind: 'link', target: 'rel' });
    foreseen.put(join(root, 'fresh'), directory);
    expect(await realPath({ run: (command, options) => on.run(command, options), foreseen }, join(root, path.replace('..', '%')).replace('%', '..'), follow))
      .toEqual({ path: join(root, wanted), link, isPlanned: path.startsWith('planned') && follow });
  });

  test('refuses a circle', async () => {
    await expect(realPath({ run: (command, options) => on.run(command, options), foreseen: new Foreseen() }, join(root, 'round'), true)).rejects.toThrow('circle of links');
  });
});
