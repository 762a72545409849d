/** What the ssh and local transports have in common: a wire starts command lines, each on a channel of its own. */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { ConnectionError } from '../errors';

/** How a command line ended: one of the two, or neither when the other side did not say. */
export interface Exit {
  readonly code?: number;
  readonly signal?: string;
}

/** Where a channel's output goes. */
export interface Sink {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
}

/** One running command line. */
export interface Channel {
  readonly input: Writable;
  /** Resolves when the command line ended, at the latest when the channel closed. */
  readonly exit: Promise<Exit>;
  /** Resolves when all output has been delivered and nothing more can come. */
  readonly closed: Promise<void>;
  /** Sends the output to a sink from now on; until the first call nothing is read. */
  listen(sink: Sink): void;
  pause(): void;
  resume(): void;
  /** Lets go of the channel; what runs there is the guard's business. */
  destroy(): void;
}

/** One host's wire. */
export interface Wire {
  /** The login user. */
  readonly user: string;
  /** Why the wire is down; `undefined` while it is up. */
  readonly failure: ConnectionError | undefined;
  /** Starts a command line in the user's login shell. @throws ConnectionError */
  exec(line: string): Promise<Channel>;
  /** A stream to an address as the host reaches it. @throws ConnectionError */
  forward(address: string, port: number): Promise<Duplex>;
  /** Makes the wire unusable, for the reason given. */
  fail(reason: ConnectionError): void;
  /** Closes it; never throws. */
  close(): Promise<void>;
}

/** The three streams of a channel and how its end is learnt. */
export interface ChannelParts {
  readonly input: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<Exit>;
  readonly closed: Promise<void>;
  readonly destroy: () => void;
}

/** A channel over streams. Errors of a stream end as `closed`: the wire knows the reason. */
export function channelOf({ input, stdout, stderr, exit, closed, destroy }: ChannelParts): Channel {
  let sink: Sink | undefined;
  for (const stream of [input, stdout, stderr]) stream.on('error', () => undefined);
  const listen = (next: Sink): void => {
    if (sink === undefined) {
      stdout.on('data', (chunk: Buffer) => sink?.stdout(chunk));
      stderr.on('data', (chunk: Buffer) => sink?.stderr(chunk));
    }
    sink = next;
  };
  return { input, exit, closed, listen, destroy, pause: () => stdout.pause(), resume: () => stdout.resume() };
}
