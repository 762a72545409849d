import type { Json, JsonMap } from './objects';

/** A resource that the stand-in serves. */
export interface Resource {
  /** API group, empty for the core. */
  readonly group: string;
  readonly version: string;
  /** The name in paths, `configmaps`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly subresources?: readonly string[];
  /** True for what is only asked and never kept, such as a review of a token. */
  readonly isReview?: boolean;
}

const core = { group: '', version: 'v1' };
const apps = { group: 'apps', version: 'v1' };

/** Every resource, in the order of discovery. */
export const resources: readonly Resource[] = [
  { ...core, plural: 'namespaces', kind: 'Namespace', namespaced: false, shortNames: ['ns'], subresources: ['status', 'finalize'] },
  { ...core, plural: 'nodes', kind: 'Node', namespaced: false, shortNames: ['no'], subresources: ['status'] },
  { ...core, plural: 'pods', kind: 'Pod', namespaced: true, shortNames: ['po'], subresources: ['status', 'binding', 'eviction'] },
  { ...core, plural: 'configmaps', kind: 'ConfigMap', namespaced: true, shortNames: ['cm'] },
  { ...core, plural: 'secrets', kind: 'Secret', namespaced: true },
  { ...core, plural: 'services', kind: 'Service', namespaced: true, shortNames: ['svc'] },
  { ...core, plural: 'endpoints', kind: 'Endpoints', namespaced: true, shortNames: ['ep'] },
  { ...core, plural: 'events', kind: 'Event', namespaced: true, shortNames: ['ev'] },
  { ...core, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true, shortNames: ['sa'], subresources: ['token'] },
  { ...apps, plural: 'deployments', kind: 'Deployment', namespaced: true, shortNames: ['deploy'], subresources: ['status', 'scale'] },
  { ...apps, plural: 'replicasets', kind: 'ReplicaSet', namespaced: true, shortNames: ['rs'], subresources: ['status', 'scale'] },
  { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
  { group: 'discovery.k8s.io', version: 'v1beta1', plural: 'endpointslices', kind: 'EndpointSlice', namespaced: true },
  { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews', kind: 'TokenReview', namespaced: false, isReview: true },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    namespaced: false,
    isReview: true,
  },
];

/** The resource at a path, undefined when the stand-in does not serve it. */
export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return resources.find((each) => each.group === group && each.version === version && each.plural === plural);
}

/** The resource of a plural name; for the stand-in's own use. */
export function resource(plural: string): Resource {
  const found = resources.find((each) => each.plural === plural);
  if (found === undefined) throw new Error(`the stand-in has no resource ${plural}`);
  return found;
}

/** `apps/v1`, or `v1` for the core group. */
export function groupVersion(of: { readonly group: string; readonly version: string }): string {
  return of.group === '' ? of.version : `${of.group}/${of.version}`;
}

/** The path of a resource's list, or of one object. */
export function resourcePath(of: Resource, namespace?: string, name?: string): string {
  const base = of.group === '' ? `/api/${of.version}` : `/apis/${of.group}/${of.version}`;
  const scope = of.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${base}${scope}/${of.plural}${name === undefined ? '' : `/${name}`}`;
}

/** The answer to a discovery path, undefined when the path is none. */
export function discovery(path: string): JsonMap | undefined {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  const groups = [...new Set(resources.map((each) => each.group))].filter((group) => group !== '');
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(apiGroup) };
  const group = groups.find((each) => path === `/apis/${each}`);
  if (group !== undefined) return apiGroup(group);
  const found = resources.filter((each) => path === (each.group === '' ? '/api/v1' : `/apis/${groupVersion(each)}`));
  const first = found[0];
  if (first === undefined) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersion(first), resources: found.flatMap(apiResources) };
}

function apiGroup(name: string): JsonMap {
  const versions = [...new Set(resources.filter((each) => each.group === name).map((each) => each.version))];
  const entries = versions.map((version): JsonMap => ({ groupVersion: `${name}/${version}`, version }));
  return { kind: 'APIGroup', apiVersion: 'v1', name, versions: entries, preferredVersion: entries[0] ?? {} };
}

function apiResources(of: Resource): Json[] {
  const verbs: Json[] = of.isReview === true
    ? ['create']
    : ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const categories: Json[] = ['pods', 'services', 'deployments', 'replicasets'].includes(of.plural) ? ['all'] : [];
  const base = { singularName: '', namespaced: of.namespaced, kind: of.kind };
  const main: JsonMap = { ...base, name: of.plural, verbs, shortNames: [...(of.shortNames ?? [])], categories };
  const below = (of.subresources ?? []).map((name): JsonMap => ({ ...base, name: `${of.plural}/${name}`, verbs: ['create', 'get', 'patch', 'update'] }));
  return [main, ...below];
}
