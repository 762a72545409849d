import { readFileSync } from 'node:fs';
import { request } from 'node:https';

import type { ClientConfig, ErrorClass } from './protocol';

/** What became of a request. */
export type Outcome = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly error: ErrorClass; readonly text: string };

/** Sends requests with a client certificate, each on a new connection and once only. */
export type Send = (method: string, path: string, body?: object) => Promise<Outcome>;

/** Reads the certificates once and returns the function that sends. */
export function sender(config: ClientConfig): Send {
  const files = { ca: readFileSync(config.ca), cert: readFileSync(config.cert), key: readFileSync(config.key) };
  return (method, path, body) =>
    new Promise((resolve) => {
      let reached: ErrorClass = 'connect';
      const fail = (error: ErrorClass, text: string): void => {
        clearTimeout(timer);
        resolve({ ok: false, error, text });
      };
      const call = request(new URL(path, config.url), { ...files, method, agent: false, headers: { 'content-type': 'application/json', accept: 'application/json' } });
      const timer = setTimeout(() => {
        fail('timeout', `no answer in ${config.timeoutMs} ms, ${reached}`);
        call.destroy();
      }, config.timeoutMs);
      call.on('socket', (socket) => {
        socket.on('connect', () => (reached = 'tls')).on('secureConnect', () => (reached = 'reset'));
      });
      call.on('error', (error) => fail(reached, error.message));
      call.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', (error) => fail('reset', error.message));
        response.on('end', () => {
          const code = response.statusCode ?? 0;
          if (code >= 400) fail(code >= 500 ? '5xx' : '4xx', `${code} ${text.slice(0, 300)}`);
          clearTimeout(timer);
          resolve({ ok: true, body: text });
        });
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
}
