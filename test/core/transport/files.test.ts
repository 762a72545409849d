import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isRunnerError } from '../../../core/errors';
import { Secret } from '../../../core/secret';
import { raw } from '../../../core/transport/command';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo } from '../../support/transport';

const shells = [['dash', 'dash'], ['bash', 'bash --norc'], ['busybox', 'busybox sh']].filter(([program]) =>
  ['/bin', '/usr/bin'].some(dir => existsSync(`${dir}/${program ?? ''}`))) as [string, string][];

describe.each(shells)('files under %s', (_name, shell) => {
  let server: SshServer;
  let opened: Awaited<ReturnType<typeof connectTo>>;
  let dir = '';
  let round = 0;
  beforeAll(async () => {
    server = await startSshServer();
    opened = await connectTo(server.host(), { shell });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await server.close();
  });
  beforeEach(() => {
    round += 1;
    dir = join(server.dir, `round ${round} of $HOME`);
    mkdirSync(dir);
  });
  const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

  test.each([
    ['text', Buffer.from('one\ntwo')], ['nothing', Buffer.alloc(0)], ['bytes', Buffer.from([0, 1, 255, 10, 13, 0])],
    ['every byte but NUL', Buffer.from(Array.from({ length: 255 * 4 }, (_, i) => (i * 7) % 255 + 1))], ['only single quotes', Buffer.alloc(65_536, "'")],
    ['line breaks at its end', Buffer.from('one\r\n\r\n\n\n')], ['what printf and echo would read', Buffer.from('-n %s\\n\\c\\0101 %b $HOME `id` $(id) "\\\\"\\')],
    ['UTF-8 that is broken off', Buffer.from([0xc3, 0xa4, 0xe2, 0x82, 10, 0xff, 0xfe, 0x81, 0x88])], ['64 KiB without NUL', Buffer.from(randomBytes(65_536).map(byte => byte === 0 ? 1 : byte))],
    ['64 KiB', randomBytes(65_536)], ['more than 64 KiB', randomBytes(65_537)], ['3 MiB', randomBytes(3 * 1024 * 1024)],
  ])('writes and reads back %s', async (_case, content) => {
    const path = join(dir, 'file');
    await opened.on.write(path, content);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect((await opened.on.read(path)).equals(content)).toBe(true);
    expect(readdirSync(dir)).toEqual(['file']);
  });

  test('a new file is 0644, a secret one 0600, and what is asked for goes first', async () => {
    await opened.on.write(join(dir, 'plain'), 'x');
    await opened.on.write(join(dir, 'secret'), new Secret('s3cret-text'));
    await opened.on.write(join(dir, 'asked'), new Secret('s3cret-text'), { mode: 0o4750 });
    expect(['plain', 'secret', 'asked'].map(name => mode(join(dir, name)))).toEqual(['644', '600', '4750']);
    expect((await opened.on.readSecret(join(dir, 'secret'))).reveal()).toBe('s3cret-text');
  });

  test('shows nothing of the content in errors', async () => {
    const told: unknown = await opened.on.write(join(dir, 'missing/file'), 'hush-hush').catch((error: unknown) => error);
    expect(isRunnerError(told)).toBe(true);
    expect(JSON.stringify(told) + String(told)).not.toContain('hush-hush');
  });

  test('keeps mode and owner of the old file', async () => {
    const path = join(dir, 'kept');
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    if (process.getuid?.() === 0) chownSync(path, 12, 34);
    const { uid, gid } = statSync(path);
    await opened.on.write(path, 'new');
    expect(statSync(path)).toMatchObject({ uid, gid });
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['new', '640']);
  });

  test.runIf(process.getuid?.() === 0)('gives a file to an owner and a group, by name or number', async () => {
    const path = join(dir, 'given');
    await opened.on.write(path, 'x', { owner: 'daemon', group: 0 });
    expect(statSync(path)).toMatchObject({ uid: 1, gid: 0 });
    await opened.on.write(path, 'y', { group: 'daemon' });
    expect(statSync(path)).toMatchObject({ uid: 1, gid: 1 });
    await expect(opened.on.write(path, 'z', { owner: 'no-such-user' })).rejects.toThrow(`cannot be given to owner 'no-such-user'`);
    expect(readFileSync(path, 'utf8')).toBe('y');
    expect(readdirSync(dir)).toEqual(['given']);
  });

  test.each([0o644, 0o600, 0o664, 0o755, 0o4711, 0o000])('gives the mode %o to a new file and to an old one', async asked => {
    await opened.on.write(join(dir, 'file'), 'new', { mode: asked });
    expect(mode(join(dir, 'file'))).toBe(asked.toString(8));
    chmodSync(join(dir, 'file'), 0o640);
    await opened.on.write(join(dir, 'file'), 'newer', { mode: asked });
    expect([mode(join(dir, 'file')), lstatSync(join(dir, 'file')).size]).toEqual([asked.toString(8), 5]);
  });

  test('replaces the target of a symbolic link and keeps the link', async () => {
    mkdirSync(join(dir, 'real'));
    writeFileSync(join(dir, 'real/target'), 'old', { mode: 0o600 });
    symlinkSync('real/target', join(dir, 'link'));
    await opened.on.write(join(dir, 'link'), 'new');
    expect(readlinkSync(join(dir, 'link'))).toBe('real/target');
    expect([readFileSync(join(dir, 'real/target'), 'utf8'), mode(join(dir, 'real/target'))]).toEqual(['new', '600']);
    symlinkSync('nowhere/at/all', join(dir, 'dangling'));
    await expect(opened.on.write(join(dir, 'dangling'), 'x')).rejects.toThrow('leads nowhere');
  });

  test.each(['-dash', 'with space', `it's "quoted"`, '$(id)', 'star*?[a]', '.hidden', 'ünïcode', 'new\nline'])('takes the name %j as it is', async name => {
    const path = join(dir, name);
    await opened.on.write(path, name);
    expect((await opened.on.read(path)).toString()).toBe(name);
    expect(readdirSync(dir)).toEqual([name]);
  });

  test('refuses what is no file, and leaves nothing behind', async () => {
    mkdirSync(join(dir, 'directory'));
    await expect(opened.on.write(join(dir, 'directory'), 'x')).rejects.toThrow('is a directory');
    await expect(opened.on.write(join(dir, 'missing/file'), 'x')).rejects.toThrow('its directory does not exist');
    await expect(opened.on.read(join(dir, 'missing'))).rejects.toMatchObject({ kind: 'command', result: { code: 1 } });
    await expect(opened.on.readSecret(join(dir, 'missing'))).rejects.toSatisfy(isRunnerError);
    expect(readdirSync(dir)).toEqual(['directory']);
  });

  test('removes what a dead run left of the same file, and only that', async () => {
    writeFileSync(join(dir, '.file.runsheet-DEADRUN'), 'half');
    writeFileSync(join(dir, '.file.runsheet-TESTRUN'), 'half');
    writeFileSync(join(dir, '.other.runsheet-DEADRUN'), 'half');
    await opened.on.write(join(dir, 'file'), 'whole');
    expect(readdirSync(dir).sort()).toEqual(['.other.runsheet-DEADRUN', 'file']);
  });

  test('does not follow a link that somebody laid in the place of the temporary file', async () => {
    writeFileSync(join(dir, 'victim'), 'untouched');
    symlinkSync('victim', join(dir, '.file.runsheet-TESTRUN'));
    await opened.on.write(join(dir, 'file'), 'content');
    expect(readFileSync(join(dir, 'victim'), 'utf8')).toBe('untouched');
    expect(lstatSync(join(dir, 'file')).isSymbolicLink()).toBe(false);
  });

  test('fetches to a private file that appears when it is complete', async () => {
    const bytes = randomBytes(5 * 1024 * 1024);
    writeFileSync(join(dir, 'large'), bytes);
    const { createHash } = await import('node:crypto');
    const sum = await opened.on.fetch(join(dir, 'large'), join(dir, 'fetched'));
    expect(sum).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(readFileSync(join(dir, 'fetched')).equals(bytes)).toBe(true);
    expect(mode(join(dir, 'fetched'))).toBe('600');
    await expect(opened.on.fetch(join(dir, 'missing'), join(dir, 'nothing'))).rejects.toMatchObject({ kind: 'command' });
    await expect(opened.on.fetch(join(dir, 'large'), join(dir, 'no/such/place'))).rejects.toThrow('cannot be written on the controller');
    expect(readdirSync(dir).sort()).toEqual(['fetched', 'large']);
  });
});

