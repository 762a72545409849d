/** What a cluster must look like after masters left it, looked at past Runsheet and its modules. */
import { etcdctl, loadCluster } from '../cluster/cluster';
import { clusterHosts, paths, unitNames, type ClusterOptions } from '../cluster/options';
import { clusterStatus, type ClusterStatus } from '../cluster/status';
import { runOnHost, type Lab } from '../lab';

/** Who leaves and who is already gone; addresses. */
export interface Leaving {
  readonly leaving: readonly string[];
  /** Leaving masters without power. */
  readonly dead?: readonly string[];
}

/** The same with the cluster that they leave. */
interface Outcome {
  readonly lab: Lab;
  readonly cluster: ClusterOptions;
  readonly kept: readonly string[];
  /** Leaving masters that are on. */
  readonly leaving: readonly string[];
  readonly dead: readonly string[];
  /** Every host that is on. */
  readonly hosts: readonly string[];
}

/**
 * What is not as it should be once the masters have left, one sentence for each; empty when all is well: members, endpoints, leases, nodes,
 * units, data directories, certificates on disk and as served, flags on disk and in force, every host's proxy.
 */
export async function deviationsOf(lab: Lab, who: Leaving): Promise<readonly string[]> {
  const outcome = await outcomeOf(lab, who);
  const { kept, leaving, hosts } = outcome;
  const status = await clusterStatus(lab);
  if (status === undefined) return [`the lab "${lab.name}" has no cluster`];
  const found = await Promise.all([
    ...kept.flatMap(host => [certificates(outcome, host), served(outcome, host), flags(outcome, host)]),
    ...leaving.map(host => retired(outcome, host)),
    ...hosts.map(host => proxy(outcome, host)),
    quorum(outcome),
  ]);
  return [...fromStatus(outcome, status), ...found.flat()];
}

async function outcomeOf(lab: Lab, { leaving, dead = [] }: Leaving): Promise<Outcome> {
  const cluster = await loadCluster(lab);
  return {
    lab, cluster, dead,
    kept: cluster.masters.filter(host => !leaving.includes(host) && !dead.includes(host)),
    leaving: leaving.filter(host => !dead.includes(host)),
    hosts: clusterHosts(cluster).filter(host => !dead.includes(host)),
  };
}

function fromStatus({ cluster, kept, leaving, hosts }: Outcome, status: ClusterStatus): string[] {
  const { etcd, apiserver, controllerManager, scheduler } = unitNames(cluster.units);
  const gone = [etcd, apiserver, controllerManager, scheduler];
  const units = Object.entries(status.units).flatMap(([host, states]) => Object.entries(states).flatMap(([unit, state]) =>
    unlike(`${unit} on ${host}`, state, leaving.includes(host) && gone.includes(unit) ? 'inactive' : 'active')));
  const holders = Object.entries(status.holders).filter(([, holder]) => !kept.includes(holder)).map(([what, holder]) => `the lease of ${what} is held by ${holder || 'nobody'}`);
  return [
    ...unlike('the members of etcd', set(status.members.map(member => member.name)), set(kept)),
    ...(status.members.some(member => member.isLeader) ? [] : ['etcd has no leader']),
    ...unlike('the endpoints of the service kubernetes', set(status.endpoints), set(kept)),
    ...hosts.filter(host => !status.ready.includes(host)).map(host => `the node ${host} is not Ready`),
    ...holders, ...units,
  ];
}

async function quorum({ lab, cluster, kept: [first = ''] }: Outcome): Promise<string[]> {
  const { code, stderr } = await runOnHost(lab, first, etcdctl(cluster, 'endpoint health --cluster'), { expect: 'any' });
  return code === 0 ? [] : [`etcd is not healthy: ${stderr.trim()}`];
}

/** The certificates name the kept masters and not the leaving ones; subject, key and rights are those of the copy that was made before. */
async function certificates({ lab, cluster, kept, leaving, dead }: Outcome, host: string): Promise<string[]> {
  const files = ['etcd', 'kubernetes'].map(name => `${cluster.certDir}/${name}.pem`);
  const problems = await Promise.all(files.map(async file => {
    const { stdout } = await runOnHost(lab, host, `
      look() { openssl x509 -noout -subject -pubkey -in "$1" | sha256sum; stat -c '%a %U:%G' "$1"; }
      openssl x509 -noout -ext subjectAltName -in ${file} | tail -n 1; echo ===; look ${file}; echo ===
      for old in ${file}-bak-*; do look "$old"; done | sort -u | tail -n 2`);
    const [names = '', now = '', before = ''] = stdout.split('===\n');
    return [...namesOf(names, { kept, gone: [...leaving, ...dead] }).map(problem => `${host}: ${file} ${problem}`), ...unlike(`${host}: subject, key and rights of ${file}`, set(now.trim().split('\n')), set(before.trim().split('\n')))];
  }));
  return problems.flat();
}

