import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startClients } from '../../lab/clients/clients';
import { kubectl, leaseHolders, loadCluster } from '../../lab/cluster/cluster';
import { clusterSpec } from '../../lab/cluster/spec';
import { clusterStatus } from '../../lab/cluster/status';
import { planHosts, runOnHost, type Lab } from '../../lab/lab';
import { eventually, markDown, useCluster } from './support/cluster';

const [m1, m2, m3, n1, n2] = ['172.72.0.95', '172.72.0.96', '172.72.0.97', '172.72.0.98', '172.72.0.99'] as const;
const all = [m1, m2, m3, n1, n2];

async function podNames(lab: Lab): Promise<string[]> {
  const path = '{range .items[?(@.status.phase=="Running")]}{.metadata.name}{"\\n"}{end}';
  return (await kubectl(lab, n1, `-n canary get pods -o 'jsonpath=${path}'`)).trim().split('\n').filter((name) => name !== '');
}

/** A deleted pod of a deployment is replaced: the controller-manager and the scheduler work. */
async function canaryReturns(lab: Lab): Promise<void> {
  await kubectl(lab, n1, 'create namespace canary');
  await kubectl(lab, n1, '-n canary create deployment canary --image=none');
  const [first = ''] = await eventually(() => podNames(lab), (names) => names.length === 1);
  await kubectl(lab, n1, `-n canary delete pod ${first} --wait=false`);
  await eventually(() => podNames(lab), (names) => names.some((name) => name !== first));
  await kubectl(lab, n1, 'delete namespace canary --wait=false');
}

/** Stops the apiserver of a host and starts it again after `pauseMs`. */
async function restartApiserver(lab: Lab, host: string, pauseMs: number): Promise<void> {
  await runOnHost(lab, host, 'systemctl stop kube-apiserver', { timeoutMs: 120_000 });
  await sleep(pauseMs);
  await runOnHost(lab, host, 'systemctl start kube-apiserver', { timeoutMs: 120_000 });
}

describe('the cluster of the article, with the stand-in', () => {
  const up = useCluster({ masters: 3, nodes: 2 }, { kube: 'stand-in' });

  test('is whole, and says that it is a stand-in', async () => {
    const status = await clusterStatus(up());
    expect(status).toMatchObject({ kube: 'stand-in for Kubernetes', ready: all, notReady: [], endpoints: [m1, m2, m3] });
    expect(Object.values(status?.units ?? {}).flatMap((units) => Object.values(units))).not.toContain('inactive');
    expect(await kubectl(up(), n1, 'version --short')).toContain('Server Version: v1.20.2-stand-in');
    expect(await kubectl(up(), n1, "get --raw '/readyz?verbose'")).toContain('[+]stand-in ok');
  });

  test('has the member ids that the article prints', async () => {
    const members = (await clusterStatus(up()))?.members.map(({ name, id }) => `${name} ${id}`);
    expect(members?.sort()).toEqual([`${m1} 26c65c850c80d42d`, `${m2} 2ae7ff74540f0760`, `${m3} 4785dde924d48108`]);
  });

  test('serves kubectl on every host through its own proxy', async () => {
    const outputs = await Promise.all(all.map((host) => kubectl(up(), host, 'get nodes --no-headers')));
    for (const output of outputs) expect(output.match(/ Ready /g)).toHaveLength(5);
    const lab = up();
    await kubectl(lab, n1, 'create configmap greeting --from-literal=a=1');
    await kubectl(lab, n2, `patch configmap greeting -p '{"data":{"b":"2"}}'`);
    expect(JSON.parse(await kubectl(lab, m1, "get configmap greeting -o 'jsonpath={.data}'"))).toEqual({ a: '1', b: '2' });
    await kubectl(lab, m2, 'delete configmap greeting');
    expect((await runOnHost(lab, m3, 'kubectl get configmap greeting', { expect: 'any' })).stderr).toContain('"greeting" not found');
  });

  test('refuses who shows no certificate of its CA', async () => {
    const { stdout } = await runOnHost(up(), n1, 'curl -s --cacert /etc/kubernetes/ssl/ca.pem https://127.0.0.1:8443/readyz');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Status', code: 401 });
  });

  test('brings a deleted pod back', async () => {
    await canaryReturns(up());
  });

  test('signs tokens of service accounts and reviews them', async () => {
    const post = async (path: string, body: unknown): Promise<{ status: Record<string, unknown> }> =>
      JSON.parse((await runOnHost(up(), n1, `kubectl create --raw ${path} -f -`, { input: JSON.stringify(body) })).stdout) as { status: Record<string, unknown> };
    const { status: { token } } = await post('/api/v1/namespaces/default/serviceaccounts/default/token', {});
    const review = (value: unknown): Promise<unknown> => post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: value } });
    expect(await review(token)).toMatchObject({ status: { authenticated: true, user: { username: 'system:serviceaccount:default:default' } } });
    expect(await review(`${String(token)}x`)).toMatchObject({ status: { authenticated: false } });
    const secret = await kubectl(up(), n1, "get secrets -o 'jsonpath={.items[0].data.token}'");
    expect(await review(Buffer.from(secret, 'base64').toString())).toMatchObject({ status: { authenticated: true } });
  });

  test('serves a new certificate without a restart', async () => {
    const lab = up();
    const ssl = '/etc/kubernetes/ssl';
    const serial = async (): Promise<string> => (await runOnHost(lab, m1, `openssl s_client -connect ${m1}:6443 </dev/null 2>/dev/null | openssl x509 -noout -serial`)).stdout;
    const old = await serial();
    await runOnHost(lab, m1, `cd ${ssl} && cp -a kubernetes.pem old.pem && cp -a kubernetes-key.pem old-key.pem && cp etcd-key.pem kubernetes-key.pem && cp etcd.pem kubernetes.pem`);
    const changed = await eventually(serial, (value) => value !== old);
    expect(changed).toBe((await runOnHost(lab, m1, `openssl x509 -noout -serial -in ${ssl}/etcd.pem`)).stdout);
    await runOnHost(lab, m1, `cd ${ssl} && mv old-key.pem kubernetes-key.pem && mv old.pem kubernetes.pem`);
    await eventually(serial, (value) => value === old);
  });

  test('hands the lease over when its holder stops, after the lease has run out', async () => {
    const lab = up();
    const options = await loadCluster(lab);
    const { controllerManager: holder } = await leaseHolders(lab, options);
    expect([m1, m2, m3]).toContain(holder);
    await runOnHost(lab, holder, 'systemctl stop kube-controller-manager');
    await sleep(5000);
    expect((await leaseHolders(lab, options)).controllerManager).toBe(holder);
    await eventually(async () => (await leaseHolders(lab, options)).controllerManager, (next) => next !== holder);
    await runOnHost(lab, holder, 'systemctl start kube-controller-manager');
  });

  test('fails no request of its clients while nothing happens, and none while a server that is marked down restarts', async () => {
    const lab = up();
    const clients = await startClients(lab, { hosts: [m1, n1, n2] });
    await sleep(10_000);
    const quiet = await clients.totals();
    expect(quiet).toMatchObject({ failed: 0 });
    expect(quiet.acknowledged).toBeGreaterThan(20);
    for (const server of [m2, m3]) {
      await markDown(lab, [server]);
      await sleep(2000);
      await runOnHost(lab, server, 'systemctl stop kube-apiserver');
      await eventually(async () => (await clusterStatus(lab))?.endpoints, (endpoints) => endpoints?.includes(server) === false);
      await runOnHost(lab, server, 'systemctl start kube-apiserver');
    }
    await markDown(lab, []);
    const { errors, failed, lost } = await clients.stop();
    expect({ errors, failed, lost }).toEqual({ errors: {}, failed: 0, lost: [] });
  });

  test('lets its clients see when the only server they have restarts', async () => {
    const lab = up();
    await markDown(lab, [m2, m3]);
    await sleep(2000);
    const clients = await startClients(lab, { hosts: [m1, n1, n2] });
    await restartApiserver(lab, m1, 1000);
    await sleep(2000);
    await markDown(lab, []);
    const totals = await clients.stop();
    expect(totals.failed).toBeGreaterThan(5);
    expect(totals.errors).toHaveProperty('tls');
    expect(totals.longestOutageMs).toBeGreaterThan(500);
    expect(totals.lost).toEqual([]);
  });
});

