import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';

import { Client } from './client';
import type { Workloads } from './deployments';
import { syncDeployments, syncReplicaSets } from './deployments';
import type { Flags } from './flags';
import { lead } from './lead';
import type { Log } from './log';
import { messageOf } from './log';
import type { KubeObject } from './objects';
import { ApiError, at, listOf, mapOf, now, textOf } from './objects';
import { resources } from './resources';
import { readSigningKey, secretClaims, signToken } from './tokens';

/** How long a node may be silent before it is no longer Ready, in milliseconds, as in Kubernetes. */
const nodeGraceMs = 40_000;

/** The stand-in for kube-controller-manager: runs its controllers while it holds kube-system/kube-controller-manager. */
export async function controllerManager(flags: Flags, log: Log): Promise<void> {
  const client = new Client(flags.required('kubeconfig'));
  const key = readSigningKey(flags.required('service-account-private-key-file'));
  const controllers: readonly ((view: View) => Promise<void>)[] = [
    (view) => syncDeployments(client, view),
    (view) => syncReplicaSets(client, view),
    (view) => nodeLifecycle(client, view),
    (view) => serviceAccounts(client, view, key),
    (view) => garbage(client, view),
    (view) => namespaces(client, view),
  ];
  const round = async (): Promise<void> => {
    const view = await look(client);
    for (const controller of controllers) {
      await controller(view).catch((error: unknown) => {
        // Somebody else was faster: the next round sees what they did.
        if (!(error instanceof ApiError) || error.code !== 409) log(`a controller failed: ${messageOf(error)}`);
      });
    }
  };
  await lead(client, { flags, name: 'kube-controller-manager', log, round });
}

/** Everything the controllers look at, read once for each round. */
interface View extends Workloads {
  readonly nodes: readonly KubeObject[];
  readonly nodeLeases: readonly KubeObject[];
  readonly namespaces: readonly KubeObject[];
  readonly accounts: readonly KubeObject[];
}

async function look(client: Client): Promise<View> {
  const [deployments, replicaSets, pods, nodes, nodeLeases, namespaces, accounts] = await Promise.all([
    client.list('deployments'),
    client.list('replicasets'),
    client.list('pods'),
    client.list('nodes'),
    client.list('leases', 'kube-node-lease'),
    client.list('namespaces'),
    client.list('serviceaccounts'),
  ]);
  return { deployments, replicaSets, pods, nodes, nodeLeases, namespaces, accounts };
}

/** Marks nodes whose kubelet no longer renews its lease. */
async function nodeLifecycle(client: Client, view: View): Promise<void> {
  const leases = new Map(view.nodeLeases.map((lease) => [lease.metadata.name, lease]));
  for (const node of view.nodes) {
    const conditions = listOf(at(node, 'status', 'conditions')).map(mapOf);
    const ready = conditions.find((each) => each['type'] === 'Ready');
    // A node that has just come has no lease yet.
    const renewed = textOf(at(leases.get(node.metadata.name), 'spec', 'renewTime')) || textOf(ready?.['lastHeartbeatTime']);
    if (Date.now() - Date.parse(renewed) < nodeGraceMs || ready?.['status'] !== 'True') continue;
    const unknown = { ...ready, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: now() };
    await client.update('nodes', { ...node, status: { ...mapOf(node['status']), conditions: [...conditions.filter((each) => each !== ready), unknown] } }, '/status');
  }
}

/** Gives every namespace its service account `default`, and every service account a secret with a token. */
async function serviceAccounts(client: Client, { accounts, ...view }: View, key: KeyObject): Promise<void> {
  const withDefault = new Set(accounts.filter((each) => each.metadata.name === 'default').map((each) => each.metadata.namespace));
  for (const { metadata } of view.namespaces.filter((each) => each.metadata.deletionTimestamp === undefined)) {
    if (!withDefault.has(metadata.name)) await client.create('serviceaccounts', metadata.name, { metadata: { name: 'default' } });
  }
  for (const account of accounts.filter((each) => listOf(each['secrets']).length === 0)) await tokenSecret(client, account, key);
}

async function tokenSecret(client: Client, account: KubeObject, key: KeyObject): Promise<void> {
  const { name, namespace = 'default', uid = '' } = account.metadata;
  const secret = `${name}-token-${randomBytes(4).toString('hex').slice(0, 5)}`;
  const token = signToken(key, secretClaims({ namespace, name, uid, secret }));
  const annotations = { 'kubernetes.io/service-account.name': name, 'kubernetes.io/service-account.uid': uid };
  const data = { namespace: base64(namespace), token: base64(token) };
  await client.create('secrets', namespace, { metadata: { name: secret, annotations }, type: 'kubernetes.io/service-account-token', data });
  await client.update('serviceaccounts', { ...account, secrets: [{ name: secret }] });
}

/** Deletes what belongs to an owner that is gone. */
async function garbage(client: Client, view: View): Promise<void> {
  const all = [
    { plural: 'deployments', items: view.deployments },
    { plural: 'replicasets', items: view.replicaSets },
    { plural: 'pods', items: view.pods },
  ];
  const owners = ['Deployment', 'ReplicaSet', 'Pod'];
  const known = new Set(all.flatMap(({ items }) => items.map((each) => each.metadata.uid)));
  for (const { plural, items } of all) {
    const orphans = items.filter(({ metadata }) => metadata.ownerReferences?.some((each) => owners.includes(each.kind) && !known.has(each.uid)));
    for (const orphan of orphans.filter((each) => each.metadata.deletionTimestamp === undefined)) await client.remove(plural, orphan);
  }
}

/** Empties namespaces that are being deleted, then lets them go. */
async function namespaces(client: Client, view: View): Promise<void> {
  const leaving = view.namespaces.filter((each) => each.metadata.deletionTimestamp !== undefined);
  for (const namespace of leaving) {
    const content = await Promise.all(resources.filter((each) => each.namespaced).map(async ({ plural }) => ({ plural, items: await client.list(plural, namespace.metadata.name) })));
    for (const { plural, items } of content) for (const item of items) await client.remove(plural, item);
    if (content.every(({ items }) => items.length === 0)) await client.update('namespaces', namespace, '/finalize');
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
