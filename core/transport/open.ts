/** Opens the links of one run, by ssh or to the controller itself. */
import { InterruptedError } from '../errors';
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import { Connector } from './connect';
import type { HostLink, Transport } from './connection';
import { Gate } from './gate';
import type { HostKeyPolicy } from './host-key';
import { Link } from './link';
import { LocalWire } from './local';
import { Slots } from './slots';
import { defaultLimits, type Limits } from './limits';
import type { Watch } from './watch';
import type { Wire } from './wire';

/** How the links of a run are opened. */
export interface TransportOptions {
  /** What to do about host keys that are not known. */
  readonly hostKey: HostKeyPolicy;
  /** `-u`: login user of hosts that name none; default: the user who runs the controller. */
  readonly user?: string;
  /** `--private-key`: key file of hosts that name none. */
  readonly privateKey?: string;
  /** The password for sudo on a host; asked for only when sudo wants one. Answered for many hosts, so keep it. */
  readonly becomePassword?: (host: Host) => Promise<Secret | undefined>;
  /** For the TCP connection, and again for the SSH handshake, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Told what the user should know about a host, a key that was learnt for example. */
  readonly notice: (host: Host, text: string) => void;
  /** Id of the run, part of the names of temporary files. */
  readonly runId: string;
  /** The command that starts a POSIX shell on the hosts; default `sh`. */
  readonly shell?: string;
  /** Directory of the hosts' lock file; default /run/lock, where that is missing /var/lock. */
  readonly lockDirectory?: string;
  /** Other limits than the usual ones. */
  readonly limits?: Partial<Limits>;
  /** Told what the connections do, where that is measured. */
  readonly watch?: Watch;
}

/** So many idle links are closed at the same time. */
const FAREWELLS = 200;

/** Makes the transport of one run. Connects to nothing yet. */
export function createTransport(options: TransportOptions): Transport {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const connector = new Connector({ ...options, limits });
  const links = new Map<Host, Promise<Link>>();
  const cancelled = new AbortController();

  const open = async (host: Host, signal: AbortSignal): Promise<Link> => {
    const local = host.connection.type === 'local';
    const wire: Wire = local ? new LocalWire(host) : await connector.open(host, AbortSignal.any([signal, cancelled.signal]));
    return new Link({
      host, wire, limits,
      sh: options.shell ?? 'sh',
      slots: local ? new Slots(Infinity, Infinity) : new Slots(4, 10),
      runId: options.runId,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.lockDirectory === undefined ? {} : { lockDirectory: options.lockDirectory }),
      becomePassword: async () => host.connection.becomePassword ?? options.becomePassword?.(host),
    });
  };

  return {
    link: async (host: Host, signal: AbortSignal): Promise<HostLink> => {
      if (cancelled.signal.aborted) throw new InterruptedError();
      const current = links.get(host);
      // One that is down stays so, for the run's lock went with it.
      const known = await current?.catch(() => undefined);
      if (known !== undefined) return known;
      // Whoever comes first tries again.
      if (links.get(host) === current) links.set(host, open(host, signal));
      return links.get(host) ?? open(host, signal);
    },
    close: async () => {
      cancelled.abort();
      const all = await Promise.allSettled([...links.values()]);
      const open = all.flatMap(link => (link.status === 'fulfilled' ? [link.value] : []));
      // What is at work is killed at once. Of the others, a thousand farewells in one moment would need much memory.
      const gate = new Gate(FAREWELLS);
      await Promise.all(open.map(link => (link.busy ? link.close() : gate.within(() => link.close()))));
    },
  };
}
