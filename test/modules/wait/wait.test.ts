import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../../core/secret';
import { cmd } from '../../../core/transport/command';
import * as wait from '../../../modules/wait';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

const on = localTarget();
const soon = { timeout: '10s', every: '20ms' } as const;
const now = { timeout: '0ms' } as const;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runsheet wait '));
  const certificate = (name: string, names: string): void => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-addext', `subjectAltName=${names}`, '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)], { stdio: 'ignore' });
  };
  certificate('server', 'IP:127.0.0.1');
  certificate('client', 'DNS:client');
});

afterAll(() => rmSync(folder, { recursive: true }));

const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  onTestFinished(() => { server.close(); });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

describe('wait.port', () => {
  test.each([['read from the table of sockets', {}], ['reached from the host', { address: '127.0.0.1' }]])('sees an open and a closed port, %s', async (_, where) => {
    const open = await listen(createServer());
    const closed = await freePort();
    expect((await carryOut(wait.port({ port: open, ...where, ...now }), on)).value).toBe(true);
    expect((await carryOut(wait.port({ port: closed, ...where, ...now, state: 'closed' }), on)).value).toBe(true);
    await expect(carryOut(wait.port({ port: closed, ...where, ...now }), on)).rejects.toThrow(`port ${closed}`);
    await expect(carryOut(wait.port({ port: open, ...where, ...now, state: 'closed' }), on)).rejects.toThrow('is still open');
  });

  test('sees a port of IPv6', async () => {
    const port = await listen(createServer(), '::1');
    expect((await carryOut(wait.port({ port, ...now }), on)).value).toBe(true);
  });

  test('waits until it opens and until it closes', async () => {
    const port = await freePort();
    const server = createServer();
    const opened = carryOut(wait.port({ port, ...soon }), on);
    server.listen(port, '127.0.0.1');
    expect((await opened).value).toBe(true);
    const closed = carryOut(wait.port({ port, state: 'closed', ...soon }), on);
    server.close();
    expect((await closed).value).toBe(true);
  });

  test.each([[0], [65_536], [1.5]])('refuses the port %d', port => {
    expect(wait.port({ port }).problems).toHaveLength(1);
  });

  test('is patient for 5 minutes unless said, and refuses what is no duration', () => {
    expect(wait.port({ port: 1 }).patience).toEqual({ timeoutMs: 300_000, everyMs: 1000 });
    expect(wait.port({ port: 1, timeout: '2m', every: '500ms' }).patience).toEqual({ timeoutMs: 120_000, everyMs: 500 });
    expect(wait.port({ port: 1, every: '-1s' }).problems.join()).toContain('"-1s" is no duration');
  });
});

