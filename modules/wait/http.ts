/** HTTP servers that answer. */
import { check, live, type Check, type Finding } from '../../core/module';
import type { Secret } from '../../core/secret';
import type { Target } from '../../core/transport/connection';
import { forwarded } from './forwarded';
import { patienceOf, patienceProblems, type Patience } from './patience';
import { request, type HttpAnswer } from './request';

export interface HttpParams extends Patience {
  /** `http://` or `https://`; name and port as the host reaches them, `https://127.0.0.1:6443/readyz`. */
  readonly url: string;
  /** Status codes that are waited for. Default `[200]`. A redirection is not followed. */
  readonly expect?: readonly number[];
  /** What must be true of the answer besides the status. */
  readonly until?: (answer: HttpAnswer) => boolean;
  /** Certificates to trust, PEM. Default: those that Node trusts. The certificate is always verified, for the name or address in the URL. */
  readonly ca?: string;
  /** A client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: Secret;
  readonly headers?: Readonly<Record<string, string>>;
}

const waiting = check<HttpParams, HttpAnswer>({
  name: 'wait.http',
  subject: ({ url }) => url,
  validate: params => [...urlProblems(params), ...patienceProblems(params)],
  inspect: params => live(on => look(on, params)),
  patience: patienceOf,
});

/**
 * Waits until a GET is answered with a status of `expect`. The controller speaks HTTP, and TLS, through the host's SSH connection: the host needs no
 * curl, and what listens only on its 127.0.0.1 is reached. sshd must allow it (AllowTcpForwarding).
 */
export function http(params: HttpParams): Check<HttpAnswer> {
  return waiting(params);
}

async function look(on: Target, params: HttpParams): Promise<Finding<HttpAnswer>> {
  const url = new URL(params.url);
  const stream = await forwarded(on, url.hostname.replace(/^\[(.*)\]$/, '$1'), Number(url.port || (url.protocol === 'https:' ? 443 : 80)));
  if (typeof stream === 'string') return { ok: false, reason: stream };
  const { ca, cert, key, headers = {} } = params;
  const answer = await request(stream, { url, ca, cert, key, headers, signal: on.signal });
  return typeof answer === 'string' ? { ok: false, reason: `${params.url}: ${answer}` } : judged(answer, params);
}

function judged(answer: HttpAnswer, { url, expect = [200], until }: HttpParams): Finding<HttpAnswer> {
  if (!expect.includes(answer.status)) return { ok: false, reason: `${url} answers with status ${answer.status}${firstLine(answer.body)}` };
  return until === undefined || until(answer) ? { ok: true, value: answer } : { ok: false, reason: `${url} does not answer yet what is waited for${firstLine(answer.body)}` };
}

function urlProblems({ url, cert, key, ca }: HttpParams): string[] {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') return [`"${url}" is no URL; write https://127.0.0.1:6443/readyz`];
  if (parsed.username !== '' || parsed.password !== '') return ['a URL holds no user and no password; use `headers`'];
  if (parsed.protocol === 'http:' && (cert ?? key ?? ca) !== undefined) return [`"${url}" is not https, so there is nothing to verify`];
  return (cert === undefined) === (key === undefined) ? [] : ['`cert` and `key` belong together'];
}

function firstLine(body: string): string {
  const line = body.trim().split('\n')[0] ?? '';
  return line === '' ? '' : `: ${line.slice(0, 160)}`;
}
