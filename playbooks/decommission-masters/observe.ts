/** Pre-flight: the plays that look at everything, and the task that decides. Nothing is changed here. */
import { X509Certificate } from 'node:crypto';
import { addressOf, all, isUnreachable, once, play, task, type Host, type Play, type Secret, type Task, type Unreachable } from '../../core';
import { CheckError } from '../../core/errors';
import * as assert from '../../modules/assert';
import type { Health } from '../../modules/etcd';
import * as file from '../../modules/file';
import * as host from '../../modules/host';
import * as kube from '../../modules/kube';
import * as nginx from '../../modules/nginx';
import * as pki from '../../modules/pki';
import type { Unit } from '../../modules/systemd';
import * as value from '../../modules/value';
import { clientPorts, readEtcd } from '../steps/etcd';
import { firstOf, firstValue, mapValues } from '../steps/per-host';
import type { MasterFacts, MasterReading } from '../steps/masters';
import { observeMasters, type MasterObservation } from '../steps/observe-masters';
import { decide, namesLeaving, type Decision } from './decision';
import { editFindings, type EditFindings } from './edits';
import { etcdFindings } from './etcd-findings';
import type { ApiFindings } from './findings';
import { LEASE, secretFiles } from './leavings';
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
  /** The same of etcd's CA, where it has its own. */
  readonly etcdAuthority: Task<pki.Authority | undefined>;
  /** What each master's units say. */
  readonly reading: Task<MasterReading>;
  /** These units: etcd, API server, controller-manager, scheduler. */
  readonly units: Task<readonly Unit[]>;
  /** The configuration of each node's nginx. */
  readonly conf: Task<nginx.NginxReading>;
  /** What etcd looked like before any change, from each kept master. */
  readonly health: Task<Health>;
  /** A service-account token from before any change, from each kept master. */
  readonly token: Task<Secret | undefined>;
  /** The upstream of each node's nginx, before any change. */
  readonly upstream: Task<nginx.Upstream>;
}

/** Directories whose file systems must have room on every host. */
const DIRECTORIES = ['/etc', '/var/lib'];

/** Lays out pre-flight. @param again the same looks at the end of the run, under other names */
export function observe(vars: Vars, world: World, again = false): Observation {
  const everywhere = everyHost(vars);
  const masters = observeMasters(vars.units);
  const kept = keptMasters(vars, world, { ...masters, again });
  const round = goingRound(world, masters);
  const remains = task('Look for what is to be put aside', ({ reading }) => file.existing({ paths: 'facts' in reading ? [reading.facts.etcd.dataDir, ...(vars.wipeKeys ? secretFiles(reading.facts, vars) : [])] : [] }), { uses: { reading: masters.reading } });
  const peers = task('See who is connected to etcd and the API server', ({ reading }) => host.peers({ ports: 'facts' in reading ? servicePorts(reading.facts) : [2379, 6443] }), { uses: { reading: masters.reading } });
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
      hosts: all(everywhere.facts), upstreams: all(everywhere.upstream), kubeconfigs: all(round.kubeconfigs), etcdUsers: all(round.etcdUsers), peers: all(peers), remains: all(remains),
      masters: all(masters.reading), certificates: all(masters.certificates), saKeys: all(masters.saKeys), stale: all(masters.stale),
      etcd: all(kept.etcd), api: all(kept.api), authorities: all(kept.authority), foreign: all(kept.foreign), edits: all(kept.edits),
    },
  });
  const look = (name: string, hosts: readonly Host[], tasks: readonly Task<unknown>[]): Play => play({ name: again ? `${name} again` : name, hosts, become: true, anyErrorsFatal: false, tasks });
  const looks = [
    look('Look at every host', world.proxies, everywhere.tasks),
    look('Look at the masters', world.masters, masters.tasks),
    look('Look at the cluster through the kept masters', world.kept, kept.tasks),
    look('Look at the connections of the leaving masters', world.leaving, [peers, remains]),
    look('Look for what goes round nginx', world.proxies, [round.kubeconfigs, round.etcdUsers]),
    // On any host that is left: it is worked out on the controller, and a kept master that failed above is among what it says.
    play({ name: again ? 'Decide again' : 'Decide', hosts: world.proxies, tasks: [decision] }),
  ];
  const { credentials, authority, etcdAuthority, token, etcd: health } = kept;
  return { plays: looks, decision, credentials, authority, etcdAuthority, health, token, reading: masters.reading, units: masters.units, conf: everywhere.conf, upstream: everywhere.upstream };
}

