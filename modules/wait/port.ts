/** TCP ports that open or close. */
import { check, live, probe, type Check, type Finding, type Look } from '../../core/module';
import { cmd } from '../../core/transport/command';
import { forwarded } from './forwarded';
import { patienceOf, patienceProblems, type Patience } from './patience';

export interface PortParams extends Patience {
  /** 1 to 65535. */
  readonly port: number;
  /**
   * Connect to this address from the host, through its SSH connection (needs AllowTcpForwarding). Without it the host's own table of listening
   * sockets is read: something listens on the port, on whatever address, and no connection is made.
   */
  readonly address?: string;
  /** Default `open`. */
  readonly state?: 'open' | 'closed';
}

const waiting = check<PortParams, true>({
  name: 'wait.port',
  subject: nameOf,
  validate: params => [...(Number.isInteger(params.port) && params.port > 0 && params.port < 65_536 ? [] : [`${params.port} is no TCP port`]), ...patienceProblems(params)],
  inspect: params => (params.address === undefined ? listening(params) : connecting(params, params.address)),
  patience: patienceOf,
});

/** Waits until a TCP port is open, or closed. */
export function port(params: PortParams): Check<true> {
  return waiting(params);
}

/** The kernel's tables hold ports in hexadecimal; state 0A is LISTEN, proc(5). IPv6 may be off: then there is no second table. */
function listening(params: PortParams): Look<Finding<true>> {
  const pattern = `:${params.port.toString(16).toUpperCase().padStart(4, '0')} 0+:0000 0A `;
  return probe(
    cmd`[ -r /proc/net/tcp ] || { echo '/proc/net/tcp cannot be read' >&2; exit 2; }
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -cE ${pattern}`,
    ({ code }) => found(params, code === 0, `nothing listens on port ${params.port}`),
    [0, 1],
  );
}

function connecting(params: PortParams, address: string): Look<Finding<true>> {
  return live(async on => {
    const stream = await forwarded(on, address, params.port);
    if (typeof stream === 'string') return found(params, false, stream);
    stream.on('error', () => undefined);
    stream.destroy();
    return found(params, true, '');
  });
}

function found(params: PortParams, isOpen: boolean, whyNot: string): Finding<true> {
  if (params.state === 'closed') return isOpen ? { ok: false, reason: `${nameOf(params)} is still open` } : { ok: true, value: true };
  return isOpen ? { ok: true, value: true } : { ok: false, reason: whyNot };
}

function nameOf({ address, port: number }: PortParams): string {
  return address === undefined ? `port ${number}` : `port ${number} of ${address}`;
}
