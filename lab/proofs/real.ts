/** Five runs on real Kubernetes: the claim of the whole project. */
import { findKubeBinaries } from '../cluster/binaries';
import type { KubeKind } from '../cluster/options';
import { proveRun } from './prove-run';
import { onCluster, type CaseContext, type CaseResult, type Proof } from './proof';

const RUNS = 5;
const LEAVING = ['172.72.0.96', '172.72.0.97'];

export const real: Proof = {
  name: 'real',
  title: 'Real Kubernetes 1.20: three masters become one',
  about: `Three masters and two nodes with real Kubernetes 1.20.2; clients on a kept master, a leaving master and a node read and write through 127.0.0.1:8443,
ten times a second each, a new connection for each request and no second try. The playbook takes two masters away, then runs a second time. No request may fail, every acknowledged
write must be there at the end, the second run must change nothing, and the cluster must be as it should be in every detail that is looked at past Runsheet: members, endpoints, leases,
nodes, units, certificates on disk and as served, flags on disk and in force, every host's proxy.`,
  cases: Array.from({ length: RUNS }, (_, i) => ({ name: `run ${i + 1}`, run: once })),
};

async function once(context: CaseContext): Promise<CaseResult> {
  if (await bestKube() !== 'real') throw new Error('there are no binaries of real Kubernetes: set RUNSHEET_KUBE_DIR, or run npm run lab -- kube build');
  return onCluster({ masters: 3, nodes: 2, cluster: { kube: 'real' } }, context, bench => proveRun(bench, { leaving: LEAVING }));
}

/** Real Kubernetes where its binaries are, else the stand-in. */
export async function bestKube(): Promise<KubeKind> {
  return (await findKubeBinaries()) === undefined ? 'stand-in' : 'real';
}
