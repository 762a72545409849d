import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, watchFile } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';

import { bootstrap } from './bootstrap';
import { Drain } from './drain';
import { EndpointReconciler } from './endpoints';
import { Etcd } from './etcd';
import type { Flags } from './flags';
import type { HealthCheck } from './health';
import { health } from './health';
import type { Answer } from './http';
import { apiRequest, failure, send } from './http';
import type { Log } from './log';
import { messageOf, standIn } from './log';
import { notifyReady } from './notify';
import { ApiError } from './objects';
import { discovery } from './resources';
import { Rest } from './rest';
import { Reviews } from './reviews';
import { Store } from './store';
import type { User } from './tokens';
import { readSigningKey, readVerifyingKey } from './tokens';

/** How often the serving pair is looked at and how long a stop may take, in milliseconds. */
const reloadMs = 1000;
const stopMs = 60_000;
/** How long an idle connection is kept, in milliseconds: longer than any client waits between two requests. */
const idleMs = 180_000;

interface Checks {
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
}

/** The stand-in for kube-apiserver: runs until SIGTERM, which it answers as the real one does. */
export async function apiserver(flags: Flags, log: Log): Promise<void> {
  const etcd = new Etcd({
    servers: flags.list('etcd-servers'),
    caFile: flags.required('etcd-cafile'),
    certFile: flags.required('etcd-certfile'),
    keyFile: flags.required('etcd-keyfile'),
  });
  const store = new Store(etcd);
  const watches = new Set<() => void>();
  const reviews = new Reviews({
    signing: readSigningKey(flags.required('service-account-signing-key-file')),
    verifying: flags.list('service-account-key-file').map(readVerifyingKey),
    issuer: flags.required('service-account-issuer'),
  });
  const address = flags.required('advertise-address');
  const port = Number(flags.text('secure-port', '6443'));
  const state = { isStopping: false };
  const checks = healthChecks(etcd, state);
  const isOpen = flags.isTrue('anonymous-auth', true);
  const rest = new Rest(store, reviews, watches);
  const server = createServer({ ...readPair(flags), ca: readFileSync(flags.required('client-ca-file')), requestCert: true, rejectUnauthorized: false, keepAliveTimeout: idleMs });
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    void answer(message, { rest, reviews, checks, isOpen }).catch(failure).then((given) => send(response, given));
  });
  const drain = new Drain(server, port);
  reloadPair(server, flags, log);
  await bootstrap(store, log);
  const endpoints = new EndpointReconciler(etcd, store, { address, port, log });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, flags.text('bind-address', '0.0.0.0'), resolve);
  });
  await endpoints.start();
  notifyReady();
  log(`serving on ${address}:${port}, etcd at ${flags.required('etcd-servers')}`);
  process.once('SIGTERM', () => void stop());

  async function stop(): Promise<void> {
    log('stopping: leaves the endpoints, then finishes what is under way');
    state.isStopping = true;
    await endpoints.stop().catch((error: unknown) => log(`the endpoints keep this server until its lease ends: ${messageOf(error)}`));
    await sleep(flags.milliseconds('shutdown-delay-duration', '0'));
    setTimeout(() => process.exit(0), stopMs).unref();
    watches.forEach((end) => end());
    await drain.stop();
    process.exit(0);
  }
}

async function answer(message: IncomingMessage, on: { rest: Rest; reviews: Reviews; checks: Checks; isOpen: boolean }): Promise<Answer> {
  const url = new URL(message.url ?? '/', 'https://apiserver');
  const user = userOf(message, on.reviews);
  // As in Kubernetes, whoever is not known may ask for the health, unless --anonymous-auth=false.
  const found = user === undefined && !on.isOpen ? undefined : await health(url, on.checks);
  if (found !== undefined) return found;
  if (user === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  if (url.pathname === '/version') return { code: 200, json: version };
  // An empty OpenAPI document in protobuf: kubectl then validates nothing.
  if (url.pathname === '/openapi/v2') return { code: 200, text: '', type: 'application/octet-stream' };
  const document = message.method === 'GET' ? discovery(url.pathname.replace(/\/$/, '')) : undefined;
  return document === undefined ? await on.rest.handle(apiRequest(message, url, user)) : { code: 200, json: document };
}

/** The user of a client certificate that the CA signed (name: CN, groups: O), or of a bearer token. */
function userOf(message: IncomingMessage, reviews: Reviews): User | undefined {
  const bearer = /^Bearer (.+)$/.exec(message.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return reviews.userOf(bearer);
  const { socket } = message;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const known = users.get(socket) ?? userOfCertificate(socket);
  users.set(socket, known);
  return known;
}

/** Users of open connections: reading a certificate is slow. */
const users = new WeakMap<TLSSocket, User>();

function userOfCertificate(socket: TLSSocket): User {
  const subject = socket.getPeerCertificate().subject as { readonly CN?: string; readonly O?: string | string[] };
  const groups = [subject.O ?? []].flat();
  return { name: subject.CN ?? '', uid: '', groups: [...groups, 'system:authenticated'] };
}

function healthChecks(etcd: Etcd, state: { readonly isStopping: boolean }): Checks {
  const shutdown = (): void => {
    if (state.isStopping) throw new Error('process is shutting down');
  };
  return {
    live: [{ name: 'ping', check: () => undefined }, { name: 'etcd', check: () => etcd.range('/registry/health').then(() => undefined) }],
    ready: [{ name: 'shutdown', check: shutdown }],
  };
}

function readPair(flags: Flags): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(flags.required('tls-cert-file')), key: readFileSync(flags.required('tls-private-key-file')) };
}

/** Serves a new pair once both files fit together, and the old one until then. */
function reloadPair(server: Server, flags: Flags, log: Log): void {
  const reload = (): void => {
    try {
      const pair = readPair(flags);
      const leaf = new X509Certificate(pair.cert);
      if (!leaf.checkPrivateKey(createPrivateKey(pair.key))) return;
      server.setSecureContext({ ...pair, ca: readFileSync(flags.required('client-ca-file')) });
      log(`serves the certificate ${leaf.serialNumber} now`);
    } catch (error) {
      log(`keeps its certificate: ${messageOf(error)}`);
    }
  };
  ['tls-cert-file', 'tls-private-key-file'].forEach((name) => watchFile(flags.required(name), { interval: reloadMs }, reload));
}

const version = {
  major: '1',
  minor: '20',
  gitVersion: `v1.20.2-${standIn}`,
  gitCommit: standIn,
  gitTreeState: 'clean',
  buildDate: '2021-01-13T13:20:00Z',
  goVersion: `node ${process.version}`,
  compiler: standIn,
  platform: 'linux/amd64',
};
