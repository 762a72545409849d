import { Client } from './client';
import type { Flags } from './flags';
import { lead } from './lead';
import type { Log } from './log';
import type { KubeObject } from './objects';
import { at, listOf, textOf } from './objects';

/** The stand-in for kube-scheduler: puts each waiting pod on the Ready node with the fewest pods. */
export async function scheduler(flags: Flags, log: Log): Promise<void> {
  const client = new Client(flags.required('kubeconfig'));
  await lead(client, { flags, name: 'kube-scheduler', log, round: () => schedule(client, log) });
}

async function schedule(client: Client, log: Log): Promise<void> {
  const pods = await client.list('pods');
  const waiting = pods.filter((pod) => nodeOf(pod) === '' && pod.metadata.deletionTimestamp === undefined);
  if (waiting.length === 0) return;
  const load = new Map((await client.list('nodes')).filter(mayRun).map((node) => [node.metadata.name, 0]));
  for (const pod of pods) load.set(nodeOf(pod), (load.get(nodeOf(pod)) ?? Infinity) + 1);
  load.delete('');
  for (const pod of waiting) {
    const [node] = [...load].filter(([, count]) => Number.isFinite(count)).sort((a, b) => a[1] - b[1])[0] ?? [];
    if (node === undefined) {
      log(`no node is Ready for ${pod.metadata.name}`);
      return;
    }
    await client.post('pods', pod, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target: { kind: 'Node', name: node } });
    load.set(node, (load.get(node) ?? 0) + 1);
  }
}

function nodeOf(pod: KubeObject): string {
  return textOf(at(pod, 'spec', 'nodeName'));
}

function mayRun(node: KubeObject): boolean {
  const isReady = listOf(at(node, 'status', 'conditions')).some((each) => at(each, 'type') === 'Ready' && at(each, 'status') === 'True');
  return isReady && at(node, 'spec', 'unschedulable') !== true;
}