describe('wait.http', () => {
  const answer = (status: number, body = ''): RequestListener => (request, response) => { response.writeHead(status).end(`${body}${request.url ?? ''}`); };

  test('sees a status, and what is answered', async () => {
    const port = await listen(createHttp(answer(200, 'ok ')));
    expect((await carryOut(wait.http({ url: `http://127.0.0.1:${port}/readyz?verbose`, ...now }), on)).value).toEqual({ status: 200, body: 'ok /readyz?verbose' });
    await expect(carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, until: ({ body }) => body === 'done', ...now }), on))
      .rejects.toThrow('does not answer yet what is waited for: ok /');
  });

  test('says what is answered instead', async () => {
    const port = await listen(createHttp(answer(503, 'etcd failed\nmore')));
    await expect(carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, ...now }), on)).rejects.toThrow(/answers with status 503: etcd failed$/);
    expect((await carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, expect: [200, 503], ...now }), on)).value.status).toBe(503);
    const closed = await freePort();
    await expect(carryOut(wait.http({ url: `http://127.0.0.1:${closed}/`, ...now }), on)).rejects.toThrow('ECONNREFUSED');
  });

  test('waits until the answer is the right one', async () => {
    let asked = 0;
    const port = await listen(createHttp((_request, response) => { response.writeHead(++asked < 3 ? 500 : 200).end(); }));
    expect((await carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, ...soon }), on)).value.status).toBe(200);
    expect(asked).toBe(3);
  });

  test('reads no more of an answer than it needs', async () => {
    const port = await listen(createHttp((_request, response) => { response.end('x'.repeat(500_000)); }));
    expect((await carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, ...now }), on)).value.body).toHaveLength(65_536);
  });

  test('says that a server is none of HTTP', async () => {
    const port = await listen(createServer(socket => socket.end('220 smtp\r\n')));
    await expect(carryOut(wait.http({ url: `http://127.0.0.1:${port}/`, ...now }), on)).rejects.toThrow('Parse Error');
  });

  const secure = (options: object = {}): HttpServer => createHttps({ key: text('server.key'), cert: text('server.pem'), ...options }, answer(200, 'ok'));

  test('verifies the certificate, for the address as well', async () => {
    const port = await listen(secure());
    const url = `https://127.0.0.1:${port}/`;
    expect((await carryOut(wait.http({ url, ca: text('server.pem'), ...now }), on)).value.status).toBe(200);
    await expect(carryOut(wait.http({ url, ...now }), on)).rejects.toThrow('self-signed certificate');
    await expect(carryOut(wait.http({ url, ca: text('client.pem'), ...now }), on)).rejects.toThrow('self-signed certificate');
    await expect(carryOut(wait.http({ url: `https://localhost:${port}/`, ca: text('server.pem'), ...now }), on)).rejects.toThrow("does not match certificate's altnames");
  });

  test('shows a client certificate', async () => {
    const port = await listen(secure({ requestCert: true, rejectUnauthorized: true, ca: text('client.pem') }));
    const url = `https://127.0.0.1:${port}/`;
    const client = { cert: text('client.pem'), key: new Secret(text('client.key')) };
    expect((await carryOut(wait.http({ url, ca: text('server.pem'), ...client, ...now }), on)).value.status).toBe(200);
    await expect(carryOut(wait.http({ url, ca: text('server.pem'), ...now }), on)).rejects.toThrow(url);
  });

  test.each([
    ['no URL', { url: '127.0.0.1:6443' }, 'is no URL'],
    ['another scheme', { url: 'ftp://x/' }, 'is no URL'],
    ['a password in it', { url: 'https://a:b@x/' }, 'use `headers`'],
    ['a certificate without TLS', { url: 'http://x/', ca: 'x' }, 'is not https'],
    ['half a client certificate', { url: 'https://x/', cert: 'x' }, 'belong together'],
  ])('refuses %s before any connection', (_, params, problem) => {
    expect(wait.http(params).problems.join()).toContain(problem);
  });
});

describe('wait.command', () => {
  test('waits until a command succeeds, and gives its result', async () => {
    const path = join(folder, 'there');
    const waiting = carryOut(wait.command({ command: cmd`cat ${path}`, ...soon }), on);
    writeFileSync(path, 'done\n');
    expect((await waiting).value).toMatchObject({ code: 0, stdout: 'done\n' });
    expect(await carryOut(wait.command({ command: cmd`cat ${path}`, ...now }), on)).toMatchObject({ changed: false });
  });

  test('waits for a code, an output, and says what is there instead', async () => {
    expect((await carryOut(wait.command({ command: cmd`exit 3`, expect: [3], ...now }), on)).value.code).toBe(3);
    await expect(carryOut(wait.command({ command: cmd`echo inactive; exit 3`, ...now }), on)).rejects.toThrow('exited with code 3: inactive');
    await expect(carryOut(wait.command({ command: cmd`echo 2`, until: ({ stdout }) => stdout === '3\n', ...now }), on)).rejects.toThrow('does not say yet what is waited for: 2');
    expect((await carryOut(wait.command({ command: cmd`echo 2`, until: ({ stdout }) => stdout === '2\n', ...now }), on)).value.stdout).toBe('2\n');
  });

  test('takes a command that hangs for one that did not succeed', async () => {
    await expect(carryOut(wait.command({ command: cmd`sleep 300`, timeout: '200ms', every: '10ms' }), on)).rejects.toThrow(/^sleep 300 was killed .*time limit/);
  });

  test('refuses what command.run refuses', () => {
    expect(wait.command({ command: [], chdir: 'x', every: '-1s' }).problems).toHaveLength(3);
  });
});
