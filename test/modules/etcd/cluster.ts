/** Real etcd on loopback addresses with mutual TLS: started, killed, frozen and stopped by the test. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EtcdAccess } from '../../../modules/etcd/access';
import { makeCa, makeLeaf, SUBJECT, type Kind, type Pair } from '../pki/openssl';

const run = promisify(execFile);

export interface Peer {
  readonly name: string;
  readonly address: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataDir: string;
  readonly peerUrl: string;
  process: ChildProcess | undefined;
}

export interface ClusterOptions {
  readonly kind?: Kind;
  /** CA and leaf with one subject and no key ids: OpenSSL would refuse them. */
  readonly old?: boolean;
  readonly flags?: readonly string[];
}

/** Addresses of their own, so that a member is told from another by its address. */
const ADDRESSES = ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14'] as const;

export class Cluster implements AsyncDisposable {
  private constructor(readonly dir: string, readonly ca: Pair, readonly pair: Pair, readonly peers: readonly Peer[], private readonly flags: readonly string[]) {}

  static async start(size: number, { kind = 'p256', old = false, flags = [] }: ClusterOptions = {}): Promise<Cluster> {
    const dir = await mkdtemp(join(tmpdir(), 'runsheet-test-etcd-'));
    const subject = `${SUBJECT}/CN=etcd`;
    const ca = await makeCa(dir, { kind, ...(old ? { subject, keyIds: false } : {}) });
    const names = ['DNS:etcd.example', ...['127.0.0.1', ...ADDRESSES].map(address => `IP:${address}`)].join(',');
    const pair = await makeLeaf(dir, 'etcd', ca, { kind, names, subject, keyIds: !old });
    const peers = await Promise.all(ADDRESSES.map(async (address, i): Promise<Peer> => {
      const [clientPort, peerPort] = [await freePort(address), await freePort(address)];
      return { name: `m${i + 1}`, address, clientPort, peerPort, dataDir: join(dir, `m${i + 1}`), peerUrl: `https://${address}:${peerPort}`, process: undefined };
    }));
    const cluster = new Cluster(dir, ca, pair, peers, flags);
    const first = peers.slice(0, size);
    for (const peer of first) cluster.launch(peer, first, 'new');
    try {
      await Promise.all(first.map(peer => cluster.etcdctl(peer, 'endpoint', 'health', '--dial-timeout=30s', '--command-timeout=30s')));
      return cluster;
    } catch (error) {
      const logs = await Promise.all(first.map((_, index) => cluster.log(index)));
      await cluster[Symbol.asyncDispose]();
      throw new Error(`etcd did not start: ${String(error)}\n${logs.map(log => log.split('\n').slice(-5).join('\n')).join('\n')}`, { cause: error });
    }
  }

  /** Starts a member's process; `others` are the initial cluster. */
  launch(peer: Peer, others: readonly Peer[], state: 'new' | 'existing'): void {
    const url = `https://${peer.address}:${peer.clientPort}`;
    const { cert, key } = this.pair;
    const tls = ['', 'peer-'].flatMap(prefix => [
      `--${prefix}cert-file=${cert}`, `--${prefix}key-file=${key}`, `--${prefix}trusted-ca-file=${this.ca.cert}`, `--${prefix}client-cert-auth`,
    ]);
    peer.process = spawn('etcd', [
      `--name=${peer.name}`, `--data-dir=${peer.dataDir}`, `--listen-client-urls=${url}`, `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer.peerUrl}`, `--initial-advertise-peer-urls=${peer.peerUrl}`, '--log-level=warn', '--logger=zap',
      `--initial-cluster=${others.map(other => `${other.name}=${other.peerUrl}`).join(',')}`, `--initial-cluster-state=${state}`,
      // Slower than etcd's defaults: tests run many at a time, and a late heartbeat is no election that they mean.
      '--initial-cluster-token=test', '--heartbeat-interval=200', '--election-timeout=2000', ...tls, ...this.flags,
    ], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '' } });
    const log = createWriteStream(join(this.dir, `${peer.name}.log`), { flags: 'a' });
    peer.process.stderr?.pipe(log, { end: false });
    peer.process.stdout?.pipe(log, { end: false });
  }

  peer(index: number): Peer {
    const peer = this.peers[index];
    if (peer === undefined) throw new RangeError(`no member ${index}`);
    return peer;
  }

  /** How the tests reach a member. */
  access(index: number): EtcdAccess {
    const { address, clientPort } = this.peer(index);
    return { endpoint: { address, port: clientPort }, tls: { ca: this.ca.cert, cert: this.pair.cert, key: this.pair.key } };
  }

  async etcdctl(peer: Peer, ...args: readonly string[]): Promise<string> {
    const tls = [`--cacert=${this.ca.cert}`, `--cert=${this.pair.cert}`, `--key=${this.pair.key}`];
    const { stdout } = await run('etcdctl', [`--endpoints=https://${peer.address}:${peer.clientPort}`, ...tls, ...args], { env: { ...process.env, ETCDCTL_API: '3' } });
    return stdout;
  }

  /** Ends a member's process and waits for it. */
  async kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { process: child } = this.peer(index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  log(index: number): Promise<string> {
    return readFile(join(this.dir, `${this.peer(index).name}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.peers.map((_, index) => this.kill(index)));
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
