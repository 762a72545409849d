import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { DelayingProxy } from '../../bench/proxy/proxy';
import { Turns, type Way } from '../../bench/proxy/turns';

const sent = (way: Way) => (turns: Turns): void => turns.sent(way);
const arrived = (way: Way) => (turns: Turns): void => turns.arrived(way);

describe('turns', () => {
  test.each([
    ['nothing', [], 0],
    ['one side speaks twice', [sent('up'), sent('up')], 1],
    ['both greet at the same time', [sent('up'), sent('down'), arrived('up'), arrived('down')], 2],
    ['a question and its answer', [sent('up'), arrived('up'), sent('down'), arrived('down')], 2],
    ['two questions, one after the other', [sent('up'), arrived('up'), sent('down'), arrived('down'), sent('up'), arrived('up'), sent('down')], 4],
    ['two questions together', [sent('up'), sent('up'), arrived('up'), sent('down'), arrived('up'), sent('down')], 3],
    ['more is said while the answer is under way', [sent('up'), arrived('up'), sent('down'), sent('up'), arrived('down')], 2],
  ])('%s', (_, steps, count) => {
    const turns = new Turns();
    for (const step of steps) step(turns);
    expect(turns.count).toBe(count);
  });
});

describe('the proxy', () => {
  const open: { close: () => unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  /** A server that answers as `answer` says, the proxy in front of it, and a client. */
  async function through(delayMs: number, answer: (socket: Socket) => void): Promise<{ readonly proxy: DelayingProxy; readonly client: Socket }> {
    const server: Server = createServer({ allowHalfOpen: true }, answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({ close: () => server.close() });
    const proxy = new DelayingProxy(delayMs);
    open.push({ close: () => proxy.close() });
    const port = await proxy.open({ listen: { host: '127.0.0.1', port: 0 }, target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(client, 'connect');
    return { proxy, client };
  }

  async function textOf(socket: Socket): Promise<string> {
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  test.each([0, 5])('passes every byte on, in order, both ways, and the ends of both (%i ms)', async delayMs => {
    const { proxy, client } = await through(delayMs, socket => { socket.pipe(socket); });
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
    for (const line of lines) client.write(line);
    client.end();
    expect(await textOf(client)).toBe(lines.join(''));
    const { connections, bytesUp, bytesDown } = proxy.take();
    expect({ connections, bytesUp, bytesDown }).toEqual({ connections: 1, bytesUp: lines.join('').length, bytesDown: lines.join('').length });
  });

  test('lets no byte arrive before its time', async () => {
    const { client } = await through(50, socket => { socket.pipe(socket); });
    const started = performance.now();
    client.end('hello');
    await textOf(client);
    // One round trip to open the connection, half a one for the word and half a one for its echo.
    expect(performance.now() - started).toBeGreaterThanOrEqual(199);
  });

  test('counts each question and each answer as a turn, and begins anew after it was asked', async () => {
    const { proxy, client } = await through(2, socket => { socket.on('data', () => socket.write('answer')); });
    for (let i = 0; i < 3; i += 1) {
      client.write('question');
      await once(client, 'data');
    }
    expect(proxy.take()).toEqual({ connections: 1, bytesUp: 24, bytesDown: 18, turns: 6 });
    expect(proxy.take()).toEqual({ connections: 0, bytesUp: 0, bytesDown: 0, turns: 0 });
    client.destroy();
  });

  test('breaks the connection where nobody listens behind it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));
    const proxy = new DelayingProxy(0);
    open.push({ close: () => proxy.close() });
    const client = connect({ host: '127.0.0.1', port: await proxy.open({ listen: { host: '127.0.0.1', port: 0 }, target: { host: '127.0.0.1', port } }) });
    client.on('error', () => undefined);
    await once(client, 'close');
  });
});
