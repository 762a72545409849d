/**
 * An SSH server inside the test process that runs a real `sh`: what needs no root is tested against it.
 * Like OpenSSH it gives every command its own session (setsid), hands over pipes, sends the exit status before the end of output, and on a lost
 * connection only closes the pipes: whoever wants the commands dead must see to it himself.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Server, type AuthContext, type Connection, type Session } from 'ssh2';
import type { Host, HostConnection } from '../../core/inventory/host';
import { newHostKey, parseKey, publicLine, type HostKeyType } from './ssh-keys';
import { execute, type SessionWorld } from './ssh-session';

export interface SshServerOptions {
  /** Host keys to offer; default one ed25519 key. */
  readonly hostKeys?: readonly HostKeyType[];
  /** Private host keys in OpenSSH or PEM form, instead of fresh ones. */
  readonly hostKeyTexts?: readonly string[];
  /** The user's login shell: runs the command lines that arrive. Default `['/bin/sh']`. */
  readonly loginShell?: readonly string[];
  /** Put before every command line's argv, e.g. `unshare` to run it in a namespace. */
  readonly wrap?: readonly string[];
  /** A password that is accepted beside the key. */
  readonly password?: string;
  /** Does the password go by `keyboard-interactive` instead of `password`? Default false. */
  readonly keyboardInteractive?: boolean;
  /** Public keys (OpenSSH lines) accepted instead of the generated one; an empty list accepts none. */
  readonly authorizedKeys?: readonly string[];
  /** `AllowTcpForwarding`; default true. */
  readonly forwarding?: boolean;
  /** `MaxSessions`; default 10. */
  readonly maxSessions?: number;
  /** Drops that many connections before the handshake, as MaxStartups does. */
  readonly dropFirst?: number;
  /** Waits so long before a command line starts, in milliseconds. */
  readonly delayMs?: number;
  /** Environment of the commands; default: HOME, USER, LOGNAME, SHELL and a PATH without sbin. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running server; `close` ends it and everything that it started. */
