/**
 * One request to the API server, as a host reaches it: through its SSH connection with TLS here, or by the host's own kubectl.
 */
import { request as httpRequest } from 'node:http';
import { within } from '../../core/duration';
import { CheckError, isRunnerError, messageOf } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { secureConnect } from '../pki/verify';
import type { Credentials } from './credentials';

/** How the API is reached. */
export type Access =
  | {
    readonly credentials: Credentials;
    /** Another server than the kubeconfig's: `172.72.0.95:6443`, `127.0.0.1:8443`, as the host reaches it. */
    readonly at?: string;
  }
  | {
    /** Path of a kubeconfig on the host, for its own kubectl: where AllowTcpForwarding is off. */
    readonly kubectl: string;
    readonly at?: string;
  };

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/v1/nodes` */
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds, 15,000. */
  readonly timeoutMs?: number;
}

export interface ApiResponse {
  /** HTTP status; kubectl's refusals are mapped to theirs. */
  readonly status: number;
  readonly text: string;
}

/** A busy API server takes seconds; a dead one is found by what waits for it. */
const DEFAULT_MS = 15_000;
const READ_TRIES = 3;

/** The host and port that an access asks. */
export function endpointOf(access: Access): string {
  return access.at ?? ('credentials' in access ? new URL(access.credentials.server).host : 'the kubeconfig\'s server');
}

/**
 * Sends one request. A read is tried three times; anything else once: what a timeout left behind is for the caller to look at.
 * @throws CheckError when no answer came; ConnectionError when the host's own link broke.
 */
export async function ask(on: Target, access: Access, request: ApiRequest): Promise<ApiResponse> {
  const tries = request.method === 'GET' ? READ_TRIES : 1;
  for (let left = tries - 1; ; left--) {
    try {
      return await askOnce(on, access, request);
    } catch (error) {
      if (left <= 0 || on.signal.aborted || (isRunnerError(error) && error.kind === 'connection')) throw error;
    }
  }
}

async function askOnce(on: Target, access: Access, request: ApiRequest): Promise<ApiResponse> {
  try {
    return 'credentials' in access ? await askDirectly(on, access, request) : await askKubectl(on, access, request);
  } catch (error) {
    if (isRunnerError(error) && error.kind === 'connection') throw error;
    throw new CheckError(`${on.host.name}: no answer to ${request.method} ${request.path} at ${endpointOf(access)}: ${messageOf(error)}`);
  }
}

/** Sends one request and parses the answer. @throws CheckError for a status that is not in `expect` (200, 201) */
export async function askJson(on: Target, access: Access, request: ApiRequest, expect: readonly number[] = [200, 201]): Promise<unknown> {
  const { status, text } = await ask(on, access, request);
  if (!expect.includes(status)) {
    throw new CheckError(`${on.host.name}: ${request.method} ${request.path} at ${endpointOf(access)} answered ${status}: ${text.trim().slice(0, 300)}`);
  }
  return JSON.parse(text === '' ? 'null' : text) as unknown;
}

async function askDirectly(on: Target, access: Extract<Access, { credentials: Credentials }>, request: ApiRequest): Promise<ApiResponse> {
  const { credentials } = access;
  const url = new URL(access.at === undefined ? credentials.server : `https://${access.at}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const timeoutMs = request.timeoutMs ?? DEFAULT_MS;
  return await within(timeoutMs, on.signal, async signal => {
    const stream = await on.forward(host, Number(url.port || '443'));
    const socket = await secureConnect({ stream, ca: credentials.ca, name: host, signal, ...client(credentials) })
      .catch((error: unknown) => { stream.destroy(); throw error; });
    try {
      return await exchange(socket, credentials, request, { signal, host: url.host });
    } finally {
      socket.destroy();
    }
  });
}

function client({ cert, key }: Credentials): { cert?: string; key?: NonNullable<Credentials['key']> } {
  return cert === undefined || key === undefined ? {} : { cert, key };
}

function exchange(
  socket: Awaited<ReturnType<typeof secureConnect>>, credentials: Credentials, request: ApiRequest, link: { signal: AbortSignal; host: string },
): Promise<ApiResponse> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = {
    host: link.host,
    accept: 'application/json',
    connection: 'close',
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...(credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token.reveal()}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ createConnection: () => socket, method: request.method, path: request.path, headers, signal: link.signal }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const KUBECTL_STATUS: readonly (readonly [RegExp, number])[] = [
  [/\(NotFound\)/, 404], [/\(AlreadyExists\)/, 409], [/\(Conflict\)/, 409], [/\(Forbidden\)/, 403], [/\(Unauthorized\)|must be logged in/, 401],
  [/\(InternalError\)/, 500], [/\(ServiceUnavailable\)|currently unable to handle/, 503],
];

async function askKubectl(on: Target, access: Extract<Access, { kubectl: string }>, request: ApiRequest): Promise<ApiResponse> {
  const verb = { GET: 'get', POST: 'create', PUT: 'replace', DELETE: 'delete' }[request.method];
  const server = access.at === undefined ? [] : [`--server=https://${access.at}`];
  const body = request.body === undefined ? [] : ['-f', '-'];
  const timeoutMs = request.timeoutMs ?? DEFAULT_MS;
  const result = await on.run(
    cmd`kubectl ${[`--kubeconfig=${access.kubectl}`, ...server, `--request-timeout=${timeoutMs}ms`, verb, '--raw', request.path, ...body]}`,
    { expect: [0, 1], timeoutMs: timeoutMs + 5000, ...(request.body === undefined ? {} : { stdin: JSON.stringify(request.body) }) },
  );
  if (result.code === 0) return { status: 200, text: result.stdout };
  const status = KUBECTL_STATUS.find(([pattern]) => pattern.test(result.stderr))?.[1];
  if (status === undefined) throw new Error(result.stderr.trim());
  return { status, text: result.stderr };
}
