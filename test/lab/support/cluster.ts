/** A lab with a cluster for the tests of one file: whole before the first, down after the last. */
import { afterAll, beforeAll } from 'vitest';
import { startCluster } from '../../../lab/cluster/cluster';
import { clusterSpec, type ClusterChoice } from '../../../lab/cluster/spec';
import { labDown, labUp, planHosts, runOnHost, type HostCounts, type Lab } from '../../../lab/lab';
import { removeOrphans, testLabName } from './lab';

// The root may have to be built first, and real Kubernetes takes a minute on a busy machine.
const UP_LIMIT_MS = 18 * 60_000;
const DOWN_LIMIT_MS = 120_000;

/** Boots a lab with a cluster for this file's tests. The function that is returned gives the lab, within tests and later hooks. */
export function useCluster(counts: HostCounts, choice: ClusterChoice): () => Lab {
  const name = testLabName();
  let lab: Lab | undefined;
  beforeAll(async () => {
    await removeOrphans();
    lab = await labUp({ name, hosts: await clusterSpec(planHosts(counts), choice) });
    await startCluster(lab);
  }, UP_LIMIT_MS);
  afterAll(async () => { await labDown(name); }, DOWN_LIMIT_MS);
  return () => {
    if (lab === undefined) throw new Error('The cluster is not up: call this within a test.');
    return lab;
  };
}

/** Marks servers `down` in the nginx of every host, and all others as up, and reloads it. */
export async function markDown(lab: Lab, servers: readonly string[]): Promise<void> {
  const conf = '/approot/data/k8s/kube-nginx/conf/kube-nginx.conf';
  const edits = [`s/ down;/;/`, ...servers.map((server) => `s/\\(server ${server}:6443.*\\);/\\1 down;/`)];
  await Promise.all(lab.hosts.map((host) => runOnHost(lab, host.name, `sed -i -e '${edits.join("' -e '")}' ${conf} && systemctl reload kube-nginx`)));
}

/** What `check` gives once it satisfies `isRight`. @throws the last failure, or what was seen, after `timeoutMs`. */
export async function eventually<T>(check: () => Promise<T>, isRight: (value: T) => boolean, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await check().then((value) => ({ value }), (error: unknown) => ({ error }));
    if ('value' in outcome && isRight(outcome.value)) return outcome.value;
    if (Date.now() > deadline) throw 'error' in outcome ? outcome.error : new Error(`After ${timeoutMs / 1000} s it was still ${JSON.stringify(outcome.value)}.`);
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }
}
