/** A healthy cluster of three masters and two nodes as pre-flight finds it; tests change one thing at a time. */
import type { Host, Inventory } from '../../../core';
import type { Findings } from '../../../playbooks/decommission-masters/findings';
import { schema, type Vars } from '../../../playbooks/decommission-masters/vars';
import { worldOf } from '../../../playbooks/decommission-masters/world';
import type { MasterFacts } from '../../../playbooks/steps/masters';
import type { CertificateFile } from '../../../modules/pki';

export function hostNamed(name: string, address: string): Host {
  return { name, groups: [], vars: {}, connection: { type: 'ssh', address, port: 22 } };
}

export const MASTERS = [hostNamed('m1', '172.72.0.95'), hostNamed('m2', '172.72.0.96'), hostNamed('m3', '172.72.0.97')] as const;
export const NODES = [hostNamed('n1', '172.72.0.98'), hostNamed('n2', '172.72.0.99')] as const;
const URLS = MASTERS.map(host => `https://${host.connection.address}:2379`).join(',');

export const INVENTORY: Inventory = {
  sources: ['test'], hosts: [...MASTERS, ...NODES],
  groups: new Map([['all', [...MASTERS, ...NODES]], ['masters', [...MASTERS]], ['nodes', [...NODES]]]),
  select: () => { throw new Error('not asked here'); },
  origins: () => [],
  find: name => [...MASTERS, ...NODES].find(host => host.name === name || host.connection.address === name),
};

export function varsWith(given: Partial<Vars> = {}): Vars {
  return { ...schema.parse({ leaving: [MASTERS[1], MASTERS[2]] }), ...given };
}

export function masterFacts(address: string): MasterFacts {
  const etcd = { cert: '/etc/kubernetes/ssl/etcd.pem', key: '/etc/kubernetes/ssl/etcd-key.pem' };
  const api = { cert: '/etc/kubernetes/ssl/kubernetes.pem', key: '/etc/kubernetes/ssl/kubernetes-key.pem' };
  return {
    etcd: {
      name: address, dataDir: '/var/lib/etcd', peerUrl: `https://${address}:2380`, clientUrls: [`https://${address}:2379`],
      initialCluster: MASTERS.map(host => `${host.connection.address}=https://${host.connection.address}:2380`).join(','),
      initialClusterIn: { kind: 'flag' }, initialState: 'new', initialStateIn: { kind: 'flag' }, configFile: undefined, server: etcd, peer: etcd, ca: '/etc/kubernetes/ssl/ca.pem', active: true, enabled: true,
    },
    apiserver: {
      etcdServers: URLS, etcdClient: api, etcdCa: '/etc/kubernetes/ssl/ca.pem', serving: api, kubeletClient: api, port: 6443, advertised: address,
      saVerify: ['/etc/kubernetes/ssl/sa.pub'], saSign: '/etc/kubernetes/ssl/sa.key', reconciler: 'lease', active: true, enabled: true,
    },
    controllerManager: { saSign: '/etc/kubernetes/ssl/sa.key', signingKey: '/etc/kubernetes/ssl/ca-key.pem', kubeconfig: '/etc/kubernetes/kube-controller-manager.kubeconfig', active: true, enabled: true },
    scheduler: { saSign: undefined, signingKey: undefined, kubeconfig: '/etc/kubernetes/kube-scheduler.kubeconfig', active: true, enabled: true },
  };
}

export function certificate(path: string, names: readonly string[], keyHash: string): CertificateFile {
  const name = { text: 'CN=x', parts: [], sha256: '' };
  return {
    path, mode: '0644', owner: 'root', group: 'root', chain: [],
    leaf: {
      subject: name, issuer: name, names: names.map(value => ({ type: /^\d/.test(value) ? 'ip' : 'dns', value })), key: { type: 'rsa', size: 2048, sha256: keyHash },
      keyUsage: [], extendedKeyUsage: [], isCA: false, notBefore: '', notAfter: '', serial: '1', fingerprint: '', extensions: [], pem: '', publicKey: '',
    },
  };
}

