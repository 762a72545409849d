import type { ExtraFile } from '../types';
import type { ClusterOptions } from './options';
import { paths, proxyUrl } from './options';

/** The kubeconfigs of a host; every one names the local proxy and certificates by path. */
export function kubeconfigFiles(options: ClusterOptions, host: string): ExtraFile[] {
  const isMaster = options.masters.includes(host);
  const components = isMaster ? ['kube-controller-manager', 'kube-scheduler'] : [];
  return [
    { path: paths.adminKubeconfig, content: kubeconfig(options, 'admin'), mode: 0o600 },
    ...['kubelet', ...components].map((user) => ({
      path: `${paths.kubeconfigs}/${user}.kubeconfig`,
      content: kubeconfig(options, user),
      mode: 0o600,
    })),
  ];
}

function kubeconfig(options: ClusterOptions, user: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    certificate-authority: ${options.certDir}/ca.pem
    server: ${proxyUrl}
users:
- name: ${user}
  user:
    client-certificate: ${options.certDir}/${user}.pem
    client-key: ${options.certDir}/${user}-key.pem
contexts:
- name: kubernetes
  context:
    cluster: kubernetes
    user: ${user}
current-context: kubernetes
`;
}
