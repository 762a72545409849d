import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Client } from './client';
import type { Log } from './log';
import { messageOf } from './log';
import type { JsonMap, KubeObject } from './objects';
import { mapOf, microTime, numberOf, textOf } from './objects';

/** The times of Kubernetes' leader election and the lease it is about. */
export interface ElectionOptions {
  /** The lease's name in kube-system. */
  readonly name: string;
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
  readonly log: Log;
}

/**
 * Takes the lease as client-go does: another holder's is taken only after nobody renewed it for its whole duration, by
 * this process' own clock. The lease is not released on exit.
 */
export class Election {
  private readonly identity = `${hostname()}_${randomUUID()}`;
  private observed = { renewTime: '', at: 0 };

  constructor(private readonly client: Client, private readonly options: ElectionOptions) {}

  /** Waits until this process holds the lease. */
  async acquire(): Promise<void> {
    const { log, name, retryMs } = this.options;
    log(`waits for the lease kube-system/${name} as ${this.identity}`);
    for (;;) {
      if (await this.tryHold()) break;
      await sleep(retryMs);
    }
    log(`became leader of kube-system/${name}`);
  }

  /** Renews until the lease is lost. */
  async hold(): Promise<void> {
    const { renewDeadlineMs, retryMs } = this.options;
    let renewed = Date.now();
    while (Date.now() - renewed < renewDeadlineMs) {
      await sleep(retryMs);
      if (await this.tryHold()) renewed = Date.now();
    }
  }

  private async tryHold(): Promise<boolean> {
    try {
      const lease = await this.client.find('leases', this.options.name, 'kube-system');
      if (lease === undefined) {
        await this.client.create('leases', 'kube-system', { metadata: { name: this.options.name }, spec: this.spec({}) });
        return true;
      }
      const spec = mapOf(lease['spec']);
      if (!this.mayTake(spec)) return false;
      await this.client.update('leases', { ...lease, spec: this.spec(spec) } satisfies KubeObject);
      return true;
    } catch (error) {
      this.options.log(`cannot take or renew the lease: ${messageOf(error)}`);
      return false;
    }
  }

  private mayTake(spec: JsonMap): boolean {
    const holder = textOf(spec['holderIdentity']);
    const renewTime = textOf(spec['renewTime']);
    if (renewTime !== this.observed.renewTime) this.observed = { renewTime, at: Date.now() };
    return holder === this.identity || holder === '' || Date.now() - this.observed.at > this.options.leaseMs;
  }

  private spec(old: JsonMap): JsonMap {
    const isMine = old['holderIdentity'] === this.identity;
    const time = microTime();
    return {
      holderIdentity: this.identity,
      leaseDurationSeconds: this.options.leaseMs / 1000,
      acquireTime: isMine ? textOf(old['acquireTime']) : time,
      renewTime: time,
      leaseTransitions: numberOf(old['leaseTransitions'], 0) + (isMine || old['holderIdentity'] === undefined ? 0 : 1),
    };
  }
}
