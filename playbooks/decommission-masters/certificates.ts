/** Steps 3 and 4: the kept masters' certificates without the names of those who leave, one host at a time, each seen to be served. */
import { addressOf, all, play, task, type Host, type Play } from '../../core';
import { RefusedError } from '../../core/errors';
import * as pki from '../../modules/pki';
import type { MasterFacts, Pair } from '../steps/masters';
import { firstValue } from '../steps/per-host';
import type { Context } from './context';
import type { Decision, KeptPlan } from './decision';
import { requestPath } from './leavings';
import { etcdGate } from './members';
import { portOf } from '../steps/urls';

/** One play for each kept master. Only files change: etcd and the API server read a leaf certificate at each handshake. */
export function reissueCertificates(context: Context): readonly Play[] {
  return context.world.kept.map(host => reissueOn(context, host));
}

function reissueOn(context: Context, host: Host): Play {
  const { vars, world, decision, authority, etcdAuthority } = context;
  const planOf = (seen: Decision): KeptPlan | undefined => seen.kept.get(host.name);
  const when = (seen: Decision): boolean => (planOf(seen)?.reissue.length ?? 0) > 0;
  const reissued = task('Re-issue the certificates', ({ decision: seen, authorities, etcdAuthorities }) => (planOf(seen)?.reissue ?? []).map(pair => pki.reissue({
    ...pair, ca: found(firstValue(vars.ca.etcd !== undefined && isOfEtcd(planOf(seen), pair) ? etcdAuthorities : authorities)),
    minus: world.leavingNames, newKey: vars.newKeys, csrJson: requestPath(pair.cert),
  })), { uses: { decision, authorities: all(authority), etcdAuthorities: all(etcdAuthority) }, when: ({ decision: seen }) => when(seen) });
  const served = task('See the new certificates served', ({ decision: seen }) => serversOf(host, planOf(seen)).map(server => pki.serves(server)),
    { uses: { decision }, when: ({ decision: seen }) => when(seen) });
  const gate = etcdGate(context, `Prove etcd after the certificates of ${host.name}`, when);
  return play({ name: `Certificates of ${host.name}`, hosts: [host], become: true, tasks: [reissued, served, gate] });
}

/** Is it a certificate that etcd's CA signs, where it has its own? */
function isOfEtcd(plan: KeptPlan | undefined, pair: Pair): boolean {
  if (plan === undefined) return false;
  const { etcd, apiserver } = plan.facts;
  return [etcd.server, etcd.peer, apiserver.etcdClient].some(each => each.cert === pair.cert);
}

function found(authority: pki.Authority | undefined): pki.Authority {
  if (authority === undefined) throw new RefusedError('no kept master has the CA certificate and its key');
  return authority;
}

/** The servers of a host whose certificates are re-issued, and the files that they must show. */
function serversOf(host: Host, plan: KeptPlan | undefined): pki.ServesParams[] {
  if (plan === undefined) return [];
  const { etcd, apiserver } = plan.facts;
  const files = new Set(plan.reissue.map(pair => pair.cert));
  const address = addressOf(host);
  const all: readonly (pki.ServesParams & { readonly cert: string })[] = [
    { address, port: portOf(clientUrl(plan.facts)) ?? 2379, cert: etcd.server.cert, ca: etcd.ca, clientCert: apiserver.etcdClient },
    { address, port: portOf(etcd.peerUrl) ?? 2380, cert: etcd.peer.cert, ca: etcd.ca, clientCert: etcd.peer },
    { address, port: apiserver.port, cert: apiserver.serving.cert, ca: plan.facts.apiserver.etcdCa },
  ];
  return all.filter(server => files.has(server.cert));
}

function clientUrl({ etcd }: MasterFacts): string {
  return etcd.clientUrls[0] ?? '';
}
