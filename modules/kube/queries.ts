/** What the cluster looks like, asked of one API server. @see https://kubernetes.io/docs/reference/kubernetes-api/ */
import { live, query } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { endpointsSchema, isTrue, leaseSchema, nodeSchema, parseList, podSchema, slicesSchema, versionSchema } from './objects';
import { ask, askJson, endpointOf, type Access } from './request';

/** How the API is reached; the parameter of all of these. */
export interface AccessParams { readonly access: Access }

export interface Readiness {
  readonly ready: boolean;
  /** Names of the checks that fail, or why there was no answer. */
  readonly failing: readonly string[];
}

/** Is the API server ready (`/readyz?verbose`)? A server that does not answer is not ready; which is said in `failing`. */
export const readyz = query<AccessParams, Readiness>({
  name: 'kube.readyz',
  subject: ({ access }) => endpointOf(access),
  inspect: ({ access }) => live(on => readReadiness(on, access)),
});

/** The body of `kube.readyz`, for other modules. */
export async function readReadiness(on: Target, access: Access): Promise<Readiness> {
  const { status, text } = await ask(on, access, { method: 'GET', path: '/readyz?verbose' });
  return { ready: status === 200, failing: parseReadyz(status, text) };
}

/** The failing checks of `/readyz?verbose`: its lines `[-]etcd failed: reason withheld`. */
export function parseReadyz(status: number, text: string): string[] {
  if (status === 200) return [];
  const failing = text.split('\n').filter(line => line.startsWith('[-]')).map(line => line.slice(3).split(' ')[0] ?? '');
  return failing.length > 0 ? failing : [`status ${status}`];
}

export interface Node {
  readonly name: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly addresses: readonly string[];
  readonly kubeletVersion: string;
}

/** All nodes. */
export const nodes = query<AccessParams, readonly Node[]>({
  name: 'kube.nodes',
  subject: () => 'nodes',
  inspect: ({ access }) => live(on => readNodes(on, access)),
});

/** The body of `kube.nodes`, for other modules. */
export async function readNodes(on: Target, access: Access): Promise<readonly Node[]> {
  const list = parseList(nodeSchema, await askJson(on, access, { method: 'GET', path: '/api/v1/nodes' }));
  return list.map(node => ({
    name: node.metadata.name,
    ready: isTrue(node.status?.conditions, 'Ready'),
    schedulable: node.spec?.unschedulable !== true,
    addresses: node.status?.addresses?.map(each => each.address) ?? [],
    kubeletVersion: node.status?.nodeInfo?.kubeletVersion ?? 'unknown',
  }));
}

export interface Pod { readonly name: string; readonly uid: string; readonly node: string | undefined; readonly ready: boolean; readonly leaving: boolean }
export interface PodsParams extends AccessParams {
  readonly namespace: string;
  /** Label selector, `app=x`. */
  readonly selector?: string;
}

/** The pods of a namespace. */
export const pods = query<PodsParams, readonly Pod[]>({
  name: 'kube.pods',
  subject: ({ namespace }) => `pods of ${namespace}`,
  inspect: params => live(on => listPods(on, params)),
});

/** The body of `kube.pods`, for other modules. */
export async function listPods(on: Target, { access, namespace, selector }: PodsParams): Promise<readonly Pod[]> {
  const filter = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const list = parseList(podSchema, await askJson(on, access, { method: 'GET', path: `/api/v1/namespaces/${namespace}/pods${filter}` }));
  return list.map(pod => ({
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
    node: pod.spec?.nodeName,
    ready: isTrue(pod.status?.conditions, 'Ready'),
    leaving: pod.metadata.deletionTimestamp !== undefined,
  }));
}

export interface Holder {
  /** `kube-controller-manager`, `kube-scheduler`. */
  readonly component: string;
  /** The holder's identity up to the first `_`: a host name. `undefined` when nobody holds it. */
  readonly host: string | undefined;
  readonly identity: string;
  readonly renewTime: string;
  /** Seconds. */
  readonly duration: number;
}

