/**
 * A Unix socket on the controller behind which lies a trusted TLS connection.
 *
 * gRPC brings its own TLS, and with it OpenSSL's verdict on certificates (modules/pki/verify says why that is not ours). So TLS ends here:
 * gRPC speaks plainly to a socket in a directory that only this user can enter, and each of its connections goes on over a stream of `dial`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';

export interface Bridge {
  /** Path of the socket. */
  readonly path: string;
  /** Why the last connection could not be made or broke, for messages: gRPC itself only says "unavailable". */
  failure(): Error | undefined;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Opens a bridge. The first connection is made at once, so that a server that cannot be reached or trusted is an error here.
 * @throws what `dial` throws
 */
export async function openBridge(dial: () => Promise<Duplex>): Promise<Bridge> {
  const open = new Set<Duplex>();
  let failure: Error | undefined;
  let isClosed = false;
  const connectOuter = async (): Promise<Duplex> => {
    const stream = await dial();
    open.add(stream);
    if (isClosed) stream.destroy();
    stream.on('error', error => { failure = error; });
    return stream;
  };
  let first: Duplex | undefined = await connectOuter();
  const next = async (): Promise<Duplex> => {
    const ready = first;
    first = undefined;
    return ready !== undefined && !ready.destroyed ? ready : await connectOuter();
  };
  const accept = (inner: Socket): void => {
    open.add(inner);
    inner.on('error', () => undefined);
    next().then(outer => join(inner, outer), (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
      inner.destroy();
    });
  };
  const server = createServer(accept);
  const dir = await mkdtemp(resolve(tmpdir(), 'runsheet-etcd-'));
  const path = resolve(dir, 'etcd.sock');
  await new Promise<void>((listening, failed) => server.once('error', failed).listen(path, listening));
  return {
    path,
    failure: () => failure,
    close: async () => {
      isClosed = true;
      for (const stream of open) stream.destroy();
      await new Promise(closed => server.close(closed));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Lets two streams flow into each other until either ends. */
function join(inner: Socket, outer: Duplex): void {
  outer.once('close', () => inner.destroy());
  inner.once('close', () => outer.destroy());
  if (inner.destroyed) outer.destroy();
  inner.pipe(outer).pipe(inner);
}
