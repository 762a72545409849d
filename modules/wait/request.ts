/** One HTTP request over a stream that is there already. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { within } from '../../core/duration';
import { messageOf } from '../../core/errors';
import type { Secret } from '../../core/secret';

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** As text, at most 64 KB of it. */
  readonly body: string;
}

export interface RequestOptions {
  readonly url: URL;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: Secret | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A server that accepts and says nothing is no answer after this time, in milliseconds. */
const TIME_LIMIT = 10_000;
const MAX_BODY = 64 * 1024;

/** Sends a GET; the answer, or why there is none. The stream is closed in any case. */
export async function request(stream: Duplex, options: RequestOptions): Promise<HttpAnswer | string> {
  // Late errors of a stream that is given up would end the process.
  stream.on('error', () => undefined);
  let limited: AbortSignal | undefined;
  try {
    return await within(TIME_LIMIT, options.signal, async signal => {
      limited = signal;
      const socket = options.url.protocol === 'https:' ? await secured(stream, options, signal) : stream;
      return await answerOf(socket, options, signal);
    });
  } catch (error) {
    options.signal.throwIfAborted();
    return limited?.aborted === true ? `no answer within ${TIME_LIMIT / 1000} s` : messageOf(error);
  } finally {
    stream.destroy();
  }
}

async function secured(stream: Duplex, { url, ca, cert, key }: RequestOptions, signal: AbortSignal): Promise<TLSSocket> {
  const host = hostOf(url);
  const socket = tlsConnect({
    socket: stream, host, rejectUnauthorized: true, ALPNProtocols: ['http/1.1'],
    // A server name is a name; an address is verified all the same, by `host`.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key: key.reveal() }),
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect', { signal });
  return socket;
}

async function answerOf(socket: Duplex, { url, headers }: RequestOptions, signal: AbortSignal): Promise<HttpAnswer> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest({
      createConnection: () => socket, method: 'GET', path: url.pathname + url.search, signal,
      headers: { host: url.host, connection: 'close', ...headers },
    });
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.end();
  });
  return { status: message.statusCode ?? 0, body: await bodyOf(message) };
}

function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const finish = (): void => resolve(Buffer.concat(chunks).subarray(0, MAX_BODY).toString());
    message.on('error', reject);
    message.once('end', finish);
    message.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_BODY) finish();
    });
  });
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
