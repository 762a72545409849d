import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';

import type { Json, JsonMap } from './objects';
import { at, listOf, mapOf, textOf } from './objects';

/** Where etcd is and what the client shows it. */
export interface EtcdOptions {
  readonly servers: readonly string[];
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A key with its value. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Revision of the last change. */
  readonly revision: string;
}

/** What a range read gave. */
export interface RangeResult {
  readonly revision: string;
  readonly kvs: readonly KeyValue[];
  /** True when the limit left keys out. */
  readonly more: boolean;
}

/** One event of a watch. */
export interface WatchEvent {
  readonly deleted: boolean;
  readonly kv: KeyValue;
  /** The value before the event. */
  readonly previous?: string;
}

/** etcd answered with an error. */
export class EtcdError extends Error {}

/** How long one call may take, in milliseconds: longer than etcd's own limit of about 9 s here. */
const callTimeoutMs = 12_000;
/** How long a new connection may take before the next server is tried, in milliseconds. */
const connectTimeoutMs = 5000;

/**
 * A client of etcd's JSON gateway over mutual TLS: no package is needed on the host. It stays with the first server
 * that answers and goes on to the next when a connection fails. Client certificates are read at every new connection,
 * as the real apiserver does.
 * @see https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
export class Etcd {
  private readonly agent: Agent;
  private current = 0;

  constructor(private readonly options: EtcdOptions) {
    this.agent = agentFor(options);
  }

  /** Reads a key, or all keys from `key` up to `end`. */
  async range(key: string, more: { end?: string; limit?: number; revision?: string } = {}): Promise<RangeResult> {
    const answer = await this.call('/v3/kv/range', {
      key: encode(key),
      ...(more.end === undefined ? {} : { range_end: encode(more.end) }),
      ...(more.limit === undefined ? {} : { limit: String(more.limit) }),
      ...(more.revision === undefined ? {} : { revision: more.revision }),
    });
    return parseRange(answer);
  }

  /**
   * Writes a key when its last change is still `revision` (`'0'`: when it does not exist), or deletes it when no value
   * is given.
   * @returns the new revision, or the pair that was found instead (undefined: no such key).
   */
  async compareAndSet(key: string, revision: string, value?: string): Promise<{ revision: string } | { found: KeyValue | undefined }> {
    const name = encode(key);
    const act = value === undefined ? { requestDeleteRange: { key: name } } : { requestPut: { key: name, value: encode(value) } };
    const answer = await this.call('/v3/kv/txn', {
      compare: [{ key: name, target: 'MOD', result: 'EQUAL', mod_revision: revision }],
      success: [act],
      failure: [{ requestRange: { key: name } }],
    });
    const header = textOf(at(answer, 'header', 'revision'));
    if (answer['succeeded'] === true) return { revision: header };
    const first = listOf(answer['responses'])[0];
    return { found: parseRange(mapOf(at(first, 'response_range'))).kvs[0] };
  }

  /** Writes a key that lives as long as a lease of `ttl` seconds. */
  async putWithTtl(key: string, value: string, ttl: number): Promise<void> {
    const lease = await this.call('/v3/lease/grant', { TTL: String(ttl) });
    await this.call('/v3/kv/put', { key: encode(key), value: encode(value), lease: textOf(lease['ID']) });
  }

  /** Deletes a key, whatever it holds. */
  async remove(key: string): Promise<void> {
    await this.call('/v3/kv/deleterange', { key: encode(key) });
  }

  /**
   * Watches the keys from `key` up to `end`, starting with the change after `revision`.
   * @param on told each event, and the end with the reason.
   * @returns a function that stops the watch.
   */
  watch(key: string, end: string, on: { after: string; event: (event: WatchEvent) => void; end: () => void }): () => void {
    const body = { key: encode(key), range_end: encode(end), start_revision: String(BigInt(on.after) + 1n), prev_kv: true };
    const call = this.open('/v3/watch', { create_request: body }, this.server());
    call.on('error', on.end);
    call.on('response', (response: IncomingMessage) => {
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        lines.filter((line) => line !== '').forEach((line) => parseWatch(line).forEach(on.event));
      });
      response.on('close', on.end).on('error', on.end);
    });
    return () => void call.destroy();
  }

  /** One call; a connection that fails before an answer is tried on the other servers. */
  private async call(path: string, body: JsonMap): Promise<JsonMap> {
    let last: unknown = new Error('--etcd-servers is empty');
    for (let tries = 0; tries <= this.options.servers.length; tries += 1) {
      const server = this.server();
      try {
        return await this.send(path, body, server);
      } catch (error) {
        if (error instanceof EtcdError) throw error;
        last = error;
        // Of many calls that fail together one moves on.
        if (server === this.server()) this.current += 1;
      }
    }
    throw last instanceof Error ? last : new Error(String(last));
  }

  private send(path: string, body: JsonMap, server: string): Promise<JsonMap> {
    return new Promise((resolve, reject) => {
      const call = this.open(path, body, server);
      call.setTimeout(callTimeoutMs, () => void call.destroy(new Error(`etcd ${server} gave no answer in ${callTimeoutMs / 1000} s`)));
      call.on('error', reject);
      call.on('response', (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(parseAnswer(text));
          else reject(new EtcdError(`etcd: ${textOf(parseAnswer(text)['error']) || text.trim()}`));
        });
      });
    });
  }

  private open(path: string, body: JsonMap, server: string): ClientRequest {
    const call = request(new URL(path, server), { method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json' } });
    call.end(JSON.stringify(body));
    return call;
  }

  private server(): string {
    const { servers } = this.options;
    return servers[this.current % servers.length] ?? '';
  }
}

/** The key right after all keys that start with `prefix`. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** An agent whose connections show the certificate that is in the files at that moment. */
function agentFor(options: EtcdOptions): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: callTimeoutMs });
  return Object.assign(agent, {
    createConnection: (target: { host?: string; port?: number | string }): Duplex => {
      const socket = connect({
        host: target.host,
        port: Number(target.port),
        ca: readFileSync(options.caFile),
        cert: readFileSync(options.certFile),
        key: readFileSync(options.keyFile),
      });
      const timer = setTimeout(() => socket.destroy(new Error(`no TLS session with etcd ${target.host ?? ''} in ${connectTimeoutMs / 1000} s`)), connectTimeoutMs);
      socket.once('secureConnect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
      return socket.setNoDelay(true);
    },
  });
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(value: Json | undefined): string {
  return Buffer.from(textOf(value), 'base64').toString();
}

function parseAnswer(text: string): JsonMap {
  try {
    return mapOf(JSON.parse(text) as Json);
  } catch {
    return {};
  }
}

function parseRange(answer: JsonMap): RangeResult {
  return {
    revision: textOf(at(answer, 'header', 'revision')),
    kvs: listOf(answer['kvs']).map(parseKeyValue),
    more: answer['more'] === true,
  };
}

function parseKeyValue(value: Json | undefined): KeyValue {
  const kv = mapOf(value);
  return { key: decode(kv['key']), value: decode(kv['value']), revision: textOf(kv['mod_revision']) };
}

function parseWatch(line: string): WatchEvent[] {
  return listOf(at(parseAnswer(line), 'result', 'events')).map((each) => {
    const event = mapOf(each);
    const previous = event['prev_kv'] === undefined ? {} : { previous: decode(mapOf(event['prev_kv'])['value']) };
    return { deleted: event['type'] === 'DELETE', kv: parseKeyValue(event['kv']), ...previous };
  });
}