/** What etcd and the API server show at a handshake. */
async function served({ lab, cluster, kept, leaving, dead }: Outcome, host: string): Promise<string[]> {
  const ssl = cluster.certDir;
  const ports = cluster.kube === 'none' ? [2379, 2380] : [2379, 2380, 6443];
  const problems = await Promise.all(ports.map(async port => {
    const { stdout } = await runOnHost(lab, host, `openssl s_client -connect ${host}:${port} -cert ${ssl}/etcd.pem -key ${ssl}/etcd-key.pem </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName | tail -n 1`, { expect: 'any' });
    return namesOf(stdout, { kept, gone: [...leaving, ...dead] }).map(problem => `${host}: what is served on port ${port} ${problem}`);
  }));
  return problems.flat();
}

function namesOf(text: string, { kept, gone }: { readonly kept: readonly string[]; readonly gone: readonly string[] }): string[] {
  const names = text.split(',').map(name => name.trim().replace(/^(IP Address|DNS):/, ''));
  return [...gone.filter(host => names.includes(host)).map(host => `still names ${host}`), ...kept.filter(host => !names.includes(host)).map(host => `does not name ${host}`)];
}

async function flags({ lab, cluster, kept }: Outcome, host: string): Promise<string[]> {
  const { etcd, apiserver } = unitNames(cluster.units);
  const read = (unit: string, flag: string): Promise<string> => text(lab, host, `sed -n 's/^ *${flag}=\\([^ ]*\\).*/\\1/p' /etc/systemd/system/${unit}.service`);
  const initial = await read(etcd, '--initial-cluster');
  const problems = [
    ...unlike(`${host}: --initial-cluster`, set(initial.split(',')), set(kept.map(each => `${each}=https://${each}:2380`))),
    ...unlike(`${host}: --initial-cluster-state`, await read(etcd, '--initial-cluster-state'), 'existing'),
  ];
  if (cluster.kube === 'none') return problems;
  const wanted = set(kept.map(each => `https://${each}:2379`));
  const inForce = await text(lab, host, `tr '\\0' '\\n' </proc/$(systemctl show -P MainPID ${apiserver})/cmdline | sed -n 's/^--etcd-servers=//p'`);
  return [...problems, ...unlike(`${host}: --etcd-servers`, set((await read(apiserver, '--etcd-servers')).split(',')), wanted), ...unlike(`${host}: --etcd-servers of the process`, set(inForce.split(',')), wanted)];
}

/** Nothing of the control plane comes back at a boot, and the data of etcd is kept under another name. */
async function retired({ lab, cluster }: Outcome, host: string): Promise<string[]> {
  const { etcd, apiserver, controllerManager, scheduler } = unitNames(cluster.units);
  const units = cluster.kube === 'none' ? [etcd] : [etcd, apiserver, controllerManager, scheduler];
  const boot = (await text(lab, host, `systemctl is-enabled ${units.join(' ')} || true`)).split('\n');
  const data = await text(lab, host, `cd ${paths.etcdData}/.. && ls -d etcd*`);
  return [
    ...units.flatMap((unit, i) => unlike(`${unit} on ${host} at boot`, boot[i] ?? '', 'disabled')),
    ...(/^etcd\.removed-\S+$/.test(data) ? [] : [`${host}: the data of etcd was not put aside: there is ${data}`]),
  ];
}

/** The proxy has live lines for the kept masters only, and what answers through it is one of them. */
async function proxy({ lab, cluster, kept }: Outcome, host: string): Promise<string[]> {
  const lines = (await text(lab, host, `sed -n 's/^ *server \\([0-9.]*\\):6443\\(.*\\);/\\1\\2/p' ${paths.nginx}/conf/kube-nginx.conf`)).split('\n');
  const live = lines.filter(line => !/\sdown\b/.test(line));
  const problems = unlike(`${host}: the live servers of its proxy`, set(live.map(line => line.split(' ')[0] ?? '')), set(kept));
  const ready = kept.length === 1 && !live.some(line => /\smax_fails=0\b/.test(line)) ? [`${host}: its proxy has one live server and no max_fails=0`] : [];
  if (cluster.kube === 'none') return [...problems, ...ready];
  const shown = await text(lab, host, 'openssl s_client -connect 127.0.0.1:8443 </dev/null 2>/dev/null | openssl x509 -noout -serial');
  const serials = await Promise.all(kept.map(each => text(lab, each, `openssl x509 -noout -serial -in ${cluster.certDir}/kubernetes.pem`)));
  return [...problems, ...ready, ...(serials.includes(shown) ? [] : [`${host}: its proxy shows ${shown || 'no certificate'}, and no kept master's, which are ${serials.join(', ')}`])];
}

async function text(lab: Lab, host: string, script: string): Promise<string> {
  return (await runOnHost(lab, host, script, { expect: 'any' })).stdout.trim();
}

function set(items: readonly string[]): string {
  return [...items].sort().join(' ');
}

function unlike(what: string, is: string, wanted: string): string[] {
  return is === wanted ? [] : [`${what}: ${is || 'nothing'}, not ${wanted}`];
}
