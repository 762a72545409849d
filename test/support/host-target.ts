/** A target that is a host of the lab, over SSH as a run has it, for tests of modules. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import type { Host } from '../../core/inventory/host';
import { TaskTarget } from '../../core/run/target';
import type { Target } from '../../core/transport/connection';
import { createTransport } from '../../core/transport/open';
import { hostOf, spawnInLab, type Lab } from '../../lab/lab';

const RUN_ID = '20261122T101500Z-1a2b';

/** Connects to a host; closed after the tests of the file. To be called in `beforeAll`. */
export async function hostTarget(lab: Lab, hostName: string): Promise<Target> {
  const { name, address } = hostOf(lab, hostName);
  const door = await openDoor(lab, address);
  const connection = { type: 'ssh', address: '127.0.0.1', port: door.port, user: lab.user.name, privateKeyFile: lab.keyFile, hostKeys: fingerprints(lab, address) } as const;
  const host: Host = { name, connection, groups: [], vars: {} };
  const transport = createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId: RUN_ID });
  closing.push(async () => {
    await transport.close();
    door.close();
  });
  const { signal } = new AbortController();
  const link = await transport.link(host, signal);
  return new TaskTarget(await link.as(undefined), { runId: RUN_ID, signal, deadline: Infinity, say: () => undefined, print: () => undefined });
}

const closing: (() => Promise<void>)[] = [];

/** Registers the end of all targets of a file; to be called at its top, so that hosts outlive the connections. */
export function closeTargets(): void {
  afterAll(async () => { await Promise.all(closing.splice(0).map(close => close())); });
}

/** A port on this machine behind which each connection goes to a host's sshd through the lab's namespace. */
async function openDoor(lab: Lab, address: string): Promise<{ readonly port: number; close(): void }> {
  const relay = 'const s = require("net").connect(22, process.argv[1]); process.stdin.pipe(s); s.pipe(process.stdout); s.on("error", () => process.exit(1))';
  const server = createServer(socket => {
    const child = spawnInLab(lab, [process.execPath, '-e', relay, address], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdin === null || child.stdout === null) throw new Error('the relay has no pipes');
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    socket.on('error', () => child.kill());
    socket.on('close', () => child.kill());
    child.on('exit', () => socket.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

function fingerprints(lab: Lab, address: string): string[] {
  const lines = readFileSync(lab.knownHosts, 'utf8').split('\n').filter(line => (line.split(' ')[0] ?? '').split(',').includes(address));
  return lines.map(line => `SHA256:${createHash('sha256').update(Buffer.from(line.split(' ')[2] ?? '', 'base64')).digest('base64').replace(/=+$/, '')}`);
}