describe('a cluster with ECDSA keys, other paths and names, and the apiserver\'s key for tokens', () => {
  const up = useCluster({ masters: 1, nodes: 1 }, { kube: 'stand-in', key: 'ec', certDir: '/opt/certs', units: 'k8s-', saKey: 'apiserver' });

  test('is whole with what was asked for', async () => {
    const lab = up();
    expect(await clusterStatus(lab)).toMatchObject({ ready: [m1, n1], endpoints: [m1] });
    const { stdout } = await runOnHost(lab, m1, 'systemctl is-active k8s-nginx k8s-etcd k8s-apiserver k8s-controller-manager k8s-scheduler; openssl x509 -noout -text -in /opt/certs/kubernetes.pem; ps -eo args');
    expect(stdout).toMatch(/^(active\n){5}/);
    expect(stdout).toContain('NIST CURVE: P-256');
    expect(stdout).toContain('--service-account-signing-key-file=/opt/certs/kubernetes-key.pem');
  });
});

describe.runIf(process.env['RUNSHEET_KUBE_DIR'] !== undefined)('a small cluster with real Kubernetes; decommission.test.ts has a whole one', () => {
  const up = useCluster({ masters: 1, nodes: 1 }, { kube: 'real' });

  test('is whole', async () => {
    expect(await clusterStatus(up())).toMatchObject({ kube: 'real Kubernetes 1.20', ready: [m1, n1], notReady: [], endpoints: [m1] });
    expect(await kubectl(up(), n1, 'version --short')).toMatch(/^Server Version: v1\.20\.\d+$/m);
  });

  test('brings a deleted pod back', async () => {
    await canaryReturns(up());
  });

  test('fails no request of its clients', async () => {
    const clients = await startClients(up(), { hosts: [m1, n1] });
    await sleep(10_000);
    const totals = await clients.stop();
    expect(totals).toMatchObject({ failed: 0, lost: [] });
    expect(totals.acknowledged).toBeGreaterThan(20);
  });
});

test('a cluster of real Kubernetes needs binaries, and says where they are looked for', async () => {
  const before = process.env['RUNSHEET_KUBE_DIR'];
  process.env['RUNSHEET_KUBE_DIR'] = __dirname;
  try {
    await expect(clusterSpec(planHosts({ masters: 1 }), { kube: 'real' })).rejects.toThrow(`RUNSHEET_KUBE_DIR is ${__dirname}`);
  } finally {
    if (before === undefined) delete process.env['RUNSHEET_KUBE_DIR'];
    else process.env['RUNSHEET_KUBE_DIR'] = before;
  }
});
