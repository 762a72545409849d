/** A service that only its host can reach, behind a local Unix socket: for clients that want an address rather than a stream. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Connection } from './connection';

const PREFIX = 'runsheet-forward-';

/** A forwarding that stands until it is closed. */
export interface SocketForward extends AsyncDisposable {
  /** Path of the Unix socket, in a directory that only this user may enter. */
  readonly path: string;
  /** Ends its connections and removes the socket; never throws. */
  close(): Promise<void>;
}

/**
 * Opens a local socket whose connections reach `address:port` as the connection's host does.
 * One connection is tried at once, so that a refusal shows here and not as a client's broken pipe.
 * @throws ConnectionError when the host does not forward, or nothing listens there.
 */
export async function forwardToSocket(connection: Pick<Connection, 'forward'>, address: string, port: number): Promise<SocketForward> {
  (await connection.forward(address, port)).destroy();
  removeLeftovers();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const path = join(directory, 's');
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, client => {
    clients.add(client);
    client.on('close', () => clients.delete(client)).on('error', () => client.destroy());
    connection.forward(address, port).then(remote => couple(client, remote), () => client.destroy());
  });
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    remove();
    throw error;
  }
  const close = async (): Promise<void> => {
    for (const client of clients) client.destroy();
    await new Promise<void>(resolve => { server.close(() => resolve()); });
    remove();
  };
  return { path, close, [Symbol.asyncDispose]: close };
}

/** Also what cannot be told is alive: a process of another user, a name without a number. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Copies both ways; when one side goes, the other goes with it. */
function couple(client: Socket, remote: Duplex): void {
  remote.on('error', () => client.destroy()).on('close', () => client.destroy());
  client.on('close', () => remote.destroy());
  client.pipe(remote).pipe(client);
}

/** Removes the directories of runs that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : process.pid;
    if (isAlive(pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}
