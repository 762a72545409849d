import { setTimeout as sleep } from 'node:timers/promises';

import type { Log } from './log';
import { messageOf } from './log';
import type { KubeObject } from './objects';
import { ApiError } from './objects';
import { groupVersion, resource } from './resources';
import type { Place, Store } from './store';
import { withDefaults } from './strategy';

/** How long etcd may take to answer at the start, and the pause between two attempts, in milliseconds. */
const waitMs = 20_000;
const pauseMs = 200;

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Makes what a new cluster has: its namespaces and the service `kubernetes`.
 * @throws when etcd does not answer within 20 s, as the real apiserver gives up.
 */
export async function bootstrap(store: Store, log: Log): Promise<void> {
  const until = Date.now() + waitMs;
  for (;;) {
    try {
      for (const name of namespaces) await ensure(store, { resource: resource('namespaces'), namespace: undefined, name }, {});
      await ensure(store, { resource: resource('services'), namespace: 'default', name: 'kubernetes' }, { spec: service });
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      log(`waits for etcd: ${messageOf(error)}`);
      await sleep(pauseMs);
    }
  }
}

/** Makes an object unless it is there. */
export async function ensure(store: Store, place: Place, content: Omit<Partial<KubeObject>, 'metadata'>): Promise<void> {
  const object = { ...content, apiVersion: groupVersion(place.resource), kind: place.resource.kind, metadata: { name: place.name } };
  try {
    await store.create(place, withDefaults(place.resource, object));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
  }
}

const service = {
  type: 'ClusterIP',
  clusterIP: '10.254.0.1',
  ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
};