/** Which locks are looked at: newer components hold a Lease, older ones an annotation of Endpoints (hazard K9). */
export interface HoldersParams extends AccessParams { readonly components?: readonly string[] }

/** Who holds the leader locks of controller-manager and scheduler. */
export const holders = query<HoldersParams, readonly Holder[]>({
  name: 'kube.holders',
  subject: () => 'leader locks',
  inspect: params => live(on => readHolders(on, params)),
});

/** The body of `kube.holders`, for other modules. */
export async function readHolders(on: Target, { access, components = ['kube-controller-manager', 'kube-scheduler'] }: HoldersParams): Promise<readonly Holder[]> {
  return await Promise.all(components.map(component => readHolder(on, access, component)));
}

async function readHolder(on: Target, access: Access, component: string): Promise<Holder> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${component}`;
  const { status, text } = await ask(on, access, { method: 'GET', path });
  if (status === 200) {
    const { spec } = leaseSchema.parse(JSON.parse(text));
    return holder(component, { holderIdentity: spec?.holderIdentity, renewTime: spec?.renewTime, leaseDurationSeconds: spec?.leaseDurationSeconds });
  }
  const old = await ask(on, access, { method: 'GET', path: `/api/v1/namespaces/kube-system/endpoints/${component}` });
  const record = old.status === 200 ? endpointsSchema.parse(JSON.parse(old.text)).metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] : undefined;
  return holder(component, record === undefined ? {} : leaseSchema.shape.spec.parse(JSON.parse(record)) ?? {});
}

function holder(component: string, spec: { holderIdentity?: string | null | undefined; renewTime?: string | null | undefined; leaseDurationSeconds?: number | null | undefined }): Holder {
  const identity = spec.holderIdentity ?? '';
  return {
    component, identity,
    host: identity === '' ? undefined : identity.split('_')[0],
    renewTime: spec.renewTime ?? '',
    duration: spec.leaseDurationSeconds ?? 15,
  };
}

export interface ServiceEndpoints { readonly endpoints: readonly string[]; readonly slices: readonly string[] }

/** The addresses behind the service `kubernetes`, in Endpoints and in its EndpointSlices (empty where the API has none). */
export const apiEndpoints = query<AccessParams, ServiceEndpoints>({
  name: 'kube.apiEndpoints',
  subject: () => 'endpoints of service kubernetes',
  inspect: ({ access }) => live(on => readApiEndpoints(on, access)),
});

/** The body of `kube.apiEndpoints`, for other modules. */
export async function readApiEndpoints(on: Target, access: Access): Promise<ServiceEndpoints> {
  const endpoints = endpointsSchema.parse(await askJson(on, access, { method: 'GET', path: '/api/v1/namespaces/default/endpoints/kubernetes' }));
  return {
    endpoints: (endpoints.subsets ?? []).flatMap(subset => subset.addresses?.map(each => each.ip) ?? []).sort(),
    slices: await readSlices(on, access),
  };
}

async function readSlices(on: Target, access: Access): Promise<string[]> {
  for (const version of ['v1', 'v1beta1']) {
    const path = `/apis/discovery.k8s.io/${version}/namespaces/default/endpointslices?labelSelector=${encodeURIComponent('kubernetes.io/service-name=kubernetes')}`;
    const { status, text } = await ask(on, access, { method: 'GET', path });
    if (status === 200) return slicesSchema.parse(JSON.parse(text)).items.flatMap(slice => slice.endpoints?.flatMap(each => each.addresses) ?? []).sort();
  }
  return [];
}

/** The server's version, `v1.20.2`. */
export const version = query<AccessParams, string>({
  name: 'kube.version',
  subject: ({ access }) => endpointOf(access),
  inspect: ({ access }) => live(async on => versionSchema.parse(await askJson(on, access, { method: 'GET', path: '/version' })).gitVersion),
});
