/** Pre-flight: the plays that look at everything, and the task that decides. Nothing is changed here. */
import { addressOf, all, isUnreachable, once, play, task, type Host, type Play, type Secret, type Task, type Unreachable } from '../../core';
import { CheckError } from '../../core/errors';
import * as assert from '../../modules/assert';
import type { Health } from '../../modules/etcd';
import * as host from '../../modules/host';
import * as kube from '../../modules/kube';
import * as nginx from '../../modules/nginx';
import * as pki from '../../modules/pki';
import * as value from '../../modules/value';
import { readEtcd } from '../steps/etcd';
import { firstOf, firstValue, mapValues } from '../steps/per-host';
import type { MasterReading } from '../steps/masters';
import { observeMasters, type MasterObservation } from '../steps/observe-masters';
import { decide, type Decision } from './decision';
import { etcdFindings } from './etcd-findings';
import type { ApiFindings } from './findings';
import { hostPort } from '../steps/urls';
import type { Vars } from './vars';
import type { World } from './world';

export interface Observation {
  readonly plays: readonly Play[];
  /** What will be done: one value for the run. */
  readonly decision: Task<Decision>;
  /** An administrator's credentials for the API, from each kept master. */
  readonly credentials: Task<kube.Credentials>;
  /** The CA that signs for the API server, with its key, from each kept master that has it. */
  readonly authority: Task<pki.Authority | undefined>;
  /** What each master's units say. */
  readonly reading: Task<MasterReading>;
  /** What etcd looked like before any change, from each kept master. */
  readonly health: Task<Health>;
  /** A service-account token from before any change, from each kept master. */
  readonly token: Task<Secret | undefined>;
  /** The upstream of each node's nginx, before any change. */
  readonly upstream: Task<nginx.Upstream>;
}

/** Directories whose file systems must have room on every host. */
const DIRECTORIES = ['/etc', '/var/lib'];

/** Lays out pre-flight. */
export function observe(vars: Vars, world: World): Observation {
  const everywhere = everyHost(vars, world);
  const masters = observeMasters(vars.units);
  const kept = keptMasters(vars, masters);
  const peers = task('See who is connected to etcd', host.peers({ ports: [2379] }));
  const decision = task('Decide what is to be done', seen => value.computed('what is to be done', () => decide({
    ...seen, world, vars,
    upstreams: mapValues(seen.upstreams, upstream => upstream.servers),
    listens: mapValues(seen.upstreams, upstream => upstream.listens),
    stale: mapValues(seen.stale, reasons => reasons.length > 0),
    etcd: firstOf(mapValues(seen.etcd, health => etcdFindings(health, world)), 'no kept master could be asked'),
    authority: authorityFinding(seen.authorities),
  })), {
    runOnce: true,
    uses: {
      hosts: all(everywhere.facts), upstreams: all(everywhere.upstream), kubeconfigs: all(everywhere.naming), peers: all(peers),
      masters: all(masters.reading), certificates: all(masters.certificates), saKeys: all(masters.saKeys), stale: all(masters.stale),
      etcd: all(kept.etcd), api: all(kept.api), authorities: all(kept.authority),
    },
  });
  const looks = [
    play({ name: 'Look at every host', hosts: world.proxies, become: true, anyErrorsFatal: false, tasks: everywhere.tasks }),
    play({ name: 'Look at the masters', hosts: world.masters, become: true, anyErrorsFatal: false, tasks: masters.tasks }),
    play({ name: 'Look at the cluster through the kept masters', hosts: world.kept, become: true, anyErrorsFatal: false, tasks: kept.tasks }),
    play({ name: 'Look at the connections of the leaving masters', hosts: world.leaving, become: true, anyErrorsFatal: false, tasks: [peers] }),
    // On any host that is left: it is worked out on the controller, and a kept master that failed above is among what it says.
    play({ name: 'Decide', hosts: world.proxies, tasks: [decision] }),
  ];
  return { plays: looks, decision, credentials: kept.credentials, authority: kept.authority, reading: masters.reading, upstream: everywhere.upstream, health: kept.etcd, token: kept.token };
}

interface Everywhere {
  readonly tasks: readonly Task<unknown>[];
  readonly facts: Task<host.HostFacts>;
  readonly upstream: Task<nginx.Upstream>;
  readonly naming: Task<readonly string[]>;
}

