/** One session of the in-process SSH server: a command line, run as sshd does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { ServerChannel } from 'ssh2';

/** What a session needs of its server. */
export interface SessionWorld {
  readonly loginShell: readonly string[];
  readonly wrap: readonly string[];
  readonly env: Readonly<Record<string, string>> | undefined;
  /** Sessions that run. */
  readonly children: Set<ChildProcess>;
}

/** Runs a command line in the login shell, leader of a session of its own; a lost connection only closes its pipes. */
export function execute(channel: ServerChannel, command: string, world: SessionWorld): void {
  const { loginShell, wrap, env } = world;
  const [program, ...args] = [...wrap, ...loginShell, '-c', command];
  const { homedir, username } = userInfo();
  const child = spawn(program, args, {
    detached: true,
    cwd: homedir,
    env: env ?? { HOME: homedir, USER: username, LOGNAME: username, SHELL: loginShell[0] ?? '', PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  world.children.add(child);
  const { stdin, stdout, stderr } = child;
  for (const pipe of [stdin, stdout, stderr]) pipe.on('error', () => undefined);
  channel.on('error', () => undefined);
  channel.pipe(stdin);
  const flushed = relay(channel, stdout, stderr);
  channel.on('close', () => { for (const pipe of [stdin, stdout, stderr]) pipe.destroy(); });
  child.on('error', () => { channel.exit(127); channel.close(); });
  child.on('exit', (code, signal) => {
    world.children.delete(child);
    if (!channel.writable) return;
    if (signal !== null) channel.exit(signal.slice(3), false, '');
    else channel.exit(code ?? 0);
  });
  // Not before both streams are flushed: `close` would cut off what waits for the client's window.
  child.on('close', () => void flushed().then(() => channel.end()));
}

/**
 * Copies both output streams, taking turns. ssh2's server forgets one of two streams that wait for the client's window, and keeps what it held back
 * of the one to send it again with the other; so only one ever waits, and what was held back is cleared.
 * The function returned waits until all is written.
 */
function relay(channel: ServerChannel, stdout: Readable, stderr: Readable): () => Promise<void> {
  let turn = Promise.resolve();
  const copy = (from: Readable, to: Writable): void => {
    from.on('data', (chunk: Buffer) => {
      from.pause();
      turn = turn.then(() => new Promise<void>(resolve => { to.write(chunk, () => resolve()); })).then(() => {
        Object.assign(channel, { _chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined });
        from.resume();
      });
    });
  };
  copy(stdout, channel);
  copy(stderr, channel.stderr);
  return () => turn;
}
