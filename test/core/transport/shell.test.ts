import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cmd, raw } from '../../../core/transport/command';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { connectTo, processesWith, uniqueSleep, until } from '../../support/transport';

/** `--norc`: bash takes a socket on its input for a remote login and reads ~/.bashrc. */
const shells = [['dash', 'dash'], ['bash', 'bash --norc'], ['busybox', 'busybox sh']].filter(([program]) =>
  ['/bin', '/usr/bin'].some(dir => existsSync(`${dir}/${program ?? ''}`))) as [string, string][];

describe.each(shells)('the open shell under %s', (_name, shell) => {
  let server: SshServer;
  let opened: Awaited<ReturnType<typeof connectTo>>;
  beforeAll(async () => {
    server = await startSshServer();
    opened = await connectTo(server.host(), { shell });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await server.close();
  });
  const outputs: [string, string, string][] = [
    ['plain lines', 'one\ntwo\n', ''],
    ['no final newline', 'no newline', 'nor here'],
    ['nothing at all', '', ''],
    ['only line breaks', '\n\n\n', '\n'],
    ['quotes, dollars and backslashes', `'"$HOME\`x\`\\n\\\\'`, `%s %b \\c`],
    ['something like the mark', 'runsheet-0123456789abcdef01234567 0\n', 'runsheet-0123456789abcdef01234567 \n'],
    ['UTF-8', 'Grüße ✓\n', 'ж'],
  ];
  test.each(outputs)('brings back %s', async (_case, stdout, stderr) => {
    const result = await opened.on.run(cmd`printf %s ${stdout}; printf %s ${stderr} >&2`);
    expect(result).toMatchObject({ code: 0, stdout, stderr });
  });

  test('keeps bytes that are no text, and megabytes of them', async () => {
    const bytes = randomBytes(5 * 1024 * 1024);
    await opened.on.write(`${server.dir}/bytes`, bytes);
    const result = await opened.on.run(cmd`cat ${`${server.dir}/bytes`}; cat ${`${server.dir}/bytes`} >&2; exit 7`, { expect: [7] });
    expect(result.bytes.equals(bytes)).toBe(true);
    expect(result.code).toBe(7);
    const small = await opened.on.run(raw(String.raw`printf '\000\001\377\n\000'`));
    expect([...small.bytes]).toEqual([0, 1, 255, 10, 0]);
  });

  test('is not deceived by a command that prints everything that it can see of its shell', async () => {
    const spy = raw('set; cat /proc/$$/cmdline /proc/$PPID/cmdline; echo; tr "\\0" "\\n" </proc/$$/environ; jobs; echo end');
    const result = await opened.on.run(spy, { expect: 'any' });
    expect(result.stdout.endsWith('end\n')).toBe(true);
    expect((await opened.on.run(raw('echo next'))).stdout).toBe('next\n');
  });

  test.each([
    ['exit', 'exit 42', 42],
    ['a failing last command', 'false', 1],
    ['a syntax error', 'if then (', 2],
    ['an unfinished quote', 'echo "never closed', 2],
    ['an unfinished here-document', 'cat <<END\nhello', 0],
    ['a command that does not exist', 'no-such-command-anywhere', 127],
    ['exec', 'exec sh -c "exit 3"', 3],
    ['set -e', 'set -e; false; true', 1],
    ['a comment at its end', 'true # done', 0],
    ['an expansion error', ': ${x?is not set}', 2],
    ['a subshell left open by )', 'true )', 2],
  ])('survives %s', async (_case, text, code) => {
    const result = await opened.on.run(raw(text), { expect: 'any' });
    // bash says 1, or 127, where dash and busybox say 2.
    if (code === 2) expect(result.code).toBeGreaterThan(0);
    else expect(result.code).toBe(code);
    expect((await opened.on.run(raw('echo alive'))).stdout).toBe('alive\n');
  });

  test('keeps no state between commands', async () => {
    await opened.on.run(raw('cd /; x=1; export y=2; umask 000; set -f; alias ls=false'));
    const { stdout } = await opened.on.run(raw('echo "$x|$y|$(umask)|$-" | tr -d is; pwd'));
    expect(stdout).toMatch(/^\|\|0022\|[^f]*\n(?!\/\n)/);
  });

  test('carries out itself what does it no harm: no subshell, the same outputs, code and input', async () => {
    const { stdout: shellPid } = await opened.on.look(raw('echo $$'));
    const parentOf = async (asked: Promise<{ stdout: string }>): Promise<string> => `${(await asked).stdout.split(' ')[3] ?? ''}\n`;
    expect(await parentOf(opened.on.look(raw('cat /proc/self/stat; :'), { staysInside: true }))).toBe(shellPid);
    expect(await parentOf(opened.on.run(cmd`cat /proc/self/stat`))).toBe(shellPid);
    expect(await parentOf(opened.on.run(raw('cat /proc/self/stat; :')))).not.toBe(shellPid);
    const results = await Promise.all([
      opened.on.look(raw(`cat; echo "it's"; echo wrong >&2; (exit 3)`), { staysInside: true, expect: [3] }), opened.on.look(raw('echo next')),
      opened.on.run(cmd`cat -- ${'/no/such'}`, { expect: 'any' }), opened.on.run(cmd`cat`),
    ]);
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual([[3, `it's\n`], [0, 'next\n'], [1, ''], [0, '']]);
    expect([results[0].stderr, results[2].stderr]).toEqual(['wrong\n', expect.stringMatching(/\/no\/such.*No such file/) as string]);
  });

  test('gives a command its own input, never the shell\'s', async () => {
    expect((await opened.on.run(raw('cat; read x || echo "end of input"'))).stdout).toBe('end of input\n');
    const text = 'first\nit\'s "quoted" $HOME\\n\0binary\xff';
    const result = await opened.on.run(raw('cat'), { stdin: Buffer.from(text, 'latin1') });
    expect(result.bytes.toString('latin1')).toBe(text);
    const large = randomBytes(64 * 1024);
    expect((await opened.on.run(raw('cat'), { stdin: large })).bytes.equals(large)).toBe(true);
    expect((await opened.on.run(raw('exit 9'), { stdin: 'unread', expect: [9] })).code).toBe(9);
  });

  test('gives input as a variable of that command alone, which no other process sees', async () => {
    const content = `hush-${randomBytes(8).toString('hex')}\n'quoted'\r\n\n`;
    const options = { stdin: content, inputAsVariable: true };
    expect((await opened.on.run(raw('printf %s "$runsheet_input"; cat'), options)).stdout).toBe(content);
    const seen = await opened.on.run(raw('cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -c "hush-[0-9a-f]"'), { ...options, expect: [1] });
    expect(seen.stdout).toBe('0\n');
    expect((await opened.on.run(raw('echo "${runsheet_input-unset}"'))).stdout).toBe('unset\n');
    expect((await opened.on.run(raw('echo "${runsheet_input-unset}"; cat'), { ...options, stdin: 'a\0b' })).stdout).toBe('unset\na\0b');
    expect((await opened.on.run(raw('echo "${runsheet_input-unset}"'), { ...options, stdin: '' })).stdout).toBe('\n');
  });

  test('has a fixed environment', async () => {
    const { stdout } = await opened.on.run(raw('echo "$LC_ALL $PATH"; umask'));
    expect(stdout).toBe('C /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0022\n');
  });

  test('takes variables and a directory with one command only', async () => {
    const env = { GREETING: 'it\'s $me', EMPTY: '' };
    expect((await opened.on.run(raw('echo "$GREETING|$EMPTY|$PWD"'), { env, chdir: '/usr' })).stdout).toBe('it\'s $me||/usr\n');
    expect((await opened.on.run(raw('echo "$GREETING"'))).stdout).toBe('\n');
    await expect(opened.on.run(raw('echo never'), { chdir: '/no/such', expect: 'any' })).rejects.toThrow('cannot change to directory /no/such');
  });

  test('runs side by side what is asked for side by side, each with its own answer', async () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const results = await Promise.all(numbers.map(i => opened.on.run(cmd`echo ${i}; exit ${i}`, { expect: [i] })));
    expect(results.map(result => result.stdout)).toEqual(numbers.map(i => `${i}\n`));
  });

  test('kills a command and its children when its time is up, and goes on', async () => {
    const seconds = uniqueSleep();
    const slow = opened.on.run(cmd`echo begun; sleep ${seconds} & timeout 1000 sleep ${seconds} | cat`, { timeoutMs: 300 });
    await expect(slow).rejects.toMatchObject({ kind: 'command', result: { code: -1, timedOut: true, stdout: 'begun\n' } });
    await until(() => processesWith(seconds).length === 0);
    expect((await opened.on.run(raw('echo alive'))).stdout).toBe('alive\n');
  });

  test('does not let a child that was left behind write into a later answer', async () => {
    await opened.on.run(raw('( sleep 0.2; echo stray; echo stray >&2 ) &'));
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(await opened.on.run(raw('echo mine'))).toMatchObject({ stdout: 'mine\n', stderr: '' });
  });

  test('keeps looks apart that are sent together', async () => {
    const big = await opened.on.run(raw('head -c 300000 /dev/zero | tr "\\0" x'));
    const asked = await Promise.all([
      opened.on.look(raw('echo one; echo first >&2')), opened.on.look(raw('head -c 300000 /dev/zero | tr "\\0" x')), opened.on.look(raw('exit 3'), { expect: [3] }),
      opened.on.look(raw('printf three; printf third >&2')), ...Array.from({ length: 50 }, (_, i) => opened.on.look(cmd`echo ${i}; echo ${-i} >&2`)),
    ]);
    expect(asked[0]).toMatchObject({ stdout: 'one\n', stderr: 'first\n' });
    expect(asked[1].bytes.equals(big.bytes)).toBe(true);
    expect(asked[2].code).toBe(3);
    expect(asked[3]).toMatchObject({ stdout: 'three', stderr: 'third' });
    expect(asked.slice(4).map(result => result.stdout + result.stderr)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}\n${-i}\n`));
  });

  test('a look sees what was run before it, and not what is run after it', async () => {
    const path = `${server.dir}/order-${shell.replaceAll(' ', '-')}`;
    const looked = (): Promise<{ stdout: string }> => opened.on.look(cmd`cat -- ${path} 2>/dev/null || echo nothing`);
    const seen = [looked(), opened.on.run(cmd`sleep 0.1; echo a >${path}`), looked(), opened.on.run(cmd`echo b >${path}`), looked(), looked()];
    expect((await Promise.all(seen)).map(result => result.stdout)).toEqual(['nothing\n', '', 'a\n', '', 'b\n', 'b\n']);
  });

  test.each([false, true])('a look that is killed takes those behind it along, and nothing else; in the shell itself: %s', async staysInside => {
    const path = `${server.dir}/behind-${shell.replaceAll(' ', '-')}-${staysInside}`;
    const before = opened.on.look(raw('echo before'));
    const hung = opened.on.look(raw('sleep 30'), { timeoutMs: 200, staysInside });
    const behind = opened.on.look(raw('echo behind'));
    const done = opened.on.run(cmd`echo done >>${path}; cat ${path}`);
    expect((await before).stdout).toBe('before\n');
    await expect(hung).rejects.toThrow('was killed');
    await expect(behind).rejects.toMatchObject({ kind: 'connection' });
    expect((await done).stdout).toBe('done\n');
  });

  test('says that the outcome is unknown when its shell is killed, and goes on', async () => {
    await expect(opened.on.run(raw('kill -9 $$; sleep 5'))).rejects.toMatchObject({ kind: 'command', result: { signal: 'SIGKILL' } });
    expect((await opened.on.run(raw('echo alive'))).stdout).toBe('alive\n');
  });
});

test('an error names the host, the command, the code and the end of what it printed', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  await expect(opened.on.run(raw('echo first >&2; echo last >&2; exit 3'))).rejects.toThrow(/^web1: echo first .* exited with code 3: first\nlast$/);
});

test.each(shells)('the host says how long it took when that is measured, under %s', async (_name, shell) => {
  await using server = await startSshServer();
  const watch = { begun: () => undefined, connected: () => undefined, asked: () => undefined, closed: () => undefined };
  await using opened = await connectTo(server.host(), { shell, watch });
  for (const channel of ['shell', 'own'] as const) {
    const slow = await opened.on.run(raw('sleep 0.1; echo done; exit 3'), { channel, expect: [3] });
    expect(slow).toMatchObject({ code: 3, stdout: 'done\n', stderr: '' });
    expect(slow.hostMs).toBeGreaterThan(50);
  }
  const written = { stdin: 'content', inputAsVariable: true };
  expect(await opened.on.run(raw('printf %s "$runsheet_input"; exit 4'), { ...written, expect: [4] })).toMatchObject({ code: 4, stdout: 'content', hostMs: expect.any(Number) as number });
  expect((await opened.on.look(raw('true'))).hostMs).toBeDefined();
  await using plain = await connectTo(server.host(), { shell });
  expect((await plain.on.run(raw('true'))).hostMs).toBeUndefined();
});

test('output that may be secret is kept out of errors', async () => {
  await using server = await startSshServer();
  await using opened = await connectTo(server.host());
  await opened.on.write(`${server.dir}/secret`, 'hush');
  const failed = await opened.on.run(cmd`cat ${`${server.dir}/secret`}; cat ${`${server.dir}/secret`} >&2; exit 1`, { secretOutput: true }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ kind: 'command', result: { code: 1 } });
  expect(JSON.stringify(failed) + String(failed)).not.toContain('hush');
});

test('a host that lacks tools is named with them', async () => {
  await using server = await startSshServer();
  const shell = `${server.dir}/bare-sh`;
  // The session sets PATH itself: what it evaluates keeps another one.
  writeFileSync(shell, '#!/bin/sh\nif [ "$1" = -c ]; then c=$2; shift 2; exec /bin/sh -c "alias export=:; PATH=/nowhere; $c" "$@"; fi\nPATH=/nowhere exec /bin/sh "$@"\n', { mode: 0o755 });
  await using opened = await connectTo(server.host(), { shell });
  const lacking = /^web1: the host has no base64, cat, .*sync$/;
  await expect(opened.on.look(raw('echo seen'))).rejects.toThrow(lacking);
  await expect(opened.on.run(raw('echo done'))).rejects.toThrow(lacking);
});
