/** A real OpenSSH server on a free loopback port, for what an imitation cannot prove. Needs root. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, HostConnection } from '../../core/inventory/host';
import { newHostKey, publicLine } from './ssh-keys';
import { hostOf } from './ssh-server';

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly dir: string;
  readonly knownHostsFile: string;
  /** The host, logged in to as root with the server's own key. */
  host(name?: string, changes?: Partial<HostConnection>): Host;
  /** Kills the processes that serve connections, not the listener: a link dropped from the far side. */
  cut(): void;
}

/** Is there an sshd, and may we start it? */
export function canSshd(): boolean {
  return process.getuid?.() === 0 && spawnSync('/usr/sbin/sshd', ['-?']).error === undefined;
}

/** @param settings further lines of sshd_config */
export async function startSshd(...settings: string[]): Promise<Sshd> {
  const dir = mkdtempSync(join(tmpdir(), 'runsheet-sshd-'));
  const hostKey = newHostKey('ed25519');
  const clientKey = newHostKey('ed25519');
  const port = await freePort();
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const privateKeyFile = write('id', clientKey);
  const knownHostsFile = write('known_hosts', `[127.0.0.1]:${port} ${publicLine(hostKey)}\n`);
  const config = write('sshd_config', [
    `ListenAddress 127.0.0.1:${port}`, `HostKey ${write('host_key', hostKey)}`, `AuthorizedKeysFile ${write('authorized_keys', `${publicLine(clientKey)}\n`)}`,
    // A bash that thinks it is nested reads no ~/.bashrc: the developer's may be slow.
    'SetEnv SHLVL=2', 'PermitRootLogin yes', 'StrictModes no', 'UsePAM no', 'PidFile none', 'PasswordAuthentication no', ...settings, '',
  ].join('\n'));
  // sshd's privilege separation wants it, and a machine that boots no sshd does not have it.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-f', config], { stdio: 'ignore' });
  while (!await answers(port)) await new Promise(resolve => setTimeout(resolve, 20));
  return {
    port, dir, knownHostsFile,
    host: (name = 'web1', changes = {}) => hostOf(name, {
      type: 'ssh', address: '127.0.0.1', port, user: 'root', privateKeyFile, knownHosts: [knownHostsFile], ...changes,
    }),
    cut: () => childrenOf(sshd.pid).forEach(kill),
    [Symbol.asyncDispose]: async () => {
      childrenOf(sshd.pid).forEach(kill);
      sshd.kill('SIGKILL');
      await new Promise(resolve => sshd.once('exit', resolve));
      rmSync(dir, { recursive: true });
    },
  };
}


function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(child => {
    try {
      return Number(readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === pid;
    } catch {
      return false;
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => done(true)).once('error', () => done(false)).once('close', () => done(false));
  });
}
