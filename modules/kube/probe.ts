/** A write that is read back, and a pod that comes back: proofs that the cluster works, which leave nothing behind. */
import { CheckError } from '../../core/errors';
import { command, live, query } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { pause } from './conditions';
import { leasePath } from './lease';
import { listPods, type AccessParams, type Pod } from './queries';
import { ask, askJson, endpointOf } from './request';

const MANAGED = { 'app.kubernetes.io/managed-by': 'runsheet' };
const PROBES = '/api/v1/namespaces/kube-system/configmaps';
const PROBE_LABEL = encodeURIComponent('app.kubernetes.io/managed-by=runsheet');

/** Writes a ConfigMap through this access, reads it back and deletes it. The value is the time it took, in milliseconds. */
export const writeProbe = command<AccessParams, undefined, number>({
  name: 'kube.writeProbe',
  reach: 'cluster',
  subject: ({ access }) => endpointOf(access),
  effect: 'converge',
  before: () => live(() => Promise.resolve(undefined)),
  describe: (_before, { access }) => `write, read and delete a ConfigMap through ${endpointOf(access)}`,
  run: async (on, { params: { access } }) => {
    const started = Date.now();
    const name = `runsheet-probe-${on.host.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}-${on.runId.toLowerCase()}`;
    await ask(on, access, { method: 'DELETE', path: `${PROBES}/${name}` });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system', labels: MANAGED }, data: { run: on.runId } };
    await askJson(on, access, { method: 'POST', path: PROBES, body });
    await askJson(on, access, { method: 'GET', path: `${PROBES}/${name}` });
    await askJson(on, access, { method: 'DELETE', path: `${PROBES}/${name}` });
    return Date.now() - started;
  },
  // Each of the three requests was answered with success, or `run` has failed.
  verify: () => Promise.resolve(true),
  undo: () => [],
  idle: () => 0,
});

/** Deletes probe ConfigMaps and the canary that killed runs left; returns how many there were. */
export const probesAbsent = command<AccessParams, readonly string[], number>({
  name: 'kube.probesAbsent',
  reach: 'cluster',
  subject: () => 'probe objects of dead runs',
  effect: 'converge',
  before: ({ access }) => live(on => leftovers(on, access)),
  describe: left => (left.length === 0 ? undefined : `delete ${left.join(', ')}`),
  run: async (on, { params: { access }, before }) => {
    for (const path of before) await ask(on, access, { method: 'DELETE', path });
    return before.length;
  },
  verify: async (on, { params: { access } }) => {
    const left = await leftovers(on, access);
    return left.length === 0 ? true : `still there: ${left.join(', ')}`;
  },
  undo: () => [],
  idle: () => 0,
});

export interface LeftoversParams extends AccessParams {
  /** Name of the Lease in kube-system by which a run says that it is at work; unless said, it is not looked for. */
  readonly lease?: string;
}

/** What runs that were killed left in the cluster: probe ConfigMaps, the canary unless it is being deleted, and the Lease; paths of the API. */
export const probeObjects = query<LeftoversParams, readonly string[]>({
  name: 'kube.probeObjects',
  subject: () => 'probe objects of dead runs',
  inspect: ({ access, lease }) => live(async on => {
    const found = await leftovers(on, access);
    if (lease === undefined) return found;
    const held = await ask(on, access, { method: 'GET', path: leasePath(lease) });
    return held.status === 200 ? [...found, leasePath(lease)] : found;
  }),
});

async function leftovers(on: Target, access: AccessParams['access']): Promise<readonly string[]> {
  const maps = parseNames(await askJson(on, access, { method: 'GET', path: `${PROBES}?labelSelector=${PROBE_LABEL}` }));
  const canary = await ask(on, access, { method: 'GET', path: CANARY_NAMESPACE_PATH });
  return [...maps.map(name => `${PROBES}/${name}`), ...(canary.status === 200 && !isLeaving(JSON.parse(canary.text)) ? [CANARY_NAMESPACE_PATH] : [])];
}

function isLeaving(namespace: unknown): boolean {
  return (namespace as { metadata?: { deletionTimestamp?: string } }).metadata?.deletionTimestamp !== undefined;
}

