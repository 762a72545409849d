/** Opens a verified SSH connection to a host. */
import { userInfo } from 'node:os';
import type { Socket } from 'node:net';
import type { Client, ConnectConfig, ParsedKey } from 'ssh2';
import { ConnectionError, InterruptedError } from '../errors';
import type { Host } from '../inventory/host';
import { onAbort } from './abort';
import { algorithmsFor } from './algorithms';
import { credentials, type Credentials } from './auth';
import { Gate } from './gate';
import { hostKeyJudge, type HostKeyJudge, type HostKeyPolicy } from './host-key';
import { KnownHostsReader } from './known-hosts';
import type { Limits } from './limits';
import { signAtOnce } from './sign-at-once';
import { SshWire } from './ssh';
import { openTcp } from './tcp';
import type { Watch } from './watch';

/** What holds for all connections of a run, see TransportOptions. */
export interface ConnectOptions {
  readonly hostKey: HostKeyPolicy;
  readonly user?: string;
  readonly privateKey?: string;
  readonly connectTimeoutMs: number;
  readonly limits: Limits;
  readonly notice: (host: Host, text: string) => void;
  readonly watch?: Watch;
}

/** Handshakes at a time with one address: sshd drops logins beyond MaxStartups (10). */
const RAMP = 8;
/** How often a handshake that sshd dropped is tried again. */
const RETRIES = 6;

/** sshd closed the connection before it showed its key. */
class HandshakeLost extends Error {}

interface Login {
  readonly host: Host;
  readonly user: string;
  readonly with: Credentials;
  readonly signal: AbortSignal;
  readonly client: Client;
}

