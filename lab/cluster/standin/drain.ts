import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a connection that has sent nothing yet is left open, as Go's http.Server.Shutdown does, in milliseconds. */
const freshMs = 5000;
/** How long a stop waits for connections that the kernel has accepted and the server has not, in milliseconds. */
const queueMs = 10_000;

/**
 * Ends a server as Go's does: who had connected is still served, idle connections are closed, and nothing new is taken.
 * Node's own way resets connections that wait in the kernel's queue (it takes one in each turn of its loop) and those
 * whose first request is still on its way.
 * @see https://pkg.go.dev/net/http#Server.Shutdown
 */
export class Drain {
  /** Open connections and how many requests each has under way; undefined before the first. */
  private readonly open = new Map<Socket, number | undefined>();
  private accepted = 0;
  private isStopping = false;

  constructor(private readonly server: Server, private readonly port: number) {
    server.on('connection', () => void (this.accepted += 1));
    server.on('secureConnection', (socket: Socket) => {
      this.open.set(socket, undefined);
      socket.once('close', () => this.open.delete(socket));
    });
    server.on('request', (message: IncomingMessage, response: ServerResponse) => this.count(message.socket, response));
  }

  /** Stops taking connections; resolves when the last one is closed. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.emptyQueue();
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    this.end((requests) => requests === 0);
    const timer = setTimeout(() => this.end((requests) => requests === undefined), freshMs);
    await closed;
    clearTimeout(timer);
  }

  private count(socket: Socket, response: ServerResponse): void {
    if (this.isStopping) response.setHeader('connection', 'close');
    this.open.set(socket, (this.open.get(socket) ?? 0) + 1);
    response.once('close', () => {
      if (!this.open.has(socket)) return;
      const left = (this.open.get(socket) ?? 1) - 1;
      this.open.set(socket, left);
      if (this.isStopping && left === 0) socket.end();
    });
  }

  private end(isMeant: (requests: number | undefined) => boolean): void {
    for (const [socket, requests] of this.open) if (isMeant(requests)) socket.end();
  }

  /** Takes the connections that were waiting when the stop began, and no more. */
  private async emptyQueue(): Promise<void> {
    const wanted = this.accepted + queueLength(this.port);
    const until = Date.now() + queueMs;
    while (this.accepted < wanted && Date.now() < until) await sleep(5);
  }
}

/** Connections to a port of this host that nobody has accepted yet.  @see proc(5), /proc/net/tcp: rx_queue of a listener */
function queueLength(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const queues = lines.map((line) => new RegExp(`^\\s*\\d+: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A [0-9A-F]{8}:([0-9A-F]{8})`).exec(line)?.[1] ?? '0');
  return queues.reduce((sum, queue) => sum + parseInt(queue, 16), 0);
}
