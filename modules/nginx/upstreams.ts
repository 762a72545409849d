/**
 * The upstreams of a configuration, http and stream, over all included files.
 * @see https://nginx.org/en/docs/stream/ngx_stream_upstream_module.html, https://nginx.org/en/docs/http/ngx_http_upstream_module.html
 */
import type { Directive } from './conf';
import { walk, type ConfTree, type Visit } from './tree';

/** A `server` line of an upstream. */
export interface UpstreamServer {
  /** As written: `172.72.0.95:6443`, `unix:/run/x.sock`, a name. */
  readonly address: string;
  readonly down: boolean;
  readonly backup: boolean;
  /** All its parameters: `max_fails` is `3`, `down` is `true`. */
  readonly parameters: Readonly<Record<string, string | true>>;
  readonly file: string;
  readonly line: number;
}

/** An upstream. */
export interface Upstream {
  readonly name: string;
  readonly context: 'http' | 'stream';
  readonly file: string;
  readonly line: number;
  readonly servers: readonly UpstreamServer[];
  /** What its `server` blocks listen on that pass to it, as written: `127.0.0.1:8443`. */
  readonly listens: readonly string[];
}

/** An upstream together with the directives that it is made of. */
export interface FoundUpstream extends Upstream {
  readonly visit: Visit;
  /** The server lines in the same order as `servers`. */
  readonly lines: readonly Visit[];
}

/** All upstreams, in the order in which nginx reads them. */
export function findUpstreams(tree: ConfTree): readonly FoundUpstream[] {
  const visits = walk(tree);
  return visits.flatMap(visit => {
    const context = visit.inside[0]?.name;
    const isUpstream = visit.directive.name === 'upstream' && visit.directive.block !== undefined && visit.inside.length === 1;
    if (!isUpstream || (context !== 'http' && context !== 'stream')) return [];
    const name = visit.directive.args[0]?.value ?? '';
    const lines = visits.filter(line => line.directive.name === 'server' && line.inside.at(-1) === visit.directive);
    const servers = lines.map(serverOf);
    const place = { file: visit.file.path, line: visit.directive.line };
    return [{ name, context, ...place, servers, listens: listensOf(visits, context, name), visit, lines }];
  });
}

/** What is suspicious about an upstream, each a sentence. */
export function upstreamWarnings(upstream: Upstream): readonly string[] {
  const place = `${upstream.file}:${upstream.line}: upstream "${upstream.name}"`;
  const live = upstream.servers.filter(isLive);
  const [only] = live;
  const twice = upstream.servers.filter((server, i) => upstream.servers.findIndex(other => other.address === server.address) < i);
  return [
    ...(only === undefined ? [`${place} has no live server`] : []),
    ...(only !== undefined && live.length === 1 && upstream.servers.length > 1 && only.parameters['max_fails'] !== '0'
      ? [`${place} has one live server, ${only.address}, beside others that are down: after max_fails errors nginx disables it too (set max_fails=0)`]
      : []),
    ...twice.map(server => `${place} names ${server.address} twice, again in ${server.file}:${server.line}`),
  ];
}

/** Does nginx send anything to this server? A backup counts: it is used when the others are gone. */
export function isLive(server: Pick<UpstreamServer, 'down'>): boolean {
  return !server.down;
}

/** The same without the directives: what a task's value and messages hold. */
export function plainUpstream({ name, context, file, line, servers, listens }: FoundUpstream): Upstream {
  return { name, context, file, line, servers, listens };
}

function serverOf({ file, directive }: Visit): UpstreamServer {
  const parameters = Object.fromEntries(directive.args.slice(1).map(({ value }): [string, string | true] => {
    const equals = value.indexOf('=');
    return equals === -1 ? [value, true] : [value.slice(0, equals), value.slice(equals + 1)];
  }));
  const address = directive.args[0]?.value ?? '';
  return { address, down: parameters['down'] === true, backup: parameters['backup'] === true, parameters, file: file.path, line: directive.line };
}

function listensOf(visits: readonly Visit[], context: string, name: string): readonly string[] {
  const passes = visits.filter(({ directive, inside }) => inside[0]?.name === context && isPassTo(directive, name));
  const blocks = new Set(passes.flatMap(({ inside }) => inside.find(block => block.name === 'server') ?? []));
  const listens = visits.filter(({ directive, inside }) => directive.name === 'listen' && blocks.has(inside.at(-1) ?? directive));
  return [...new Set(listens.flatMap(({ directive }) => directive.args[0]?.value ?? []))];
}

function isPassTo(directive: Directive, name: string): boolean {
  if (!/^(?:proxy|grpc|fastcgi|uwsgi|scgi|memcached)_pass$/.test(directive.name)) return false;
  const target = directive.args[0]?.value.replace(/^[a-z]+:\/\//, '') ?? '';
  return target === name || target.startsWith(`${name}/`);
}
