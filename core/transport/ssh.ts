/** The ssh transport's wire: one SSH connection, verified, kept alive, without Nagle's delay. */
import type { Client, ClientChannel } from 'ssh2';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import { channelOf, type Channel, type Exit, type Wire } from './wire';

/** A wire over a connected and verified client. */
export class SshWire implements Wire {
  failure: ConnectionError | undefined;
  readonly #ended: Promise<void>;
  /** Ends the waiting for channels that are being opened. */
  readonly #opening = new Set<() => void>();

  constructor(readonly user: string, private readonly host: Host, private readonly client: Client, private readonly socket: Socket) {
    this.#ended = new Promise(resolve => {
      let reason = '';
      client.on('error', (error: Error) => { reason = `: ${error.message}`; });
      client.on('close', () => {
        this.fail(new ConnectionError(host.name, `the link dropped${reason}`, 'What was running there has been killed; run again, which inspects the state.'));
        resolve();
        for (const giveUp of this.#opening) giveUp();
      });
    });
  }

  exec(line: string): Promise<Channel> {
    return this.#open('a session', done => this.client.exec(line, (error, channel) => done(error, () => watched(channel))));
  }

  forward(address: string, port: number): Promise<Duplex> {
    return this.#open<Duplex>(`${address} port ${port}`, done => this.client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => done(error, () => channel)));
  }

  fail(reason: ConnectionError): void {
    this.failure ??= reason;
  }

  async close(): Promise<void> {
    this.fail(new ConnectionError(this.host.name, 'the link is closed'));
    this.client.end();
    // Once the farewell is sent: to wait for the other side's costs a round trip and tells nothing.
    this.socket.destroySoon();
    const timer = setTimeout(() => this.client.destroy(), 1_000);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Opens a channel; sshd frees its slots late, so a refused session is asked for again. */
  async #open<C>(what: string, ask: (done: (error: Error | undefined, opened: () => C) => void) => void): Promise<C> {
    const deadline = performance.now() + 10_000;
    for (let delay = 25; ; delay = Math.min(delay * 2, 1_000)) {
      this.#check();
      try {
        return await this.#unlessLost(ask);
      } catch (error) {
        this.#check();
        const message = error instanceof Error ? error.message : String(error);
        const again = what === 'a session' && /channel open failure/i.test(message) && performance.now() + delay < deadline;
        if (!again) throw this.#refused(what, message, error);
        await new Promise(resolve => setTimeout(resolve, delay));
      }
    }
  }

  /** Not a race with a promise of the link's end: that would keep every channel, and what was sent over it, until the link ends. */
  #unlessLost<C>(ask: (done: (error: Error | undefined, opened: () => C) => void) => void): Promise<C> {
    return new Promise<C>((resolve, reject) => {
      const giveUp = (): void => reject(this.failure ?? new ConnectionError(this.host.name, 'the link dropped'));
      this.#opening.add(giveUp);
      ask((error, opened) => {
        this.#opening.delete(giveUp);
        if (error === undefined) resolve(opened());
        else reject(error);
      });
    });
  }

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  #refused(what: string, message: string, cause: unknown): ConnectionError {
    if (what === 'a session') {
      return new ConnectionError(this.host.name, `sshd opens no further session: ${message}`, 'Runsheet needs up to 10 sessions on a connection: raise MaxSessions in sshd_config.', { cause });
    }
    if (isProhibited(cause)) {
      return new ConnectionError(
        this.host.name, `sshd forwards no connection to ${what}: ${message}`,
        'AllowTcpForwarding (or PermitOpen, or a "restrict" in authorized_keys) is off there: allow it, or use the host\'s own client.', { cause },
      );
    }
    return new ConnectionError(this.host.name, `${what}, as the host reaches it, does not answer: ${message}`, undefined, { cause });
  }
}

/**
 * An SSH channel as ours. To be called while ssh2 tells of the channel: the end of a short command stands in the same packet, and who listens only
 * after a promise has missed it.
 */
function watched(channel: ClientChannel): Channel {
  const once = (from: EventEmitter, event: string): Promise<void> => new Promise(resolve => { from.once(event, () => resolve()); });
  const exit = new Promise<Exit>(resolve => {
    channel.once('exit', (code: number | null, signal?: string) => resolve(code === null ? { signal: signal ?? 'KILL' } : { code }));
    channel.once('close', () => resolve({}));
  });
  // `close` waits for the end of standard output, not for that of standard error.
  const closed = Promise.all([once(channel, 'close'), once(channel.stderr, 'end')]).then(() => undefined);
  return channelOf({ input: channel, stdout: channel, stderr: channel.stderr, exit, closed, destroy: () => channel.close() });
}

/** Reason 1 of RFC 4254, section 5.1; a service that does not answer has reason 2. */
function isProhibited(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 1;
}
