/**
 * A TCP proxy that delays: each byte arrives so many milliseconds after it was sent, in order, and opening a connection costs one round trip.
 * The kernel's netem would do it too, where there is one.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Traffic } from '../types';
import { Turns, type Way } from './turns';

const NOTHING: Traffic = { connections: 0, bytesUp: 0, bytesDown: 0, turns: 0 };

/** Where to listen and whom to call for each connection. */
export interface Route { readonly listen: { readonly host: string; readonly port: number }; readonly target: { readonly host: string; readonly port: number } }

/** Listens for several hosts and counts what passes. */
export class DelayingProxy {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #traffic = NOTHING;

  /** @param delayMs delay each way of the connections that are opened from now on; 0 passes on at once */
  constructor(public delayMs: number) {}

  /** Begins to listen. @returns the port, which the system chooses where the route says 0 */
  async open({ listen, target }: Route): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#carry(client, target));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(listen.port, listen.host, resolve); });
    return portOf(server.address());
  }

  /** What passed since the last call. */
  take(): Traffic {
    const traffic = this.#traffic;
    this.#traffic = NOTHING;
    return traffic;
  }

  /** Ends all connections and listens no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map(server => new Promise(resolve => server.close(resolve))));
  }

  #carry(client: Socket, target: Route['target']): void {
    const turns = new Turns();
    const delayMs = this.delayMs;
    this.#count({ connections: 1 });
    // Over a real link the third packet of TCP's handshake reaches the host one and a half round trips after the first one left, with the client's first words;
    // and the host's first words need half a round trip more.
    const opened = performance.now();
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#keep(server, client);
    this.#keep(client, server);
    pass({ from: client, to: server, delayMs, notBefore: opened + 3 * delayMs, saw: this.#meter('up', turns) });
    pass({ from: server, to: client, delayMs, notBefore: opened + 4 * delayMs, saw: this.#meter('down', turns) });
  }

  /** A connection that breaks on one side is broken on the other. */
  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => other.destroy()).on('close', hadError => { this.#sockets.delete(socket); if (hadError) other.destroy(); });
  }

  #meter(way: Way, turns: Turns): Seen {
    return {
      sent: bytes => {
        const before = turns.count;
        turns.sent(way);
        this.#count({ turns: turns.count - before, [way === 'up' ? 'bytesUp' : 'bytesDown']: bytes });
      },
      arrived: () => turns.arrived(way),
    };
  }

  #count(more: Partial<Traffic>): void {
    const { connections, bytesUp, bytesDown, turns } = this.#traffic;
    this.#traffic = {
      connections: connections + (more.connections ?? 0), bytesUp: bytesUp + (more.bytesUp ?? 0), bytesDown: bytesDown + (more.bytesDown ?? 0), turns: turns + (more.turns ?? 0),
    };
  }
}

interface Seen { readonly sent: (bytes: number) => void; readonly arrived: () => void }
interface Pass { readonly from: Socket; readonly to: Socket; readonly delayMs: number; readonly notBefore: number; readonly saw: Seen }

/** One way of a connection. A pause of the sender when too much is under way is TCP's own affair: the queue is as long as the link. */
function pass({ from, to, delayMs, notBefore, saw }: Pass): void {
  const queue: { readonly at: number; readonly chunk: Buffer | undefined }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    for (let next = queue[0]; next !== undefined && next.at <= performance.now(); next = queue[0]) {
      queue.shift();
      if (next.chunk === undefined) to.end();
      else if (to.write(next.chunk)) saw.arrived();
      else { saw.arrived(); from.pause(); to.once('drain', () => from.resume()); }
    }
    const [first] = queue;
    if (first !== undefined) timer = setTimeout(deliver, first.at - performance.now());
  };
  const take = (chunk: Buffer | undefined): void => {
    queue.push({ at: Math.max(performance.now() + delayMs, notBefore), chunk });
    if (timer === undefined) deliver();
  };
  from.on('data', (chunk: Buffer) => { saw.sent(chunk.length); take(chunk); });
  from.on('end', () => { take(undefined); });
  to.on('close', () => clearTimeout(timer));
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
