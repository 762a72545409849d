/** The connections of a run. A host that was lost once stays lost: what ran there, and its lock, are gone. */
import { isRunnerError, type ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { HostLink, OpenConnection, Transport } from '../transport/connection';

/** Is this the loss of the link to this very host? */
export function isLossOf(host: Host, error: unknown): error is ConnectionError {
  return isRunnerError(error) && error.kind === 'connection' && 'host' in error && error.host === host.name;
}

/** Opens links and connections and remembers what was lost. */
export class Links {
  readonly #lost = new Map<Host, ConnectionError>();

  constructor(private readonly transport: Transport, private readonly signal: AbortSignal) {}

  /** The open link, or a new one. @throws ConnectionError */
  async open(host: Host): Promise<HostLink> {
    return await this.#noting(host, () => this.transport.link(host, this.signal));
  }

  /** A connection as a user; `undefined` is the login user. @throws ConnectionError */
  async connect(host: Host, user: string | undefined): Promise<OpenConnection> {
    const link = await this.open(host);
    return await this.#noting(host, () => link.as(user));
  }

  /** The link broke: nothing is sent to this host any more. */
  lose(host: Host, error: ConnectionError): void {
    if (!this.#lost.has(host)) this.#lost.set(host, error);
  }

  async #noting<T>(host: Host, open: () => Promise<T>): Promise<T> {
    const lost = this.#lost.get(host);
    if (lost !== undefined) throw lost;
    try {
      return await open();
    } catch (error) {
      if (isLossOf(host, error)) this.lose(host, error);
      throw error;
    }
  }
}
