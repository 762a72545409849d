/**
 * Connections that are opened while the playbook's types are still being checked. Nothing is run over them before the check has passed: whoever is wrong
 * has logged in, and that is all.
 */
import type { Host } from '../inventory/host';
import type { HostLink, Transport } from '../transport/connection';
import { transportFor } from './reach';

type Tell = (host: Host, text: string) => void;

/** A transport that may have begun to connect. */
export class EarlyTransport implements Transport {
  readonly #inner: Transport;
  readonly #begun = new Map<Host, Promise<HostLink>>();
  readonly #untold: [Host, string][] = [];
  #tell: Tell = (host, text) => void this.#untold.push([host, text]);

  constructor({ runId, options, password, watch }: Omit<Parameters<typeof transportFor>[0], 'notice'>) {
    this.#inner = transportFor({ runId, options, password, watch, notice: (host, text) => this.#tell(host, text) });
  }

  /** Begins to connect to these hosts. */
  begin(hosts: readonly Host[]): void {
    const { signal } = new AbortController();
    for (const host of hosts) {
      const link = this.#inner.link(host, signal);
      link.catch(() => undefined);
      this.#begun.set(host, link);
    }
  }

  /** Who is told of what the user should know, also of what is known by now. */
  set notice(tell: Tell) {
    this.#tell = tell;
    for (const [host, text] of this.#untold.splice(0)) tell(host, text);
  }

  /** The first to ask gets what was begun, its failure too. */
  async link(host: Host, signal: AbortSignal): Promise<HostLink> {
    const begun = this.#begun.get(host);
    this.#begun.delete(host);
    return await (begun ?? this.#inner.link(host, signal));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
