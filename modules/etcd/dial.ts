/** A trusted TLS connection to a member, through the host or straight from here. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { within } from '../../core/duration';
import { CheckError, isRunnerError, messageOf } from '../../core/errors';
import type { Target } from '../../core/transport/connection';
import { secureConnect } from '../pki/verify';
import { endpointText, type Credentials, type EtcdAccess } from './access';

/** Milliseconds that a connection or a call may take. */
export const CALL_MS = 5000;

/** Connects. @throws CheckError saying why it cannot be reached or is not trusted; ConnectionError when the host's link is gone */
export async function dial(on: Target, access: EtcdAccess, { ca, cert, key }: Credentials): Promise<Duplex> {
  const { endpoint, serverName = endpoint.address } = access;
  try {
    return await within(CALL_MS, on.signal, async signal => {
      const stream = await inTime(access.via === 'controller' ? connectDirectly(endpoint) : on.forward(endpoint.address, endpoint.port), signal);
      return await secureConnect({ stream, ca, cert, key, name: serverName, protocols: ['h2'], signal });
    });
  } catch (error) {
    // A link that is gone is the host's; anything else is about this service only.
    if (isRunnerError(error) && error.kind === 'connection') throw error;
    const reason = messageOf(error).replace(`${on.host.name}: `, '');
    throw new CheckError(`${on.host.name}: etcd at ${endpointText(endpoint)} cannot be reached: ${reason}`, isRunnerError(error) ? error.hint : undefined);
  }
}

async function connectDirectly({ address, port }: EtcdAccess['endpoint']): Promise<Duplex> {
  const socket = connect({ host: address, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** A host that drops packets would keep us waiting for minutes; a stream that comes too late is closed. */
function inTime(opening: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const late = (): void => {
      reject(new Error(`no connection: ${messageOf(signal.reason)}`));
      opening.then(stream => stream.destroy(), () => undefined);
    };
    signal.addEventListener('abort', late, { once: true });
    opening.then(stream => { signal.removeEventListener('abort', late); resolve(stream); }, reject);
  });
}
