/** Opens a verified SSH connection to a host. */
import { connect as openSocket, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import type { Client, ConnectConfig } from 'ssh2';
import { ConnectionError, InterruptedError } from '../errors';
import type { Host } from '../inventory/host';
import { credentials, type Credentials } from './auth';
import { Gate } from './gate';
import { hostKeyJudge, type HostKeyPolicy } from './host-key';
import { SshWire } from './ssh';
import type { Limits } from './limits';

export interface ConnectOptions {
  readonly hostKey: HostKeyPolicy;
  readonly user?: string;
  readonly privateKey?: string;
  readonly connectTimeoutMs: number;
  readonly limits: Limits;
  readonly notice: (host: Host, text: string) => void;
}

/** Handshakes at a time with one address: sshd drops logins beyond MaxStartups (10). */
const RAMP = 8;
/** How often a handshake that sshd dropped is tried again. */
const RETRIES = 6;

/** Tried before any other type, in this order; the types that are known for a host go first. */
const KEY_ALGORITHMS = [
  'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa',
] as const;

/** sshd closed the connection before the handshake was over. */
class HandshakeLost extends Error {}

/** Connects to hosts, a limited number at a time per address. */
export class Connector {
  readonly #ramps = new Map<string, Gate>();

  constructor(private readonly options: ConnectOptions) {}

  /** Opens a host's wire. @throws ConnectionError with what to do; InterruptedError when the signal aborts. */
  async open(host: Host, signal: AbortSignal): Promise<SshWire> {
    const { Client: NewClient, utils } = (await import('ssh2')).default;
    const user = host.connection.user ?? this.options.user ?? userInfo().username;
    const agent = process.env['SSH_AUTH_SOCK'];
    const login = credentials({
      host, user,
      parseKey: text => utils.parseKey(text),
      ...(this.options.privateKey === undefined ? {} : { privateKey: this.options.privateKey }),
      ...(agent === undefined || agent === '' ? {} : { agent }),
    });
    const { address, port } = host.connection;
    const ramp = this.#ramp(`${address}:${port}`);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ramp.within(() => this.#handshake(host, { user, login, signal, client: new NewClient() }));
      } catch (error) {
        if (!(error instanceof HandshakeLost)) throw error;
        if (attempt === RETRIES) {
          throw new ConnectionError(
            host.name, `${address} port ${port} closes the connection before the SSH handshake (${RETRIES + 1} times): ${error.message}`,
            'Is it an SSH server? Its MaxStartups or PerSourcePenalties may hold us off; see its log.',
          );
        }
        await pause(100 * 2 ** attempt * (0.5 + Math.random()), signal);
      }
    }
  }

  #ramp(key: string): Gate {
    const ramp = this.#ramps.get(key) ?? new Gate(RAMP);
    this.#ramps.set(key, ramp);
    return ramp;
  }

  async #handshake(host: Host, { user, login, signal, client }: Handshake): Promise<SshWire> {
    if (signal.aborted) throw new InterruptedError();
    const judge = hostKeyJudge(host, this.options.hostKey);
    const socket = await this.#socket(host, signal);
    let verified = false;
    let refusal: ConnectionError | undefined;
    const verify = (key: Buffer): boolean => {
      const verdict = judge.judge(key);
      refusal = verdict.refusal;
      if (verdict.learnt !== undefined) this.options.notice(host, verdict.learnt);
      verified = verdict.refusal === undefined;
      return verified;
    };
    const config: ConnectConfig & Required<Pick<ConnectConfig, 'hostVerifier'>> = {
      sock: socket,
      username: user,
      hostVerifier: verify,
      algorithms: { serverHostKey: algorithmsFor(judge.knownTypes) },
      authHandler: [...login.methods],
      readyTimeout: this.options.connectTimeoutMs,
      keepaliveInterval: this.options.limits.keepaliveMs,
      keepaliveCountMax: 3,
    };
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => { client.destroy(); reject(new InterruptedError()); };
      signal.addEventListener('abort', abort, { once: true });
      client.once('ready', resolve);
      client.on('error', (error: Error & { level?: string }) => reject(refusal ?? this.#explain(host, { user, login, error, verified })));
      client.once('close', () => reject(refusal ?? new HandshakeLost('no reason given')));
      client.once('ready', () => signal.removeEventListener('abort', abort));
      client.connect(config);
    }).catch((error: unknown) => {
      client.destroy();
      socket.destroy();
      throw error;
    });
    // Fail closed, should the library ever skip the verifier.
    if (!isTrue(verified)) {
      client.destroy();
      throw new ConnectionError(host.name, 'its key was not verified');
    }
    return new SshWire(user, host, client);
  }

  /** A socket with TCP_NODELAY from the start: ssh2 never sets it, and each round trip would wait for a delayed ACK. */
  #socket(host: Host, signal: AbortSignal): Promise<Socket> {
    const { address, port } = host.connection;
    const { connectTimeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const socket = openSocket({ host: address, port, noDelay: true, keepAlive: true });
      const give = (error: Error): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => give(new ConnectionError(
        host.name, `${address} port ${port} does not answer within ${Math.round(connectTimeoutMs / 1000)} s`, 'Is the host up, and does a firewall drop the connection?',
      )), connectTimeoutMs);
      const abort = (): void => give(new InterruptedError());
      signal.addEventListener('abort', abort, { once: true });
      socket.once('error', error => give(unreachable(host, error)));
      socket.once('connect', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        socket.removeAllListeners('error');
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });
  }

  #explain(host: Host, { user, login, error, verified }: FailedLogin): Error {
    const { address, port } = host.connection;
    if (error.level === 'client-authentication') {
      const hint = [...login.passedOver, `Check that ${user} may log in there with one of them (authorized_keys).`].join('\n');
      return new ConnectionError(host.name, `${address} port ${port} refuses the login of ${user}; tried: ${login.tried.join(', ')}`, hint, { cause: error });
    }
    if (error.level === 'client-timeout') {
      return new ConnectionError(
        host.name, `the SSH handshake with ${address} port ${port} took longer than ${Math.round(this.options.connectTimeoutMs / 1000)} s`,
        'The host is overloaded, or what listens there is no SSH server.', { cause: error },
      );
    }
    if (/too many authentication failures/i.test(error.message)) {
      return new ConnectionError(host.name, `sshd gave up after too many keys; tried: ${login.tried.join(', ')}`, 'The agent holds many keys: name the right one with --private-key.', { cause: error });
    }
    if (!verified) return new HandshakeLost(error.message);
    return new ConnectionError(host.name, `the SSH handshake with ${address} port ${port} failed: ${error.message}`, undefined, { cause: error });
  }
}