interface Everywhere {
  readonly tasks: readonly Task<unknown>[];
  readonly facts: Task<host.HostFacts>;
  readonly conf: Task<nginx.NginxReading>;
  readonly upstream: Task<nginx.Upstream>;
}

function everyHost(vars: Vars): Everywhere {
  const facts = task('Read name, clock and free space', host.facts({ directories: DIRECTORIES }));
  const conf = task('Read the configuration of nginx', nginx.upstreams({ unit: vars.units.nginx }));
  const upstream = task('Find the upstream of the API servers', ({ conf: seen, host: on }) => value.computed('the upstream', () => upstreamIn(seen, vars.nginx.upstream, on)), { uses: { conf } });
  return { tasks: [facts, conf, upstream], facts, conf, upstream };
}

/** A kubeconfig that names a leaving API server goes round nginx (hazard K6); a network plug-in may have an etcd of its masters in its own files (E13). */
function goingRound({ leavingNames }: World, { reading }: MasterObservation): { readonly kubeconfigs: Task<readonly string[]>; readonly etcdUsers: Task<readonly string[]> } {
  const uses = { readings: all(reading) };
  const urls = (readings: ReadonlyMap<Host, MasterReading | Unreachable>, portsOf: (facts: MasterFacts) => readonly number[], usual: number): string[] => {
    const ports = [...readings.values()].flatMap(master => ('facts' in master ? portsOf(master.facts) : []));
    return [...new Set([...ports, usual])].flatMap(port => leavingNames.map(name => `https://${hostPort(name, port)}`));
  };
  return {
    kubeconfigs: task('Look for kubeconfigs that go round nginx', ({ readings }) => host.filesNaming({
      texts: urls(readings, facts => [facts.apiserver.port], 6443), within: ['/etc/kubernetes', '/root/.kube', '/var/lib/kubelet', '/var/lib/kube-proxy'],
    }), { uses }),
    etcdUsers: task('Look for network plug-ins that name an etcd member', ({ readings }) => host.filesNaming({
      texts: urls(readings, clientPorts, 2379), within: ['/etc/cni', '/etc/calico', '/etc/flannel', '/etc/kube-flannel'],
    }), { uses }),
  };
}

/** The ports that a master's etcd and API server are asked on. */
function servicePorts(facts: MasterFacts): number[] {
  return [...clientPorts(facts), facts.apiserver.port];
}

function upstreamIn(reading: nginx.NginxReading, name: string, on: Host): nginx.Upstream {
  const found = nginx.upstreamOf(reading, name);
  if (found !== undefined) return found;
  const names = reading.upstreams.map(each => each.name).join(', ');
  throw new CheckError(`${on.name}: ${reading.config} has no upstream "${name}" but ${names || 'none'}; name it with --set nginx.upstream=...`);
}

interface Kept extends Pick<Observation, 'credentials' | 'authority' | 'etcdAuthority' | 'token'> {
  readonly tasks: readonly Task<unknown>[];
  readonly api: Task<ApiFindings>;
  readonly etcd: Task<Health>;
  readonly foreign: Task<readonly string[]>;
  readonly edits: Task<EditFindings>;
}