test('where printf is a program, it is not given the content', async () => {
  await using server = await startSshServer();
  writeFileSync(join(server.dir, 'env'), 'enable -n printf\n');
  await using opened = await connectTo(server.host(), { shell: `env BASH_ENV=${join(server.dir, 'env')} bash --norc` });
  expect((await opened.on.run(raw('command -v printf; echo "${runsheet_input-unset}"; cat'), { stdin: 'content', inputAsVariable: true })).stdout).toMatch(/^\/.*printf\nunset\ncontent$/);
  await opened.on.write(join(server.dir, 'file'), 'content');
  expect(readFileSync(join(server.dir, 'file'), 'utf8')).toBe('content');
});

test('a reader sees the old file or the new one, never a part', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  const path = join(server.dir, 'swapped');
  const contents = ['a', 'b'].map(letter => letter.repeat(200_000));
  await opened.on.write(path, contents[0] ?? '');
  const seen = new Set<string>();
  const reading = setInterval(() => seen.add(readFileSync(path, 'utf8')), 1);
  for (let i = 1; i < 12; i += 1) await opened.on.write(path, contents[i % 2] ?? '');
  clearInterval(reading);
  expect(seen.size).toBe(2);
  expect([...seen].every(text => contents.includes(text))).toBe(true);
});

test('what was sent is not kept until the link ends', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const send = async (): Promise<WeakRef<Buffer>> => {
    const content = Buffer.alloc(1024 * 1024, 'x');
    await opened.on.write(join(server.dir, 'sent'), content);
    return new WeakRef(content);
  };
  const sent = await send();
  // Collecting goes on beside what runs: the test's own time limit ends it.
  while (sent.deref() !== undefined) {
    await new Promise(resolve => setTimeout(resolve, 20));
    collect();
  }
});