interface Handshake {
  readonly user: string;
  readonly login: Credentials;
  readonly signal: AbortSignal;
  readonly client: Client;
}

interface FailedLogin {
  readonly user: string;
  readonly login: Credentials;
  readonly error: Error & { level?: string };
  readonly verified: boolean;
}

function algorithmsFor(knownTypes: readonly string[]): (typeof KEY_ALGORITHMS)[number][] {
  const types = new Set(knownTypes.flatMap(type => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type])));
  const isKnown = (algorithm: string): boolean => types.has(algorithm);
  return [...KEY_ALGORITHMS.filter(isKnown), ...KEY_ALGORITHMS.filter(algorithm => !isKnown(algorithm))];
}

function unreachable(host: Host, error: Error & { code?: string }): ConnectionError {
  const { address, port } = host.connection;
  const because = (message: string, hint: string): ConnectionError => new ConnectionError(host.name, message, hint, { cause: error });
  switch (error.code) {
    case 'ECONNREFUSED': return because(`${address} port ${port} refuses connections`, 'Does sshd run there, on this port (ansible_port)?');
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return because(`the name ${address} cannot be resolved (${error.code})`, 'Check the name, or give the address in ansible_host.');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH': return because(`there is no way to ${address} (${error.code})`, 'Check address, routes and whether the host is up.');
    case 'ETIMEDOUT': return because(`${address} port ${port} does not answer`, 'Is the host up, and does a firewall drop the connection?');
    default: return because(`${address} port ${port} cannot be reached: ${error.message}`, 'Check address and port.');
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); reject(new InterruptedError()); }, { once: true });
  });
}

/** Keeps the compiler from concluding what a callback did not do. */
function isTrue(value: boolean): boolean {
  return value;
}
