import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from './client';
import type { Flags } from './flags';
import type { Log } from './log';
import { messageOf, standIn } from './log';
import type { JsonMap, KubeObject } from './objects';
import { at, listOf, mapOf, microTime, now, textOf } from './objects';

/** Times between two heartbeats and between two looks at the pods, in milliseconds; a heartbeat's lease in seconds. */
const heartbeatMs = 10_000;
const podsMs = 1000;
const leaseSeconds = 40;

/** The stand-in for kubelet: a node that is Ready while this process reaches the API, and pods that run in name only. */
export async function kubelet(flags: Flags, log: Log): Promise<void> {
  const client = new Client(flags.required('kubeconfig'));
  const name = flags.text('hostname-override', hostname());
  process.once('SIGTERM', () => process.exit(0));
  let isQuiet = true;
  for (let beat = 0; ; ) {
    try {
      if (Date.now() - beat >= heartbeatMs) {
        await heartbeat(client, name);
        beat = Date.now();
      }
      await runPods(client, name);
      if (!isQuiet) log('reaches the API again');
      isQuiet = true;
    } catch (error) {
      if (isQuiet) log(`cannot reach the API: ${messageOf(error)}`);
      isQuiet = false;
    }
    await sleep(podsMs);
  }
}

async function heartbeat(client: Client, name: string): Promise<void> {
  const found = await client.find('nodes', name);
  const node = found ?? (await client.create('nodes', undefined, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {} }));
  const old = listOf(at(node, 'status', 'conditions')).map(mapOf).find((each) => each['type'] === 'Ready');
  const since = old?.['status'] === 'True' ? textOf(old['lastTransitionTime']) : now();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: `${standIn} kubelet is posting ready status`, lastHeartbeatTime: now(), lastTransitionTime: since };
  const addresses = [{ type: 'InternalIP', address: name }, { type: 'Hostname', address: name }];
  const nodeInfo = { kubeletVersion: `v1.20.2-${standIn}`, osImage: standIn };
  await client.update('nodes', { ...node, status: { addresses, nodeInfo, conditions: [ready], capacity: { pods: '110' }, allocatable: { pods: '110' } } }, '/status');
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: microTime() };
  const lease = await client.find('leases', name, 'kube-node-lease');
  if (lease === undefined) await client.create('leases', 'kube-node-lease', { metadata: { name }, spec });
  else await client.update('leases', { ...lease, spec });
}

async function runPods(client: Client, name: string): Promise<void> {
  for (const pod of await client.list('pods', undefined, `?fieldSelector=spec.nodeName%3D${name}`)) {
    if (pod.metadata.deletionTimestamp !== undefined) await client.remove('pods', pod, '?gracePeriodSeconds=0');
    else if (at(pod, 'status', 'phase') !== 'Running') await client.update('pods', { ...pod, status: running(pod, name) }, '/status');
  }
}

function running(pod: KubeObject, node: string): JsonMap {
  const containers = listOf(at(pod, 'spec', 'containers')).map((each): JsonMap => ({
    name: textOf(at(each, 'name')),
    image: textOf(at(each, 'image')),
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: now() } },
  }));
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type): JsonMap => ({ type, status: 'True', lastTransitionTime: now() }));
  return { phase: 'Running', hostIP: node, startTime: now(), conditions, containerStatuses: containers };
}
