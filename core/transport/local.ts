/** The controller itself as a host (`ansible_connection=local`): command lines are child processes. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import { channelOf, type Channel, type Exit, type Wire } from './wire';

/** A wire to the machine that the controller runs on. */
export class LocalWire implements Wire {
  readonly user = userInfo().username;
  failure: ConnectionError | undefined;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  exec(line: string): Promise<Channel> {
    // `detached`: a session and process group of its own, as sshd gives to every command.
    const child = spawn('/bin/sh', ['-c', line], { detached: true });
    const { stdin, stdout, stderr } = child;
    const exit = new Promise<Exit>(resolve => {
      child.once('error', () => resolve({}));
      child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
    });
    const closed = new Promise<void>(resolve => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    const destroy = (): void => {
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    };
    return Promise.resolve(channelOf({ input: stdin, stdout, stderr, exit, closed, destroy }));
  }

  async forward(address: string, port: number): Promise<Duplex> {
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', error => {
        reject(new ConnectionError(this.#host.name, `nothing answers on ${address} port ${port}: ${error.message}`, undefined, { cause: error }));
      });
    });
    return socket;
  }

  fail(reason: ConnectionError): void {
    this.failure ??= reason;
  }

  close(): Promise<void> {
    this.fail(new ConnectionError(this.#host.name, 'the link is closed'));
    return Promise.resolve();
  }
}
