/** A client that writes without a break and without a retry, and knows what was acknowledged. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import type { EtcdAccess } from '../../../modules/etcd';
import { endpointText } from '../../../modules/etcd/access';

export class Writer implements AsyncDisposable {
  readonly acknowledged: string[] = [];
  readonly failures: string[] = [];
  #stopped = false;
  #loop: Promise<void>;

  private constructor(private readonly client: Etcd3, everyMs: number) {
    this.#loop = this.#write(everyMs);
  }

  static async start({ endpoint, tls }: EtcdAccess, everyMs = 20): Promise<Writer> {
    const [rootCertificate, certChain, privateKey] = await Promise.all([readFile(tls.ca), readFile(tls.cert), readFile(tls.key)]);
    return new Writer(new Etcd3({
      hosts: `https://${endpointText(endpoint)}`,
      credentials: { rootCertificate, certChain, privateKey },
      faultHandling: { host: () => noop, global: noop },
      grpcOptions: { 'grpc.ssl_target_name_override': 'etcd.example' },
    }), everyMs);
  }

  async #write(everyMs: number): Promise<void> {
    for (let count = 0; !this.#stopped; count += 1) {
      const key = `write/${String(count).padStart(6, '0')}`;
      await this.client.put(key).value(count).then(() => this.acknowledged.push(key), (error: unknown) => this.failures.push(`${key}: ${String(error)}`));
      await pause(everyMs);
    }
  }

  /** Stops, and reads back what was acknowledged. @returns keys that are not there */
  async stop(): Promise<string[]> {
    this.#stopped = true;
    await this.#loop;
    const present = new Set(await this.client.getAll().prefix('write/').keys());
    return this.acknowledged.filter(key => !present.has(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    this.client.close();
  }
}