function perHost<T>(hosts: readonly Host[], value: (host: Host) => T): Map<Host, T> {
  return new Map(hosts.map(host => [host, value(host)]));
}

/** Everything is well and nothing is done yet. */
export function healthy(vars: Vars = varsWith()): Findings {
  const world = worldOf(vars, INVENTORY);
  const addresses = MASTERS.map(host => host.connection.address);
  const members = MASTERS.map((host, i) => ({ id: `a${i}`, name: host.connection.address, peerUrls: [`https://${host.connection.address}:2380`], isLearner: false }));
  return {
    world, vars,
    hosts: perHost(world.proxies, host => ({ hostname: host.name, clockOffsetMs: 3, free: { '/etc': 1e10, '/var/lib': 1e10 } })),
    upstreams: perHost(world.proxies, () => addresses.map(address => ({ address: `${address}:6443`, down: false }))),
    listens: perHost(world.proxies, () => ['127.0.0.1:8443']),
    masters: perHost(world.masters, host => ({ facts: masterFacts(host.connection.address) })),
    certificates: perHost(world.masters, () => [
      certificate('/etc/kubernetes/ssl/etcd.pem', ['127.0.0.1', ...addresses], 'etcd-key'),
      certificate('/etc/kubernetes/ssl/kubernetes.pem', ['127.0.0.1', ...addresses, 'kubernetes'], 'api-key'),
    ]),
    saKeys: perHost(world.masters, () => [{ path: '/etc/kubernetes/ssl/sa.key', sha256: 'sa-key' }]),
    stale: perHost(world.masters, () => false),
    etcd: { members, statuses: members.map(member => ({ id: member.id, version: '3.4.23', leader: 'a1', dbSize: 1e6 })), problems: [] },
    edits: perHost(world.kept, () => ({ etcdServers: undefined, bootstrap: {}, mentions: [] })),
    api: perHost(world.kept, () => ({ failing: [], notReadyNodes: [], endpoints: addresses, version: 'v1.20.2', leftovers: [], holders: [{ component: 'kube-scheduler', host: 'm3' }, { component: 'kube-controller-manager', host: 'm1' }] })),
    authority: { notAfter: '2036-01-01T00:00:00.000Z', origin: 'm1:/etc/kubernetes/ssl/ca.pem' },
    peers: perHost(world.leaving, () => [{ port: 2379, address: '172.72.0.95' }]),
    foreign: perHost(world.kept, () => []),
    remains: perHost(world.leaving, () => ['/var/lib/etcd']),
    kubeconfigs: perHost(world.proxies, () => []),
    etcdUsers: perHost(world.proxies, () => []),
  };
}

/** The state after a whole run. */
export function finished(): Findings {
  const before = healthy();
  const [kept] = MASTERS;
  const off = { active: false, enabled: false } as const;
  const { etcd } = before;
  if ('unreachable' in etcd) throw new Error('the healthy cluster has etcd');
  return {
    ...before,
    upstreams: perHost(before.world.proxies, () => MASTERS.map(host => ({ address: `${host.connection.address}:6443`, down: host !== kept }))),
    masters: perHost(before.world.masters, host => {
      const facts = masterFacts(host.connection.address);
      if (host !== kept) return { facts: { etcd: { ...facts.etcd, ...off }, apiserver: { ...facts.apiserver, ...off }, controllerManager: { ...facts.controllerManager, ...off }, scheduler: { ...facts.scheduler, ...off } } };
      return { facts: { ...facts, etcd: { ...facts.etcd, initialCluster: '172.72.0.95=https://172.72.0.95:2380', initialState: 'existing' }, apiserver: { ...facts.apiserver, etcdServers: 'https://172.72.0.95:2379' } } };
    }),
    certificates: perHost(before.world.masters, () => [certificate('/etc/kubernetes/ssl/etcd.pem', ['127.0.0.1', '172.72.0.95'], 'etcd-key')]),
    remains: perHost(before.world.leaving, () => []),
    etcd: { ...etcd, members: etcd.members.slice(0, 1), statuses: etcd.statuses.slice(0, 1) },
  };
}