/** Connects to hosts, a limited number at a time per address. */
export class Connector {
  readonly #options: ConnectOptions;
  readonly #ramps = new Map<string, Gate>();
  readonly #knownHosts = new KnownHostsReader();
  /** Keys by their text: most hosts have the same. */
  readonly #keys = new Map<string, ParsedKey | Error>();

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /** Opens a host's wire. @throws ConnectionError with what to do; InterruptedError when the signal aborts. */
  async open(host: Host, signal: AbortSignal): Promise<SshWire> {
    this.#options.watch?.begun();
    const ramp = this.#ramp(`${host.connection.address}:${host.connection.port}`);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ramp.within(() => this.#connect(host, signal));
      } catch (error) {
        if (!(error instanceof HandshakeLost)) throw error;
        if (attempt === RETRIES) throw keptOut(host, error);
        await pause(100 * 2 ** attempt * (0.5 + Math.random()), signal);
      }
    }
  }

  #ramp(key: string): Gate {
    const ramp = this.#ramps.get(key) ?? new Gate(RAMP);
    this.#ramps.set(key, ramp);
    return ramp;
  }

  async #connect(host: Host, signal: AbortSignal): Promise<SshWire> {
    // Whoever cannot tell the host's key does not even knock.
    const judge = hostKeyJudge(host, this.#options.hostKey, this.#knownHosts);
    const opening = openTcp(host, this.#options.connectTimeoutMs, signal);
    opening.catch(() => undefined);
    try {
      // While the connections of this turn are under way ssh2 is loaded and the key is read.
      await new Promise(resolve => setImmediate(resolve));
      const login = this.#login(host, signal);
      return await this.#logIn(login, judge, await opening);
    } catch (error) {
      opening.then(socket => socket.destroy(), () => undefined);
      throw error;
    }
  }

  #login(host: Host, signal: AbortSignal): Login {
    const { Client: NewClient, utils } = require('ssh2') as typeof import('ssh2');
    const { user: otherUser = userInfo().username, privateKey } = this.#options;
    const user = host.connection.user ?? otherUser;
    const agent = process.env['SSH_AUTH_SOCK'];
    const parseKey = (text: string): ParsedKey | Error => {
      const key = this.#keys.get(text) ?? utils.parseKey(text);
      this.#keys.set(text, key);
      return key;
    };
    const found = credentials({
      host, user, parseKey,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(agent === undefined || agent === '' ? {} : { agent }),
    });
    return { host, user, with: found, signal, client: new NewClient() };
  }

  async #logIn(login: Login, judge: HostKeyJudge, socket: Socket): Promise<SshWire> {
    const { host, user, client } = login;
    const seen: { verified: boolean; refusal?: ConnectionError } = { verified: false };
    const verify = (key: Buffer): boolean => {
      const { refusal, learnt } = judge.judge(key);
      if (refusal !== undefined) seen.refusal = refusal;
      if (learnt !== undefined) this.#options.notice(host, learnt);
      seen.verified = refusal === undefined;
      return seen.verified;
    };
    const { watch } = this.#options;
    if (watch !== undefined) socket.once('close', () => watch.closed(socket.bytesRead, socket.bytesWritten));
    try {
      await handshake(login, this.#config(login, { socket, verify, knownTypes: judge.knownTypes }));
    } catch (error) {
      client.destroy();
      throw error instanceof InterruptedError ? error : seen.refusal ?? this.#explain(login, error, seen.verified);
    }
    if (seen.verified) {
      watch?.connected();
      return new SshWire(user, host, client, socket);
    }
    // Fail closed, should the library ever skip the verifier.
    client.destroy();
    throw new ConnectionError(host.name, 'its key was not verified');
  }

  #config(login: Login, { socket, verify, knownTypes }: Underlying): Verified {
    const { connectTimeoutMs, limits } = this.#options;
    return {
      sock: socket,
      username: login.user,
      hostVerifier: verify,
      algorithms: { serverHostKey: algorithmsFor(knownTypes) },
      authHandler: [...login.with.methods],
      readyTimeout: connectTimeoutMs,
      keepaliveInterval: limits.keepaliveMs,
      keepaliveCountMax: 3,
    };
  }

  #explain({ host, user, with: { tried, passedOver } }: Login, cause: unknown, verified: boolean): Error {
    const { address, port } = host.connection;
    const message = cause instanceof Error ? cause.message : String(cause);
    const level = cause instanceof Error && 'level' in cause ? cause.level : undefined;
    const because = (text: string, hint?: string): ConnectionError => new ConnectionError(host.name, text, hint, { cause });
    if (level === 'client-timeout') {
      return because(
        `the SSH handshake with ${address} port ${port} took longer than ${Math.ceil(this.#options.connectTimeoutMs / 1000)} s`,
        'The host is overloaded, or what listens there is no SSH server.',
      );
    }
    if (!verified) return new HandshakeLost(message);
    if (/too many authentication failures/i.test(message)) {
      return because(`sshd gave up after too many keys; tried: ${tried.join(', ')}`, 'The agent holds many keys: name the right one with --private-key.');
    }
    if (level === 'client-authentication') {
      const advice = `Check that ${user} may log in there with one of them (authorized_keys).`;
      return because(`${address} port ${port} refuses the login of ${user}; tried: ${tried.join(', ')}`, [...passedOver, advice].join('\n'));
    }
    return because(`the SSH handshake with ${address} port ${port} failed: ${message}`);
  }
}

interface Underlying {
  readonly socket: Socket;
  readonly verify: (key: Buffer) => boolean;
  readonly knownTypes: readonly string[];
}

/** ssh2 takes any host key when it is given no verifier: here one is not optional. */
type Verified = ConnectConfig & Required<Pick<ConnectConfig, 'hostVerifier'>>;

/** Handshake and login. @throws whatever ended them */
async function handshake({ client, signal }: Login, config: Verified): Promise<void> {
  let stopListening: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stopListening = onAbort(signal, () => reject(new InterruptedError()));
      client.once('ready', resolve);
      client.on('error', reject);
      client.once('close', () => reject(new Error('the connection was closed')));
      client.connect(config);
      signAtOnce(client);
    });
  } finally {
    stopListening();
  }
}

function keptOut(host: Host, error: Error): ConnectionError {
  const { address, port } = host.connection;
  return new ConnectionError(
    host.name, `${address} port ${port} closes the connection before the SSH handshake (${RETRIES + 1} times): ${error.message}`,
    'Is it an SSH server? Its MaxStartups or PerSourcePenalties may hold us off; see its log.',
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening();
      resolve();
    }, ms);
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer);
      reject(new InterruptedError());
    });
  });
}
