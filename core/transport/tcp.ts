/** The TCP connection under an SSH connection. */
import { connect, type Socket } from 'node:net';
import { ConnectionError, InterruptedError } from '../errors';
import type { Host } from '../inventory/host';
import { onAbort } from './abort';

/**
 * Connects to a host, with TCP_NODELAY from the start: ssh2 never sets it, and each round trip would wait for a delayed ACK.
 * @param timeoutMs for the connection, in milliseconds
 * @throws ConnectionError with what to do; InterruptedError when the signal aborts.
 */
export function openTcp(host: Host, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  const { address, port } = host.connection;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true, keepAlive: true });
    const settle = (): void => {
      clearTimeout(timer);
      stopListening();
      // From here on nobody waits for its error; ssh2 hears the close.
      socket.removeAllListeners('error').on('error', () => undefined);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const stopListening = onAbort(signal, () => fail(new InterruptedError()));
    const timer = setTimeout(() => fail(silent(host, timeoutMs)), timeoutMs);
    socket.once('error', error => fail(unreachable(host, error)));
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function silent(host: Host, timeoutMs: number): ConnectionError {
  const { address, port } = host.connection;
  return new ConnectionError(
    host.name, `${address} port ${port} does not answer within ${Math.ceil(timeoutMs / 1000)} s`, 'Is the host up, and does a firewall drop the connection?',
  );
}

function unreachable(host: Host, error: Error & { code?: string }): ConnectionError {
  const { address, port } = host.connection;
  const because = (message: string, hint: string): ConnectionError => new ConnectionError(host.name, message, hint, { cause: error });
  switch (error.code) {
    case 'ECONNREFUSED': return because(`${address} port ${port} refuses connections`, 'Does sshd run there, on this port (ansible_port)?');
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return because(`the name ${address} cannot be resolved (${error.code})`, 'Check the name, or give the address in ansible_host.');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH': return because(`there is no way to ${address} (${error.code})`, 'Check address, routes and whether the host is up.');
    case 'ETIMEDOUT': return because(`${address} port ${port} does not answer`, 'Is the host up, and does a firewall drop the connection?');
    default: return because(`${address} port ${port} cannot be reached: ${error.message}`, 'Check address and port.');
  }
}
