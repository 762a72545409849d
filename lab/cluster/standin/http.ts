import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Json, JsonMap, KubeObject } from './objects';
import { ApiError, parseJson } from './objects';
import { standIn } from './log';
import type { User } from './tokens';

/** A request whose sender is known. */
export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly user: User;
  readonly accept: string;
  readonly contentType: string;
  /** @throws ApiError 400 when the body is no JSON, 413 when it is over 3 MiB. */
  body(): Promise<Json>;
}

/** An answer: JSON, text, or a stream that writes the response itself. */
export type Answer =
  | { readonly code: number; readonly json: JsonMap | KubeObject }
  | { readonly code: number; readonly text: string; readonly type?: string }
  | { readonly stream: (response: ServerResponse) => void };

const bodyLimit = 3 * 1024 * 1024;

/** Reads a request whose sender has been recognised. */
export function apiRequest(message: IncomingMessage, url: URL, user: User): ApiRequest {
  return {
    method: message.method ?? 'GET',
    url,
    user,
    accept: message.headers.accept ?? '',
    contentType: (message.headers['content-type'] ?? '').split(';')[0] ?? '',
    body: () => readBody(message),
  };
}

/** Sends an answer. */
export function send(response: ServerResponse, answer: Answer): void {
  if ('stream' in answer) {
    answer.stream(response);
    return;
  }
  const [type, text] = 'json' in answer
    ? ['application/json', JSON.stringify(answer.json)]
    : [answer.type ?? 'text/plain; charset=utf-8', answer.text];
  response.writeHead(answer.code, { 'content-type': type, 'content-length': Buffer.byteLength(text), server: standIn });
  response.end(text);
}

/** The answer to a request that failed: a `Status`, 500 for what is no ApiError. */
export function failure(error: unknown): Answer {
  const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', error instanceof Error ? error.message : String(error));
  return { code: known.code, json: statusObject(known.code, known.reason, known.message) };
}

/** The `Status` object of an outcome. */
export function statusObject(code: number, reason: string, message: string): JsonMap {
  const status = code < 400 ? 'Success' : 'Failure';
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status, ...(message === '' ? {} : { message }), ...(reason === '' ? {} : { reason }), code };
}

async function readBody(message: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > bodyLimit) throw new ApiError(413, 'RequestEntityTooLarge', 'the body is over 3 MiB');
    chunks.push(bytes);
  }
  return size === 0 ? {} : parseJson(Buffer.concat(chunks).toString());
}