function everyHost(vars: Vars, world: World): Everywhere {
  const facts = task('Read name, clock and free space', host.facts({ directories: DIRECTORIES }));
  const conf = task('Read the configuration of nginx', nginx.upstreams({ unit: vars.units.nginx }));
  const upstream = task('Find the upstream of the API servers', ({ conf: seen, host: on }) => value.computed('the upstream', () => upstreamIn(seen, vars.nginx.upstream, on)), { uses: { conf } });
  // A kubeconfig that names a leaving API server goes round nginx (hazard K6).
  const texts = [...world.leaving.map(addressOf), ...world.dead.map(each => each.address)].map(address => `https://${hostPort(address, 6443)}`);
  const naming = task('Look for kubeconfigs that go round nginx', host.filesNaming({ texts, within: ['/etc/kubernetes', '/root/.kube', '/var/lib/kubelet', '/var/lib/kube-proxy'] }));
  return { tasks: [facts, conf, upstream, naming], facts, upstream, naming };
}

function upstreamIn(reading: nginx.NginxReading, name: string, on: Host): nginx.Upstream {
  const found = nginx.upstreamOf(reading, name);
  if (found !== undefined) return found;
  const names = reading.upstreams.map(each => each.name).join(', ');
  throw new CheckError(`${on.name}: ${reading.config} has no upstream "${name}" but ${names || 'none'}; name it with --set nginx.upstream=...`);
}

interface Kept {
  readonly tasks: readonly Task<unknown>[];
  readonly credentials: Task<kube.Credentials>;
  readonly authority: Task<pki.Authority | undefined>;
  readonly api: Task<ApiFindings>;
  readonly token: Task<Secret | undefined>;
  readonly etcd: Task<Health>;
}

function keptMasters(vars: Vars, { reading }: MasterObservation): Kept {
  const credentials = task('Read the kubeconfig', kube.credentials({ kubeconfig: vars.kubeconfig }));
  const authority = task('Read the CA', pki.authority(vars.ca), { ignoreErrors: 'another kept master may have it' });
  const access = { credentials, reading };
  const port = ({ reading: master }: { readonly reading: MasterReading }): number => ('facts' in master ? master.facts.apiserver.port : 6443);
  const ready = task('Ask the API server whether it is ready', seen => kube.readyz({ access: { credentials: seen.credentials, at: hostPort(addressOf(seen.host), port(seen)) } }), { uses: access });
  const nodes = task('Ask for the nodes', seen => kube.nodes({ access: seen }), { uses: { credentials } });
  const holders = task('Ask who holds the leader locks', seen => kube.holders({ access: seen }), { uses: { credentials } });
  const endpoints = task('Ask for the endpoints of the API', seen => kube.apiEndpoints({ access: seen }), { uses: { credentials } });
  const api = task('Sum up the API', seen => value.computed('the API', () => ({
    failing: seen.ready.failing, holders: seen.holders, endpoints: seen.endpoints.endpoints,
    notReadyNodes: seen.nodes.filter(node => !node.ready).map(node => node.name),
  })), { uses: { ready, nodes, holders, endpoints } });
  const token = task('Ask for a service-account token', ({ credentials: who }) => kube.token({ access: { credentials: who } }), { uses: { credentials }, ignoreErrors: 'without the TokenRequest API the proof that tokens still work is left out' });
  const etcd = readEtcd(reading);
  return { tasks: [credentials, authority, ready, nodes, holders, endpoints, api, token, etcd], credentials, authority, api, token, etcd };
}

function authorityFinding(authorities: ReadonlyMap<Host, pki.Authority | Unreachable | undefined>): { readonly notAfter: string; readonly origin: string } | Unreachable {
  const found = firstValue(authorities);
  if (found !== undefined) return { notAfter: found.certificate.notAfter, origin: found.origin };
  const reasons = [...authorities].map(([on, seen]) => (isUnreachable(seen) ? seen.reason : `${on.name} has none`));
  return { unreachable: true, reason: `no kept master has its certificate and key (${reasons.join('; ')}); name them with --set ca.cert=... ca.key=...` };
}

/** The plays that stop the run where something speaks against it. */
export function refusal({ decision }: Pick<Observation, 'decision'>, world: World): Play {
  const none = task('Refuse if anything speaks against it', ({ seen }) => assert.none({ problems: seen.problems, message: 'the masters cannot leave now' }), { runOnce: true, uses: { seen: once(decision) } });
  return play({ name: 'Pre-flight', hosts: world.proxies, tasks: [none] });
}
