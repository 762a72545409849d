import { createHash, randomBytes } from 'node:crypto';

import type { Client } from './client';
import type { JsonMap, KubeObject } from './objects';
import { at, listOf, mapOf, now, numberOf, textOf } from './objects';

/** One look at what the controllers of deployments and replica sets work on. */
export interface Workloads {
  readonly deployments: readonly KubeObject[];
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

/** Keeps one replica set with the wanted template and number for each deployment, and its status true. */
export async function syncDeployments(client: Client, on: Workloads): Promise<void> {
  for (const deployment of on.deployments.filter(isLive)) {
    const template = mapOf(at(deployment, 'spec', 'template'));
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const name = `${deployment.metadata.name}-${hash}`;
    const replicas = numberOf(at(deployment, 'spec', 'replicas'), 1);
    const owned = on.replicaSets.filter((each) => isOwnedBy(each, deployment));
    const current = owned.find((each) => each.metadata.name === name);
    if (current === undefined) await client.create('replicasets', deployment.metadata.namespace, replicaSetFor(deployment, { name, hash, replicas, template }));
    for (const each of owned) await scaleTo(client, each, each === current ? replicas : 0);
    await writeStatus(client, 'deployments', deployment, deploymentStatus(deployment, current, replicas));
  }
}

/** Makes and deletes pods until each replica set has as many as it wants, and keeps its status true. */
export async function syncReplicaSets(client: Client, on: Workloads): Promise<void> {
  for (const set of on.replicaSets.filter(isLive)) {
    const wanted = numberOf(at(set, 'spec', 'replicas'), 1);
    const pods = on.pods.filter((pod) => isLive(pod) && isOwnedBy(pod, set));
    for (let missing = wanted - pods.length; missing > 0; missing -= 1) await client.create('pods', set.metadata.namespace, podFor(set));
    for (const pod of pods.slice(wanted)) await client.remove('pods', pod);
    const ready = pods.filter(isReady).length;
    const observedGeneration = set.metadata.generation ?? 1;
    await writeStatus(client, 'replicasets', set, { replicas: pods.length, fullyLabeledReplicas: pods.length, readyReplicas: ready, availableReplicas: ready, observedGeneration });
  }
}

/** True when another object is the controller of this one. */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).some((each) => each.uid === owner.metadata.uid);
}

function isLive(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp === undefined;
}

function isReady(pod: KubeObject): boolean {
  return listOf(at(pod, 'status', 'conditions')).some((each) => at(each, 'type') === 'Ready' && at(each, 'status') === 'True');
}

function ownerOf(object: KubeObject): JsonMap {
  const { name, uid } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function replicaSetFor(deployment: KubeObject, of: { name: string; hash: string; replicas: number; template: JsonMap }): JsonMap {
  const label = { 'pod-template-hash': of.hash };
  const labels = { ...mapOf(at(of.template, 'metadata', 'labels')), ...label };
  const selector = { matchLabels: { ...mapOf(at(deployment, 'spec', 'selector', 'matchLabels')), ...label } };
  const template = { ...of.template, metadata: { ...mapOf(of.template['metadata']), labels } };
  return { metadata: { name: of.name, labels, ownerReferences: [ownerOf(deployment)] }, spec: { replicas: of.replicas, selector, template } };
}

function podFor(set: KubeObject): JsonMap {
  const template = mapOf(at(set, 'spec', 'template'));
  const name = `${set.metadata.name}-${randomBytes(4).toString('hex').slice(0, 5)}`;
  return { metadata: { ...mapOf(template['metadata']), name, ownerReferences: [ownerOf(set)] }, spec: mapOf(template['spec']) };
}

async function scaleTo(client: Client, set: KubeObject, replicas: number): Promise<void> {
  if (at(set, 'spec', 'replicas') === replicas) return;
  await client.update('replicasets', { ...set, spec: { ...mapOf(set['spec']), replicas } });
}

function deploymentStatus(deployment: KubeObject, current: KubeObject | undefined, wanted: number): JsonMap {
  const status = mapOf(current?.['status']);
  const count = (key: string): number => numberOf(status[key], 0);
  const available = count('availableReplicas');
  const condition = (type: string, isTrue: boolean, reason: string): JsonMap => ({ type, status: isTrue ? 'True' : 'False', reason, lastUpdateTime: timeOf(deployment, type, isTrue) });
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: count('replicas'),
    updatedReplicas: count('replicas'),
    readyReplicas: count('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    conditions: [
      condition('Available', available >= wanted, available >= wanted ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable'),
      condition('Progressing', true, available >= wanted ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'),
    ],
  };
}

/** The time a condition last changed: the old one while it is the same. */
function timeOf(deployment: KubeObject, type: string, isTrue: boolean): string {
  const old = listOf(at(deployment, 'status', 'conditions')).find((each) => at(each, 'type') === type);
  return at(old, 'status') === (isTrue ? 'True' : 'False') ? textOf(at(old, 'lastUpdateTime')) : now();
}

async function writeStatus(client: Client, plural: string, object: KubeObject, status: JsonMap): Promise<void> {
  if (JSON.stringify(object['status']) === JSON.stringify(status)) return;
  await client.update(plural, { ...object, status }, '/status');
}
