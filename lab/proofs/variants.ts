/** Clusters that are not built as in the article, and masters that leave in other ways. */
import { setTimeout as pause } from 'node:timers/promises';
import { startClients } from '../clients/clients';
import { etcdctl, loadCluster } from '../cluster/cluster';
import { clusterStatus } from '../cluster/status';
import { killHost, runOnHost, type Lab } from '../lab';
import type { Leaving } from './outcome';
import { proveRun } from './prove-run';
import { onCluster, type CaseCluster, type CaseContext, type CaseResult, type Proof, type ProofCase } from './proof';
import { bestKube } from './real';

const [M1, M2, M3] = ['172.72.0.95', '172.72.0.96', '172.72.0.97'];
/** No request fails for so long: the loss is over. */
const SETTLED_MS = 20_000;
const SETTLING_TRIES = 9;
const TWO = { leaving: [M2, M3] };

interface Variant {
  readonly name: string;
  /** Differs from the article's cluster in this. */
  readonly cluster?: Partial<CaseCluster>;
  readonly who?: Leaving;
  /** Done to the cluster before the run. */
  readonly before?: (lab: Lab) => Promise<void>;
}

const VARIANTS: readonly Variant[] = [
  { name: 'five masters become two', cluster: { masters: 5 }, who: { leaving: ['172.72.0.93', '172.72.0.95', M3] } },
  { name: 'one of three masters leaves', who: { leaving: [M2] } },
  { name: 'ECDSA certificates', cluster: { cluster: { key: 'ec' } } },
  { name: 'other directory and unit names', cluster: { cluster: { certDir: '/opt/certs', units: 'k8s-' } } },
  { name: 'the etcd leader leaves', before: lab => lead(lab, M3) },
  { name: 'the etcd leader stays', before: lab => lead(lab, M1) },
  { name: 'tokens are signed with the API server\'s own key', cluster: { cluster: { saKey: 'apiserver' } } },
  { name: 'a user with a password for sudo', cluster: { user: { name: 'ops', sudoPassword: 'correct horse' } } },
  { name: 'a leaving master is dead', who: { leaving: [M2], dead: [M3] }, before: lab => lose(lab, M3) },
];

export const variants: Proof = {
  name: 'variants',
  title: 'Other clusters and other ways to leave',
  about: `The same as in the proof \`real\`, on clusters that differ from the article's in one thing each, with real Kubernetes 1.20.2 where its binaries are there and the lab's stand-in else (column "cluster").
Where nothing else is said, three masters become one.`,
  cases: VARIANTS.map(caseOf),
};

function caseOf({ name, cluster, who = TWO, before = () => Promise.resolve() }: Variant): ProofCase {
  return {
    name,
    run: async (context: CaseContext): Promise<CaseResult> => {
      const kube = await bestKube();
      const whole: CaseCluster = { masters: 3, nodes: 2, ...cluster, cluster: { ...cluster?.cluster, kube } };
      return onCluster(whole, context, async bench => {
        await before(bench.lab);
        const result = await proveRun(bench, who);
        return { ...result, figures: { cluster: kube, ...result.figures } };
      });
    },
  };
}

/** A master loses power. What that alone costs is over before the run: API servers that spoke to its etcd answer with errors for a while. */
async function lose(lab: Lab, master: string): Promise<void> {
  await killHost(lab, master);
  for (let tries = 0; tries < SETTLING_TRIES; tries++) {
    const clients = await startClients(lab, { hosts: lab.hosts.filter(host => host.address !== master).slice(0, 3).map(host => host.address) });
    await pause(SETTLED_MS);
    if ((await clients.stop()).failed === 0) return;
  }
  throw new Error(`requests still fail ${SETTLING_TRIES * SETTLED_MS / 1000} s after ${master} lost power`);
}

/** Makes a master's member the leader of etcd. */
async function lead(lab: Lab, master: string): Promise<void> {
  const cluster = await loadCluster(lab);
  const leader = (await clusterStatus(lab))?.members.find(member => member.isLeader);
  if (leader === undefined) throw new Error('etcd has no leader');
  if (leader.name === master) return;
  const { stdout } = await runOnHost(lab, leader.name, etcdctl(cluster, 'member list'));
  const id = stdout.split('\n').find(line => line.split(', ')[2] === master)?.split(', ')[0];
  if (id === undefined) throw new Error(`etcd has no member ${master}`);
  await runOnHost(lab, leader.name, etcdctl(cluster, `move-leader ${id}`));
}
