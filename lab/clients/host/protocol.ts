/** How a request failed, by how far it came: no TCP connection, no TLS session, cut off after that, too late, or an answer. */
export type ErrorClass = 'connect' | 'tls' | 'reset' | 'timeout' | '4xx' | '5xx';

/** One request of a client, as it stands in the log: one JSON line. */
export interface Sample {
  /** When it was sent, milliseconds since 1970. */
  readonly t: number;
  readonly kind: 'read' | 'write';
  readonly ok: boolean;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** The ConfigMap that was written or read. */
  readonly key?: string;
  readonly error?: ErrorClass;
  readonly text?: string;
}

/** What a client does; the only argument of its script, as JSON. */
export interface ClientConfig {
  /** First part of the keys, unique among all clients of a lab. */
  readonly id: string;
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly namespace: string;
  /** Requests a second, each on a connection of its own. */
  readonly rate: number;
  /** Every which request is a write; 0: none. */
  readonly writeEvery: number;
  /** When a request counts as failed, in milliseconds. */
  readonly timeoutMs: number;
  /** When the client stops by itself, in seconds. */
  readonly seconds: number;
  readonly log: string;
}

/** Reads the configuration from the script's argument. */
export function parseConfig(text: string): ClientConfig {
  return JSON.parse(text) as ClientConfig;
}
