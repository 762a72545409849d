import { z } from 'zod';

/** What plays the Kubernetes control plane: the real binaries, the stand-in, or nothing (nginx and etcd only). */
export type KubeKind = 'real' | 'stand-in' | 'none';

const ipv4 = z.ipv4();

/** Reads the options of a lab cluster; every one but the addresses has a default. */
export const clusterOptions = z.strictObject({
  /** Addresses of the masters: each runs etcd, the apiserver, the controller-manager and the scheduler. */
  masters: z.array(ipv4).min(1),
  /** Addresses of the hosts that run only the proxy and a kubelet. */
  nodes: z.array(ipv4).default([]),
  kube: z.enum(['real', 'stand-in', 'none']).default('stand-in'),
  /** Key type of every certificate: RSA with 2048 bits or ECDSA on P-256. */
  key: z.enum(['rsa', 'ec']).default('rsa'),
  /** Directory of the certificates on the hosts. */
  certDir: z.string().startsWith('/').default('/etc/kubernetes/ssl'),
  /** Prefix of the unit names: `kube-` gives kube-etcd.service. */
  units: z.string().regex(/^[a-z][a-z0-9-]*$/).default('kube-'),
  /** Whose key signs service-account tokens: a pair of its own, or the apiserver's serving key. */
  saKey: z.enum(['own', 'apiserver']).default('own'),
});

/** The options with every default filled in. */
export type ClusterOptions = z.output<typeof clusterOptions>;

/** What a caller may leave out. */
export type ClusterInput = z.input<typeof clusterOptions>;

/** Names of the units, without `.service`. */
export interface UnitNames {
  readonly nginx: string;
  readonly etcd: string;
  readonly apiserver: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubelet: string;
}

/**
 * Names of the units of a cluster.
 * @param prefix what stands before each name, `kube-` in the article.
 */
export function unitNames(prefix: string): UnitNames {
  return {
    nginx: `${prefix}nginx`,
    etcd: `${prefix}etcd`,
    apiserver: `${prefix}apiserver`,
    controllerManager: `${prefix}controller-manager`,
    scheduler: `${prefix}scheduler`,
    kubelet: `${prefix}kubelet`,
  };
}

/** All hosts of the cluster: every master is a worker too. */
export function clusterHosts(options: ClusterOptions): readonly string[] {
  return [...options.masters, ...options.nodes];
}

/** Where things lie on the hosts, as in the article or as a guide for binary installs has it. */
export const paths = {
  nginx: '/approot/data/k8s/kube-nginx',
  etcdData: '/approot/data/etcd',
  binaries: '/opt/k8s/bin',
  kubeconfigs: '/etc/kubernetes',
  adminKubeconfig: '/root/.kube/config',
  /** The controller's own node and the compiled scripts of the lab, bound read-only into every host. */
  labTools: '/opt/runsheet-lab',
} as const;

/** The address every client of a host uses: its own nginx. */
export const proxyUrl = 'https://127.0.0.1:8443';
