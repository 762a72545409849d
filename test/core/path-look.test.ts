/** Paths that are looked at together give the answers that each alone gives, whatever lies there and whatever the shell is. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apart, factsOf } from '../../core/path-facts';
import { MAX_CONTENT, pathLook, pathLooks, type LookOptions, type PathQuestion } from '../../core/path-look';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import { shells } from '../support/shells';

const top = mkdtempSync(join(tmpdir(), 'runsheet-paths-'));
const at = (name: string): string => join(top, name);
const bytes = Buffer.from([0, 10, 255, 13, 10, 32, 92, 110]);

const NAMES = [
  'file', 'empty', 'bytes', 'directory', 'directory/inner', 'link to file', 'link to directory', 'dangling', 'missing', 'missing/deep/er', 'file/below',
  "it's", '$(touch no)', '*', 'back\\slash', '-n', 'ünïcode', 'link\\n ', 'dangling/below', 'large', 'other', 'any byte', 'middle', "link 'it' -> 'file'",
] as const;

beforeAll(() => {
  writeFileSync(at('file'), 'abc');
  writeFileSync(at('empty'), '');
  writeFileSync(at('bytes'), bytes);
  mkdirSync(at('directory'));
  chmodSync(at('directory'), 0o2750);
  for (const name of ["it's", '$(touch no)', '*', 'back\\slash', '-n', 'ünïcode', 'directory/inner']) writeFileSync(at(name), `${name}\n`);
  symlinkSync('file', at('link to file'));
  symlinkSync('directory', at('link to directory'));
  symlinkSync('nowhere', at('dangling'));
  symlinkSync('a b\nc\n', at('link\\n '));
  writeFileSync(at('large'), Buffer.alloc(MAX_CONTENT + 1));
  writeFileSync(at('any byte'), Buffer.from(Array.from({ length: 255 }, (_, byte) => byte + 1)));
  writeFileSync(at('middle'), 'line\n'.repeat(300));
  symlinkSync("a' -> 'b", at("link 'it' -> 'file'"));
  execFileSync('mkfifo', [at('other')]);
});

afterAll(() => {
  rmSync(top, { recursive: true });
});

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const plain: LookOptions = { follow: true };
const itself: LookOptions = { follow: false, sha256: true };
const shownAlways: LookOptions = { follow: true, content: 'always' };
const WAYS: readonly LookOptions[] = [plain, { follow: false }, { follow: true, sha256: true }, itself, shownAlways, { follow: true, content: { unless: ABC } }];

const shown = (facts: ReturnType<typeof factsOf>): string[] => facts.map(({ what, value }) => `${what} ${value.toString('latin1')}`);

describe.each(shells)('under %s', (_name, target) => {
  test.each([plain, itself, shownAlways])('together as alone: %j', async way => {
    const on = target();
    const questions = NAMES.map(name => ({ ...way, path: at(name) }));
    const together = apart(await on.run(pathLooks(questions)), questions);
    for (const [i, question] of questions.entries()) {
      const alone = await on.run(pathLook(question));
      const other = together[i];
      if (other === undefined) throw new Error(`${question.path} can be looked at together with others`);
      expect({ path: question.path, facts: shown(factsOf(other)) }).toEqual({ path: question.path, facts: shown(factsOf(alone)) });
    }
    expect(existsSync(at('no'))).toBe(false);
  });

  test('all ways at once', async () => {
    const on = target();
    const questions: PathQuestion[] = WAYS.flatMap(way => NAMES.map(name => ({ ...way, path: at(name) })));
    const together = apart(await on.run(pathLooks(questions)), questions);
    const facts = together.map(each => (each === undefined ? [] : shown(factsOf(each))));
    const of = (name: typeof NAMES[number], way: number): readonly string[] => facts[way * NAMES.length + NAMES.indexOf(name)] ?? [];
    expect(of('file', 4)).toEqual(['parent ', expect.stringMatching(/^stat 81a4 0 0 3 /) as string, `sha256 ${ABC}`, 'content abc']);
    expect(of('file', 5)).toEqual(['parent ', expect.stringMatching(/^stat/) as string, `sha256 ${ABC}`]);
    expect(of('bytes', 4).at(-1)).toBe(`content ${bytes.toString('latin1')}`);
    expect(of('empty', 4).at(-1)).toBe('content ');
    expect(of('directory', 3)).toEqual(['parent ', expect.stringMatching(/^stat 45e8 /) as string]);
    expect(of('link to file', 3)).toEqual(['parent ', 'link file', expect.stringMatching(/^stat a1ff /) as string]);
    expect(of('link to file', 4).at(-1)).toBe('content abc');
    expect(of('link\\n ', 1)).toEqual(['parent ', 'link a b\nc\n', expect.stringMatching(/^stat a1ff /) as string]);
    expect(of('dangling', 0)).toEqual(['parent ', 'link nowhere']);
    expect(of('missing', 4)).toEqual(['parent ']);
    expect(of('missing/deep/er', 4)).toEqual([]);
    expect(of('file/below', 4)).toEqual([]);
    expect(of('any byte', 4).at(-1)?.length).toBe('content '.length + 255);
    expect(of('middle', 4).at(-1)).toBe(`content ${'line\n'.repeat(300)}`);
    expect(of("link 'it' -> 'file'", 1)).toEqual(['parent ', "link a' -> 'b", expect.stringMatching(/^stat a1ff /) as string]);
    expect(of('large', 4).map(fact => fact.split(' ')[0])).toEqual(['parent', 'stat', 'sha256']);
    expect(of('other', 4).map(fact => fact.split(' ')[0])).toEqual(['parent', 'stat']);
  });

  test('what cannot be seen is told apart, and alone it is an error', async () => {
    const on = target();
    symlinkSync('loop', at('loop'));
    const questions = [{ path: at('loop'), follow: true }, { path: at('file'), follow: true }, { path: at('loop'), follow: false }, { path: at('loop/below'), follow: false }];
    const [loop, file, link, below] = apart(await on.run(pathLooks(questions)), questions);
    expect([loop, below]).toEqual([undefined, undefined]);
    expect([file, link].map(each => each !== undefined && shown(factsOf(each)).length)).toEqual([2, 3]);
    await expect(on.run(pathLook({ path: at('loop'), follow: true }))).rejects.toThrow('Too many levels of symbolic links');
    rmSync(at('loop'));
  });

  test('what is too large to be hashed together with others is hashed alone', async () => {
    const on = target();
    writeFileSync(at('huge'), Buffer.alloc(1_100_000));
    const questions = [{ path: at('huge'), follow: true, sha256: true }, { path: at('huge'), follow: true }];
    const [hashed, looked] = apart(await on.run(pathLooks(questions)), questions);
    expect(hashed).toBeUndefined();
    expect(looked).toBeDefined();
    expect(shown(factsOf(await on.run(pathLook({ path: at('huge'), follow: true, sha256: true })))).at(-1)).toMatch(/^sha256 [0-9a-f]{64}$/);
    rmSync(at('huge'));
  });

  test('neither ends the shell that carries it out nor leaves anything in it, also where it fails', async () => {
    const on = target();
    const functions = ['link', 'read_link', 'facts', 'surely', 'at', 'doubt', 'stats', 'looked', 'hashes', 'small', 'content'];
    const state = lines(
      raw('echo "code $?"; echo ----; unset IFS; echo "$# $-"; set | sed -n "s/^\\([a-z_]*\\)=.*/\\1/p"'),
      cmd`for name in ${functions}; do command -V "$name" 2>/dev/null | grep -i function; done; :`,
    );
    const after = async (command: Command): Promise<{ readonly code: string | undefined; readonly left: readonly string[] }> => {
      const [printed = '', left = ''] = (await on.run(lines(command, state))).stdout.split('\n----\n');
      return { code: printed.split('\n').at(-1), left: left.split('\n').filter(name => name !== 'failed' && name !== '_') };
    };
    const nothing = await after(raw(':'));
    expect(nothing.left.length).toBeGreaterThan(1);
    const gone = at('gone meanwhile');
    writeFileSync(gone, 'abc');
    expect(await after(pathLooks(NAMES.map(name => ({ ...shownAlways, path: at(name) }))))).toEqual(nothing);
    const failing = lines(cmd`stat() { rm -f -- ${gone}; command stat "$@"; }`, pathLooks([{ ...itself, path: gone }]));
    expect(await after(failing)).toEqual({ ...nothing, code: 'code 1' });
  });

  test('a name with a line break is looked at alone', async () => {
    const path = at('a\nb');
    writeFileSync(path, 'abc');
    const facts = shown(factsOf(await target().run(pathLook({ path, follow: true, content: 'always' }))));
    expect(facts.at(-1)).toBe('content abc');
    expect(facts.at(-2)).toBe(`sha256 ${ABC}`);
    rmSync(path);
  });
});

test.runIf(process.getuid?.() === 0)('a user who may not search a directory is not told that nothing is in it', () => {
  const dark = at('dark');
  mkdirSync(dark, { mode: 0o700 });
  writeFileSync(join(dark, 'there'), '');
  const questions = [{ path: join(dark, 'there'), follow: true }, { path: at('file'), follow: true }];
  chmodSync(top, 0o755);
  const as = (text: string): { code: number; stdout: string } => {
    try {
      return { code: 0, stdout: execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', text], { encoding: 'latin1', env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'pipe', 'ignore'] }) };
    } catch {
      return { code: 1, stdout: '' };
    }
  };
  expect(as(pathLooks(questions).text)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^unclear 1$/m) as string });
  expect(as(pathLook(questions[0] ?? { path: '', follow: true }).text)).toMatchObject({ code: 1 });
  expect(as(pathLook(questions[1] ?? { path: '', follow: true }).text)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^stat 1 81a4/m) as string });
});
