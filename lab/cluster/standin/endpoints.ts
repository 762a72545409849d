import { ensure } from './bootstrap';
import type { Etcd } from './etcd';
import { prefixEnd } from './etcd';
import type { Log } from './log';
import { messageOf } from './log';
import type { JsonMap } from './objects';
import { resource } from './resources';
import type { Place, Store } from './store';

const prefix = '/registry/masterleases/';

/** Life of a server's entry in seconds and the time between two renewals in milliseconds, as in Kubernetes 1.20. */
const leaseSeconds = 15;
const renewMs = 10_000;

const endpoints: Place = { resource: resource('endpoints'), namespace: 'default', name: 'kubernetes' };
const slices: Place = { resource: resource('endpointslices'), namespace: 'default', name: 'kubernetes' };

/** Keeps this server in the endpoints of the service `kubernetes` for as long as its master lease lives. */
export class EndpointReconciler {
  private timer: NodeJS.Timeout | undefined;
  /** The renewal under way, or the last one. */
  private renewal: Promise<void> = Promise.resolve();

  constructor(private readonly etcd: Etcd, private readonly store: Store, private readonly of: { address: string; port: number; log: Log }) {}

  /** Enters this server and goes on renewing. */
  async start(): Promise<void> {
    await this.renew();
    this.timer = setInterval(() => {
      this.renewal = this.renew().catch((error: unknown) => this.of.log(`cannot renew the master lease: ${messageOf(error)}`));
    }, renewMs);
  }

  /** Takes this server out at once. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.renewal;
    await this.etcd.remove(`${prefix}${this.of.address}`);
    await this.write();
  }

  private async renew(): Promise<void> {
    await this.etcd.putWithTtl(`${prefix}${this.of.address}`, JSON.stringify({ address: this.of.address }), leaseSeconds);
    await this.write();
  }

  private async write(): Promise<void> {
    const { kvs } = await this.etcd.range(prefix, { end: prefixEnd(prefix) });
    const addresses = kvs.map((kv) => kv.key.slice(prefix.length)).sort();
    const ports = [{ name: 'https', port: this.of.port, protocol: 'TCP' }];
    const subsets = addresses.length === 0 ? [] : [{ addresses: addresses.map((ip) => ({ ip })), ports }];
    await this.put(endpoints, { subsets });
    const slice = addresses.map((address): JsonMap => ({ addresses: [address], conditions: { ready: true } }));
    await this.put(slices, { addressType: 'IPv4', endpoints: slice, ports }, { 'kubernetes.io/service-name': 'kubernetes' });
  }

  private async put(place: Place, content: JsonMap, labels: JsonMap = {}): Promise<void> {
    await ensure(this.store, place, content);
    await this.store.change(place, (old) => ({ ...old, ...content, metadata: { ...old.metadata, labels } }));
  }
}