function parseNames(list: unknown): string[] {
  const { items } = list as { items?: readonly { readonly metadata: { readonly name: string } }[] | null };
  return (items ?? []).map(item => item.metadata.name);
}

const CANARY = 'runsheet-canary';
const CANARY_NAMESPACE_PATH = `/api/v1/namespaces/${CANARY}`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${CANARY}/deployments`;

export interface CanaryParams extends AccessParams {
  /** An image that the nodes have; it only has to stay up. Default `k8s.gcr.io/pause:3.2`. */
  readonly image?: string;
  /** Seconds that a pod may take to be Ready, 60. */
  readonly seconds?: number;
}

/**
 * Proves that controllers, scheduler and kubelets work: a Deployment in a namespace of its own, its pod deleted, and a new pod Ready.
 * The namespace is deleted at the end, also of a failure. The value is how long the new pod took, in milliseconds.
 */
export const canary = command<CanaryParams, undefined, number>({
  name: 'kube.canary',
  reach: 'cluster',
  subject: () => `pod in namespace ${CANARY}`,
  effect: 'converge',
  before: () => live(() => Promise.resolve(undefined)),
  describe: () => `create a pod in namespace ${CANARY}, delete it and see it come back`,
  run: async (on, { params }) => {
    await absent(on, params);
    try {
      await create(on, params);
      const first = await readyPod(on, params, undefined);
      await askJson(on, params.access, { method: 'DELETE', path: `${CANARY_NAMESPACE_PATH}/pods/${first.name}` });
      const deleted = Date.now();
      await readyPod(on, params, first.uid);
      return Date.now() - deleted;
    } finally {
      await ask(on, params.access, { method: 'DELETE', path: CANARY_NAMESPACE_PATH }).catch(() => undefined);
    }
  },
  // The new pod was seen Ready, or `run` has failed.
  verify: () => Promise.resolve(true),
  undo: () => [],
  idle: () => 0,
});

/** A namespace that is being deleted cannot be used again: wait until it is gone. */
async function absent(on: Target, { access, seconds = 60 }: CanaryParams): Promise<void> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const { status } = await ask(on, access, { method: 'GET', path: CANARY_NAMESPACE_PATH });
    if (status === 404) return;
    await ask(on, access, { method: 'DELETE', path: CANARY_NAMESPACE_PATH });
    if (Date.now() > until) throw new CheckError(`the namespace ${CANARY} of an earlier run is still being deleted after ${seconds} s`, `Look at: kubectl get namespace ${CANARY} -o yaml`);
    await pause(500, on.signal);
  }
}

async function create(on: Target, { access, image = 'k8s.gcr.io/pause:3.2' }: CanaryParams): Promise<void> {
  const labels = { app: CANARY, ...MANAGED };
  await askJson(on, access, { method: 'POST', path: '/api/v1/namespaces', body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: CANARY, labels: MANAGED } } });
  await askJson(on, access, { method: 'POST', path: DEPLOYMENTS, body: {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: CANARY, namespace: CANARY, labels },
    spec: {
      replicas: 1, selector: { matchLabels: { app: CANARY } },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [{ name: 'pause', image }] } },
    },
  } });
}

async function readyPod(on: Target, { access, seconds = 60 }: CanaryParams, not: string | undefined): Promise<Pod> {
  const until = Date.now() + seconds * 1000;
  let seen: readonly Pod[] = [];
  for (;;) {
    seen = await listPods(on, { access, namespace: CANARY, selector: `app=${CANARY}` });
    const pod = seen.find(each => each.ready && !each.leaving && each.uid !== not);
    if (pod !== undefined) return pod;
    if (Date.now() > until) {
      const last = seen.map(each => `${each.name} on ${each.node ?? 'no node'}`).join(', ') || 'no pod at all';
      throw new CheckError(`no ${not === undefined ? '' : 'new '}canary pod was Ready within ${seconds} s; seen: ${last}`, 'Controller-manager, scheduler or the nodes do not work, or the nodes lack the image: set canaryImage.');
    }
    await pause(300, on.signal);
  }
}
