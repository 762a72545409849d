/** A target that is this machine, for tests of modules: real sh, real files. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { CommandError } from '../../core/errors';
import type { Host } from '../../core/inventory/host';
import { Secret } from '../../core/secret';
import { cmd, lines, type Command } from '../../core/transport/command';
import type { CommandResult, RunOptions, Target } from '../../core/transport/connection';

const host: Host = { name: 'here', connection: { type: 'local', address: '127.0.0.1', port: 22 }, groups: [], vars: {} };

export interface LocalTarget extends Target {
  /** What was said beside the task. */
  readonly said: string[];
}

/** @param shell the shell that runs commands, `sh` */
export function localTarget(shell: readonly string[] = ['sh']): LocalTarget {
  const said: string[] = [];
  const run: Target['run'] = (command, options = {}) => runHere(shell, command, options);
  const read = (path: string): Promise<Buffer> => run(cmd`cat < ${path}`).then(result => result.bytes);
  return {
    host, user: 'root', runId: '20261122T101500Z-1a2b', signal: new AbortController().signal, said, run, read,
    say: line => { said.push(line); },
    write: async (path, content, { mode, owner, group } = {}) => {
      const fresh = content instanceof Secret ? '600' : '644';
      await run(lines(
        cmd`set -e; p=$(readlink -f -- ${path}); t="$p.new"; cat > "$t"`,
        cmd`if [ -e "$p" ]; then chown --reference="$p" "$t"; chmod --reference="$p" "$t"; else chmod ${fresh} "$t"; fi`,
        ...(owner === undefined ? [] : [cmd`chown -- ${owner} "$t"`]),
        ...(group === undefined ? [] : [cmd`chgrp -- ${group} "$t"`]),
        ...(mode === undefined ? [] : [cmd`chmod -- ${mode.toString(8)} "$t"`]),
        cmd`mv -T -- "$t" "$p"`,
      ), { stdin: content instanceof Secret ? content.reveal() : content });
    },
    readSecret: async path => new Secret((await read(path)).toString()),
    fetch: async (path, to) => {
      const bytes = await read(path);
      await writeFile(to, bytes, { mode: 0o600 });
      return createHash('sha256').update(await readFile(to)).digest('hex');
    },
    forward: async (address, port) => {
      const socket = connect(port, address);
      await once(socket, 'connect');
      return socket;
    },
  };
}

async function runHere([program = 'sh', ...args]: readonly string[], command: Command, options: RunOptions): Promise<CommandResult> {
  const child = spawn(program, [...args, '-c', command.text], { cwd: options.chdir ?? '/', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...options.env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    for (const line of chunk.toString().trimEnd().split('\n')) options.onLine?.(line);
  });
  child.stderr.on('data', (chunk: Buffer) => { err.push(chunk); });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin instanceof Secret ? options.stdin.reveal() : options.stdin);
  await once(child, 'close');
  const bytes = Buffer.concat(out);
  const result = { command: command.text, code: child.exitCode ?? -1, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes, ms: 0 };
  const expected = options.expect ?? [0];
  if (expected !== 'any' && !expected.includes(result.code)) throw new CommandError(host.name, result);
  return result;
}