function keptMasters(vars: Vars, world: World, { reading, units, certificates, again }: MasterObservation & { readonly again: boolean }): Kept {
  const credentials = task('Read the kubeconfig', kube.credentials({ kubeconfig: vars.kubeconfig }));
  const { cert, key, config, profile, etcd: etcdCa } = vars.ca;
  const ignoreErrors = 'another kept master may have it';
  const authority = task('Read the CA', pki.authority({ cert, key, config, profile }), { ignoreErrors });
  const etcdAuthority = task('Read the CA of etcd', pki.authority({ config, profile, ...etcdCa ?? { cert, key } }), { ignoreErrors, when: etcdCa !== undefined });
  const foreign = task('Compare the certificates with the CA', seen => value.computed('certificates of another CA', () =>
    foreignCertificates(seen.files.filter(file => namesLeaving(file, world)), [...seen.authorities.values(), ...seen.etcdAuthorities.values()])),
  { uses: { files: certificates, authorities: all(authority), etcdAuthorities: all(etcdAuthority) } });
  const edits = task('See whether the flags can be edited', ({ master, units: all4, host: on }) => value.computed('edits of flags', () =>
    ('facts' in master ? editFindings({ host: on, facts: master.facts, units: all4 }, world) : { etcdServers: undefined, bootstrap: {}, mentions: [] })),
  { uses: { master: reading, units } });
  const { tasks, api } = askApi({ credentials, reading, again });
  const token = task('Ask for a service-account token', ({ credentials: who }) => kube.token({ access: { credentials: who } }), { uses: { credentials }, ignoreErrors: 'without the TokenRequest API the proof that tokens still work is left out' });
  const etcd = readEtcd(reading);
  return { tasks: [credentials, authority, etcdAuthority, foreign, edits, ...tasks, token, etcd], credentials, authority, etcdAuthority, foreign, edits, api, token, etcd };
}

interface AskApi { readonly credentials: Task<kube.Credentials>; readonly reading: Task<MasterReading>; readonly again: boolean }

function askApi({ credentials, reading, again }: AskApi): { readonly tasks: readonly Task<unknown>[]; readonly api: Task<ApiFindings> } {
  const access = { credentials, reading };
  const port = ({ reading: master }: { readonly reading: MasterReading }): number => ('facts' in master ? master.facts.apiserver.port : 6443);
  const ready = task('Ask the API server whether it is ready', seen => kube.readyz({ access: { credentials: seen.credentials, at: hostPort(addressOf(seen.host), port(seen)) } }), { uses: access });
  const version = task('Ask for its version', seen => kube.version({ access: { credentials: seen.credentials, at: hostPort(addressOf(seen.host), port(seen)) } }), { uses: access });
  const nodes = task('Ask for the nodes', seen => kube.nodes({ access: seen }), { uses: { credentials } });
  const holders = task('Ask who holds the leader locks', seen => kube.holders({ access: seen }), { uses: { credentials } });
  const endpoints = task('Ask for the endpoints of the API', seen => kube.apiEndpoints({ access: seen }), { uses: { credentials } });
  const leftovers = task('Look for what killed runs left', ({ credentials: who }) => kube.probeObjects({ access: { credentials: who }, ...(again ? {} : { lease: LEASE }) }), { uses: { credentials } });
  const api = task('Sum up the API', seen => value.computed('the API', () => ({
    failing: seen.ready.failing, holders: seen.holders, endpoints: seen.endpoints.endpoints, version: seen.version, leftovers: seen.leftovers,
    notReadyNodes: seen.nodes.filter(node => !node.ready).map(node => node.name),
  })), { uses: { ready, version, nodes, holders, endpoints, leftovers } });
  return { tasks: [ready, version, nodes, holders, endpoints, leftovers, api], api };
}

/** Which of these none of the CAs issued, with their issuer; none where there is no CA, which is told apart. */
function foreignCertificates(files: readonly pki.CertificateFile[], authorities: readonly (pki.Authority | Unreachable | undefined)[]): string[] {
  const ours = authorities.flatMap(each => (each !== undefined && 'certificate' in each ? [new X509Certificate(each.certificate.pem)] : []));
  if (ours.length === 0) return [];
  return files.filter(file => !ours.some(ca => pki.isIssuedBy(new X509Certificate(file.leaf.pem), ca))).map(file => `${file.path} (issued by ${file.leaf.issuer.text})`);
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
