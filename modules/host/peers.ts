/** Who is connected to a port of this host. @see ss(8) */
import { probe, query } from '../../core/module';
import { cmd } from '../../core/transport/command';

export interface PeersParams {
  /** Local TCP ports. */
  readonly ports: readonly number[];
}

export interface Peer {
  /** The local port. */
  readonly port: number;
  /** The other side's address, IPv6 without brackets, IPv4 never as ::ffff:. */
  readonly address: string;
}

/** Established TCP connections to these local ports, each peer address once a port. */
export const peers = query<PeersParams, readonly Peer[]>({
  name: 'host.peers',
  subject: ({ ports }) => `connections to ports ${ports.join(', ')}`,
  inspect: ({ ports }) => probe(cmd`ss -Htn state established`, result => parsePeers(result.stdout, ports)),
});

/** Parses `ss -Htn state established`: Recv-Q Send-Q Local:Port Peer:Port. */
export function parsePeers(stdout: string, ports: readonly number[]): Peer[] {
  const seen = new Map<string, Peer>();
  for (const line of stdout.split('\n')) {
    const [, , local = '', remote = ''] = line.trim().split(/\s+/);
    const port = Number(/:(\d+)$/.exec(local)?.[1]);
    const address = remote.replace(/:\d+$/, '').replace(/^\[|\]$/g, '').replace(/^::ffff:/, '').replace(/%.*$/, '');
    if (ports.includes(port) && address !== '') seen.set(`${port} ${address}`, { port, address });
  }
  return [...seen.values()];
}
