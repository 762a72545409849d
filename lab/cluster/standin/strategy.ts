import type { KubeObject } from './objects';
import { at, mapOf, now, textOf } from './objects';
import type { Resource } from './resources';

/** How long a pod may take to stop when nobody says, in seconds. */
const podGraceSeconds = 30;

/** What the API adds to a new object of some kinds. */
export function withDefaults(of: Resource, object: KubeObject): KubeObject {
  const spec = mapOf(object['spec']);
  switch (of.kind) {
    case 'Namespace':
      return { ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    case 'Pod':
      return { ...object, spec: { restartPolicy: 'Always', ...spec }, status: { phase: 'Pending' } };
    case 'Deployment':
    case 'ReplicaSet':
      return { ...object, spec: { replicas: 1, ...spec }, status: { replicas: 0 } };
    case 'Secret':
      return { type: 'Opaque', ...object, data: { ...mapOf(object['data']), ...encoded(object) }, stringData: undefined };
    case 'Node':
      return { ...object, spec, status: mapOf(object['status']) };
    default:
      return object;
  }
}

/**
 * Marks an object for deletion where somebody else has to finish it: a namespace, a pod on a node, what has finalizers.
 * @param grace seconds that a pod gets; 0 does not wait for its node.
 * @returns undefined when it may go at once.
 */
export function withDeletion(of: Resource, object: KubeObject, grace: number | undefined): KubeObject | undefined {
  if (of.kind === 'Namespace') {
    return { ...object, metadata: marked(object, 0), status: { ...mapOf(object['status']), phase: 'Terminating' } };
  }
  if ((object.metadata.finalizers ?? []).length > 0) return { ...object, metadata: marked(object, 0) };
  const isOnNode = of.kind === 'Pod' && textOf(at(object, 'spec', 'nodeName')) !== '';
  return isOnNode && grace !== 0 ? { ...object, metadata: marked(object, grace ?? podGraceSeconds) } : undefined;
}

function marked(object: KubeObject, grace: number): KubeObject['metadata'] {
  return { ...object.metadata, deletionTimestamp: object.metadata.deletionTimestamp ?? now(), deletionGracePeriodSeconds: grace };
}

function encoded(object: KubeObject): Record<string, string> {
  return Object.fromEntries(Object.entries(mapOf(object['stringData'])).map(([key, value]) => [key, Buffer.from(textOf(value)).toString('base64')]));
}