export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** A directory of its own, removed by `close`: keys, known_hosts, room for a test's files. */
  readonly dir: string;
  /** The client's private key file that the server accepts. */
  readonly privateKeyFile: string;
  /** A known_hosts file that names all its host keys. */
  readonly knownHostsFile: string;
  /** Public host keys as `type base64`. */
  readonly hostKeyLines: readonly string[];
  /** Command lines that were executed so far. */
  readonly executed: readonly string[];
  /** Process ids of those that still run, oldest first; each leads its session. */
  readonly pids: readonly number[];
  /** Attempts to log in so far, such as `publickey asked`, `publickey signed` and `password`. */
  readonly attempts: readonly string[];
  /** How many connections were accepted, dropped ones included. */
  readonly connections: number;
  /** A host of an inventory that this server answers for. @param name default `web1` */
  host(name?: string, changes?: Partial<HostConnection>): Host;
  /** Cuts every connection, as a pulled cable with a reset would. */
  cut(): void;
  /** Stops listening to its clients without a word (no FIN). */
  freeze(): void;
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const dir = mkdtempSync(join(tmpdir(), 'runsheet-ssh-server-'));
  const clientKey = newHostKey('ed25519');
  const privateKeyFile = join(dir, 'id_ed25519');
  writeFileSync(privateKeyFile, clientKey, { mode: 0o600 });
  const keys = options.hostKeyTexts ?? (options.hostKeys ?? ['ed25519']).map(newHostKey);
  const { loginShell = ['/bin/sh'], wrap = [], env } = options;
  const world: World = {
    loginShell, wrap, env,
    options, sockets: new Set(), children: new Set(), executed: [], attempts: [], authorized: options.authorizedKeys ?? [publicLine(clientKey)],
  };
  const ssh = new Server({ hostKeys: [...keys] }, client => serve(client, world));
  let connections = 0;
  const listener = createServer({ noDelay: true }, socket => {
    connections += 1;
    world.sockets.add(socket);
    socket.on('close', () => world.sockets.delete(socket)).on('error', () => undefined);
    if (connections <= (options.dropFirst ?? 0)) socket.destroy();
    else ssh.injectSocket(socket);
  });
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const hostKeyLines = keys.map(publicLine);
  const knownHostsFile = join(dir, 'known_hosts');
  writeFileSync(knownHostsFile, hostKeyLines.map(line => `[127.0.0.1]:${port} ${line}\n`).join(''));

  const close = async (): Promise<void> => {
    for (const socket of world.sockets) socket.destroy();
    for (const child of world.children) endSession(child);
    await new Promise<void>(resolve => listener.close(() => resolve()));
    rmSync(dir, { recursive: true, force: true });
  };
  return {
    port, dir, privateKeyFile, knownHostsFile, hostKeyLines, executed: world.executed, attempts: world.attempts,
    get connections() { return connections; },
    get pids() { return [...world.children].flatMap(child => child.pid ?? []); },
    host: (name = 'web1', changes = {}) => hostOf(name, {
      type: 'ssh', address: '127.0.0.1', port, user: userInfo().username, privateKeyFile, knownHosts: [knownHostsFile], ...changes,
    }),
    cut: () => { for (const socket of world.sockets) socket.resetAndDestroy(); },
    freeze: () => { for (const socket of world.sockets) { socket.removeAllListeners('data'); socket.pause(); } },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A host for tests that need no server. */
export function hostOf(name: string, connection: HostConnection): Host {
  return { name, connection, groups: [], vars: {} };
}

interface World extends SessionWorld {
  readonly options: SshServerOptions;
  readonly sockets: Set<Socket>;
  readonly executed: string[];
  readonly attempts: string[];
  readonly authorized: readonly string[];
}

function serve(client: Connection, world: World): void {
  let sessions = 0;
  client.on('error', () => undefined);
  client.on('authentication', context => authenticate(context, world));
  client.on('session', (accept, reject) => {
    if (sessions >= (world.options.maxSessions ?? 10)) {
      reject();
      return;
    }
    sessions += 1;
    const session: Session = accept();
    session.on('close', () => { sessions -= 1; });
    session.on('exec', (acceptExec, _rejectExec, info) => {
      world.executed.push(info.command);
      const channel = acceptExec();
      setTimeout(() => execute(channel, info.command, world), world.options.delayMs ?? 0);
    });
  });
  // Without a listener ssh2 answers as sshd does: administratively prohibited.
  if (world.options.forwarding !== false) client.on('tcpip', (accept, reject, info) => {
    const socket = connect({ host: info.destIP, port: info.destPort, noDelay: true, allowHalfOpen: true });
    socket.once('error', () => reject());
    socket.once('connect', () => {
      const channel = accept();
      channel.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('error', () => channel.destroy()).on('close', () => channel.destroy());
      socket.pipe(channel).pipe(socket);
    });
  });
}

function authenticate(context: AuthContext, world: World): void {
  const { password, keyboardInteractive } = world.options;
  const methods: AuthContext['method'][] = ['publickey'];
  if (password !== undefined) methods.push(keyboardInteractive === true ? 'keyboard-interactive' : 'password');
  world.attempts.push(context.method === 'publickey' ? `publickey ${context.signature === undefined ? 'asked' : 'signed'}` : context.method);
  if (context.method === 'publickey') {
    const { key: offered, signature, blob = '', hashAlgo } = context;
    const known = world.authorized.map(line => parseKey(line)).find(key => key.getPublicSSH().equals(offered.data));
    if (known !== undefined && (signature === undefined || known.verify(blob, signature, hashAlgo))) {
      context.accept();
      return;
    }
  }
  if (context.method === 'password' && keyboardInteractive !== true && password !== undefined && context.password === password) {
    context.accept();
    return;
  }
  if (context.method === 'keyboard-interactive' && keyboardInteractive === true) {
    context.prompt([{ prompt: 'Password: ', echo: false }], answers => {
      if (answers[0] === password) context.accept();
      else context.reject(methods);
    });
    return;
  }
  context.reject(methods);
}

/** Kills what a test left running. */
function endSession(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
