import type { Json, JsonMap, KubeObject } from './objects';
import { at, listOf, mapOf, numberOf, textOf } from './objects';
import type { Resource } from './resources';

/** A column of `kubectl get`: its title and what stands in it. */
type Column = readonly [title: string, cell: (object: KubeObject) => Json];

const name: Column = ['Name', (object) => object.metadata.name];
const age: Column = ['Age', (object) => ageOf(object.metadata.creationTimestamp)];

const columns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [name, ['Status', (object) => textOf(at(object, 'status', 'phase'))], age],
  Node: [
    name,
    ['Status', (object) => nodeStatus(object)],
    ['Roles', () => '<none>'],
    age,
    ['Version', (object) => textOf(at(object, 'status', 'nodeInfo', 'kubeletVersion'))],
  ],
  Pod: [
    name,
    ['Ready', (object) => `${readyContainers(object)}/${listOf(at(object, 'spec', 'containers')).length}`],
    ['Status', (object) => (object.metadata.deletionTimestamp === undefined ? textOf(at(object, 'status', 'phase')) : 'Terminating')],
    ['Restarts', () => 0],
    age,
  ],
  ConfigMap: [name, ['Data', (object) => Object.keys(mapOf(object['data'])).length], age],
  Secret: [name, ['Type', (object) => textOf(object['type'])], ['Data', (object) => Object.keys(mapOf(object['data'])).length], age],
  Service: [
    name,
    ['Type', (object) => textOf(at(object, 'spec', 'type'))],
    ['Cluster-IP', (object) => textOf(at(object, 'spec', 'clusterIP'))],
    ['Port(s)', (object) => listOf(at(object, 'spec', 'ports')).map((port) => `${numberOf(at(port, 'port'), 0)}/TCP`).join(',')],
    age,
  ],
  Endpoints: [name, ['Endpoints', (object) => endpointsOf(object)], age],
  Deployment: [
    name,
    ['Ready', (object) => `${numberOf(at(object, 'status', 'readyReplicas'), 0)}/${numberOf(at(object, 'spec', 'replicas'), 1)}`],
    ['Up-to-date', (object) => at(object, 'status', 'updatedReplicas') ?? 0],
    ['Available', (object) => at(object, 'status', 'availableReplicas') ?? 0],
    age,
  ],
  Lease: [name, ['Holder', (object) => textOf(at(object, 'spec', 'holderIdentity'))], age],
};

/** The answer to `kubectl get` without `-o`: a table, printed by kubectl as it is. */
export function tableOf(of: Resource, list: { items: readonly KubeObject[]; metadata: JsonMap }): JsonMap {
  const shown = columns[of.kind] ?? [name, age];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: list.metadata,
    columnDefinitions: shown.map(([title]): JsonMap => ({ name: title, type: 'string', format: title === 'Name' ? 'name' : '', description: title, priority: 0 })),
    rows: list.items.map((object): JsonMap => ({
      cells: shown.map(([, cell]) => cell(object)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

function nodeStatus(object: KubeObject): string {
  const ready = listOf(at(object, 'status', 'conditions')).find((each) => at(each, 'type') === 'Ready');
  const text = at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec', 'unschedulable') === true ? `${text},SchedulingDisabled` : text;
}

function readyContainers(object: KubeObject): number {
  return listOf(at(object, 'status', 'containerStatuses')).filter((each) => at(each, 'ready') === true).length;
}

function endpointsOf(object: KubeObject): string {
  const found = listOf(object['subsets']).flatMap((subset) => listOf(at(subset, 'addresses')).map((address) => {
    return `${textOf(at(address, 'ip'))}:${numberOf(at(listOf(at(subset, 'ports'))[0], 'port'), 0)}`;
  }));
  return found.length === 0 ? '<none>' : found.join(',');
}

function ageOf(created: string | undefined): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(created ?? '')) / 1000));
  if (!Number.isFinite(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
