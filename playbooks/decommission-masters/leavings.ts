/** What a run leaves behind, and where: names that several steps and the report share. */
import { pairsOf, type MasterFacts } from '../steps/masters';
import type { Vars } from './vars';

/** The Lease in kube-system by which a run says that it is at work. */
export const LEASE = 'decommission-masters';

/** Where snapshots lie on the kept master. */
export const SNAPSHOTS = '/var/lib/runsheet/backup';

/** cfssl's request beside a certificate: `etcd.pem` has `etcd-csr.json`. */
export function requestPath(cert: string): string {
  return `${cert.replace(/\.(pem|crt|cert)$/, '')}-csr.json`;
}

/** What a master has and a worker has no use for: CA keys, keys that masters share, kubeconfigs of the control plane. hazards: K14 */
export function secretFiles(facts: MasterFacts, vars: Pick<Vars, 'ca' | 'kubeconfig'>): readonly string[] {
  const { apiserver, controllerManager, scheduler } = facts;
  const keys = [vars.ca.key, vars.ca.etcd?.key, controllerManager.signingKey, ...pairsOf(facts).map(pair => pair.key), apiserver.saSign, controllerManager.saSign];
  return [...new Set([...keys, vars.kubeconfig, controllerManager.kubeconfig, scheduler.kubeconfig].filter(path => path !== undefined))];
}
