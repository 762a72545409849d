import { join } from 'node:path';

import type { Bind, ExtraFile, HostSpec } from '../types';
import { findKubeBinaries } from './binaries';
import { kubeconfigFiles } from './kubeconfig';
import { nginxFiles } from './nginx';
import type { ClusterInput, ClusterOptions } from './options';
import { clusterOptions, paths } from './options';
import { makePki } from './pki';
import { hostNode, hostTools, toolPath } from './tools';
import { unitFiles } from './units';

/** A cluster's options without the addresses, which come from the hosts. */
export type ClusterChoice = Omit<ClusterInput, 'masters' | 'nodes'>;

/** Where the options of a running cluster are kept on its hosts. */
export const optionsFile = '/etc/runsheet-lab/cluster.json';

/**
 * Puts the cluster of the article onto hosts that are about to boot: certificates, units, nginx, kubeconfigs, and the
 * binaries or the stand-in. Everything is enabled, so the cluster starts with the hosts; `startCluster` waits for it.
 * Hosts of the role `plain` stay as they are.
 * @throws when the choice is not valid, or is `real` and there are no binaries; the message says where they are looked for.
 */
export async function clusterSpec(hosts: readonly HostSpec[], choice: ClusterChoice = {}): Promise<HostSpec[]> {
  const addresses = (role: HostSpec['role']): string[] => hosts.filter((host) => host.role === role).map((host) => host.address);
  const options = clusterOptions.parse({ ...choice, masters: addresses('master'), nodes: addresses('node') });
  const [pki, binds] = await Promise.all([makePki(options), programs(options)]);
  return hosts.map((host) => {
    if (host.role === 'plain') return host;
    const files: ExtraFile[] = [
      ...pki.everyHost,
      ...(host.role === 'master' ? pki.masters : []),
      ...(pki.perHost.get(host.address) ?? []),
      ...nginxFiles(options),
      ...unitFiles(options, host.address),
      ...kubeconfigFiles(options, host.address),
      ...(options.kube === 'stand-in' ? standInPrograms() : []),
      // A kubelet gives it to its pods and starts none without it.
      { path: '/etc/resolv.conf', content: '# A lab has no resolver.\n' },
      { path: optionsFile, content: JSON.stringify(options) },
    ];
    return { ...host, extraFiles: [...(host.extraFiles ?? []), ...files], binds: [...(host.binds ?? []), ...binds] };
  });
}

async function programs(options: ClusterOptions): Promise<Bind[]> {
  const tools = await hostTools();
  if (options.kube !== 'real') return tools;
  const source = await findKubeBinaries();
  if (source === undefined) {
    throw new Error('There are no Kubernetes binaries: set RUNSHEET_KUBE_DIR to a directory with them or their archive, run "lab kube build", or use --kube stand-in.');
  }
  return [...tools, { source, target: paths.binaries }];
}

/** Small programs under the real ones' names, so that units and processes look alike. */
function standInPrograms(): ExtraFile[] {
  return ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'].map((name) => ({
    path: join(paths.binaries, name),
    content: `#!${hostNode}\n// The lab's stand-in for ${name}.\nrequire('${toolPath('standin/main.js')}').main('${name}');\n`,
    mode: 0o755,
  }));
}
