/** How a member of etcd is reached, and with which certificates. */
import { isIP } from 'node:net';
import type { Secret } from '../../core/secret';
import type { Target } from '../../core/transport/connection';

/** Where one member listens for clients. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What every call to etcd takes. */
export interface EtcdAccess {
  /** The member that is asked. */
  readonly endpoint: Endpoint;
  /** Absolute paths on the task's host. The key is read into memory, never printed or written. */
  readonly tls: {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  };
  /** Name or address that the member's certificate must be valid for. Default: the endpoint's address. */
  readonly serverName?: string;
  /**
   * `ssh` (default): through the host's SSH connection, or, where sshd forwards nothing, by the host's own etcdctl, which is said.
   * `controller`: straight from here. `etcdctl`: always by the host's own.
   */
  readonly via?: 'ssh' | 'controller' | 'etcdctl';
}

/** The contents of `tls`, opened once for several members. */
export interface Credentials {
  readonly ca: Buffer;
  readonly cert: string;
  readonly key: Secret;
}

/** Reads the certificates and the key from the host. @throws CommandError */
export async function readCredentials(on: Target, { tls }: EtcdAccess): Promise<Credentials> {
  const [ca, cert, key] = await Promise.all([on.read(tls.ca), on.read(tls.cert), on.readSecret(tls.key)]);
  return { ca, cert: cert.toString('latin1'), key };
}

/** `127.0.0.1:2379`, `[fd00::1]:2379` */
export function endpointText({ address, port }: Endpoint): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The endpoint of a member's URL, `https://10.0.0.1:2379`. */
export function endpointOfUrl(url: string): Endpoint {
  const { hostname, port } = new URL(url);
  return { address: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** What types cannot say about an access, each a sentence. */
export function accessProblems({ endpoint, tls, via, serverName }: EtcdAccess): string[] {
  const { port } = endpoint;
  return [
    ...[tls.ca, tls.cert, tls.key].filter(path => !path.startsWith('/')).map(path => `"${path}" is no absolute path`),
    ...(via === 'etcdctl' && serverName !== undefined ? ['etcdctl knows no `serverName`: it checks the certificate against the address'] : []),
    ...(Number.isInteger(port) && port > 0 && port < 65_536 ? [] : [`${port} is no port`]),
  ];
}
