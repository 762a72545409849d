import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { raw } from '../../../core/transport/command';
import * as file from '../../../modules/file';
import { localTarget } from '../../support/local-target';
import { carryOut, planned } from '../../support/module';
import { fill, newPlace } from './trees';

const on = localTarget();
let folder: string;
let from: string;
let path: string;

beforeEach(() => { ({ folder, from, path } = newPlace()); });

afterEach(() => rmSync(folder, { recursive: true }));

const make = (more: Partial<file.TreeParams> = {}) => (): ReturnType<typeof file.tree> => file.tree({ path, from, ...more });

describe('file.tree', () => {
  test.each([
    ['a directory in the place of a file', { 'a.conf/': '' }, '/a.conf is to be a file and is a directory'],
    ['a directory in the place of a link', { 'dangling/x': '' }, '/dangling is to be a link and is a directory'],
    ['a file in the place of a directory', { 'conf.d': '' }, '/conf.d is to be a directory and is a file'],
  ])('refuses %s', async (_, files, words) => {
    fill(path, files);
    await expect(planned(make()(), on)).rejects.toThrow(`${path}${words}`);
  });

  test('refuses a link in the place of a directory, a file in that of the top, a link that leads nowhere', async () => {
    mkdirSync(path);
    symlinkSync('/etc', join(path, 'conf.d'));
    await expect(planned(make()(), on)).rejects.toThrow(`${path}/conf.d is to be a directory and is a link to /etc`);
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    await expect(planned(make()(), on)).rejects.toThrow(`${path} is to be a directory and is a file`);
    rmSync(path);
    symlinkSync('nowhere', path);
    await expect(planned(make()(), on)).rejects.toThrow('is a link to nowhere, which does not exist');
  });

  test('asks before it prunes, and never prunes a directory of the system or a name that it cannot write', async () => {
    expect([make()().effect, make({ prune: true })().effect]).toEqual(['converge', 'destroy']);
    expect(make({ path: '/etc', prune: true })().problems.join()).toContain('/etc belongs to the system and is never removed');
    symlinkSync('/usr/lib', path);
    rmSync(join(from, 'conf.d'), { recursive: true });
    await expect(planned(make({ prune: true })(), on)).rejects.toThrow('leads to /usr/lib and is not pruned');
    rmSync(path);
    fill(path, { 'line\nbreak': '' });
    await expect(planned(make({ prune: true })(), on)).rejects.toThrow('its name has a line break or is no UTF-8');
    await carryOut(make()(), on);
  });

  test.each([
    ['a relative source', { from: 'files/site' }, "write join(__dirname, 'files/site')"],
    ['a missing source', { from: '/nonexistent/a' }, 'the directory to copy cannot be read: ENOENT'],
    ['a file as the source', { from: __filename }, 'is no directory; file.copy brings single files'],
    ['a decimal mode', { mode: 644 }, 'write 0o644'],
    ['a directory mode that is none', { directoryMode: -1 }, 'the mode -1 is none'],
    ['an owner that is none', { owner: 'a b' }, 'the owner "a b" is no name'],
    ['a relative path', { path: 'srv' }, 'must be absolute'],
  ])('refuses %s before any connection', (_, params, problem) => {
    expect(make(params)().problems.join()).toContain(problem);
  });

  test('refuses names and kinds of files that cannot be brought, all at once', () => {
    execFileSync('mkfifo', [join(from, 'pipe')]);
    writeFileSync(join(from, 'line\nbreak'), '');
    writeFileSync(Buffer.concat([Buffer.from(`${from}/bad `), Buffer.from([0xff])]), '');
    const { problems } = make()();
    expect(problems).toHaveLength(3);
    for (const words of ['has a line break in its name', 'has a name that is no UTF-8', 'is neither a file nor a directory nor a link']) expect(problems.join()).toContain(words);
  });

  test('does not take what may not be looked at for absent', async () => {
    mkdirSync(path);
    symlinkSync('bin', join(path, 'bin'));
    await expect(planned(make()(), on)).rejects.toThrow('Too many levels of symbolic links');
    expect(await on.run(raw('true'))).toMatchObject({ code: 0 });
  });
});
