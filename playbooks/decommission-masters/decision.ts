/** What the run will do, decided once from the findings; every later step works from this and never from a look in the middle. */
import { addressOf, isUnreachable, type Host } from '../../core';
import { alternativeName, isSameName } from '../../modules/pki';
import { pairsOf, type MasterFacts, type Pair } from '../steps/masters';
import { known, of, type Findings, type MemberFinding } from './findings';
import { problemsOf, warningsOf } from './problems';
import { hostPort, isOneOf, keptPeers, keptServers } from '../steps/urls';

/** An etcd member that leaves. */
export interface LeavingMember extends Pick<MemberFinding, 'id' | 'name' | 'peerUrls'> { readonly address: string; readonly dead: boolean }

/** What happens on one kept master. */
export interface KeptPlan {
  readonly facts: MasterFacts;
  /** Pairs whose certificate names a host that leaves. */
  readonly reissue: readonly Pair[];
  /** The new `--etcd-servers`. */
  readonly etcdServers: string;
  /** The new `--initial-cluster`; `undefined` where the unit has none. */
  readonly initialCluster: string | undefined;
  /** The API server's flags change, or it runs with others than its unit says. */
  readonly restartsApiserver: boolean;
}

export interface Decision {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Nothing is left to do. */
  readonly reached: boolean;
  readonly kept: ReadonlyMap<string, KeptPlan>;
  /** Leaving masters by name. */
  readonly leaving: ReadonlyMap<string, MasterFacts>;
  /** Members to remove, dead ones first. */
  readonly members: readonly LeavingMember[];
  /** Ids of the members that stay. */
  readonly keptMembers: readonly string[];
  /** `hostname` of the kept masters, as locks name their holders. */
  readonly keptHostnames: readonly string[];
  /** Inventory names of the masters that hold a leader lock now. */
  readonly holders: readonly string[];
  /** The upstream's servers as written, by kept and leaving. */
  readonly servers: { readonly kept: readonly string[]; readonly leaving: readonly string[] };
}

/** Decides. Where there are problems the rest is as far as it could be worked out. */
export function decide(findings: Findings): Decision {
  const { world, etcd } = findings;
  const members = isUnreachable(etcd) ? [] : etcd.members;
  const leavingMembers = members.flatMap(member => leavingMember(member, findings));
  const kept = new Map(world.kept.flatMap(host => keptPlan(host, findings)));
  const leaving = new Map(world.leaving.flatMap(host => factsOf(host, findings)));
  const decision = {
    problems: problemsOf(findings),
    warnings: warningsOf(findings),
    kept, leaving,
    members: [...leavingMembers].sort((a, b) => Number(b.dead) - Number(a.dead)),
    keptMembers: members.filter(member => !leavingMembers.some(each => each.id === member.id)).map(member => member.id),
    keptHostnames: world.kept.flatMap(host => of(findings.hosts, host)?.hostname ?? []),
    holders: holdersOf(findings),
    servers: serversOf(findings),
  };
  return { ...decision, reached: decision.problems.length === 0 && isReached(decision, findings) };
}

function leavingMember(member: MemberFinding, { world }: Findings): LeavingMember[] {
  if (!member.peerUrls.some(url => isOneOf(url, world.leavingNames))) return [];
  const dead = world.dead.find(each => member.peerUrls.some(url => isOneOf(url, [each.address, each.name])));
  const host = world.leaving.find(each => member.peerUrls.some(url => isOneOf(url, [addressOf(each), each.name])));
  return [{ id: member.id, name: member.name, peerUrls: member.peerUrls, address: host === undefined ? dead?.address ?? '' : addressOf(host), dead: host === undefined }];
}

function factsOf(host: Host, { masters }: Findings): [string, MasterFacts][] {
  const reading = of(masters, host);
  return reading !== undefined && 'facts' in reading ? [[host.name, reading.facts]] : [];
}

function keptPlan(host: Host, findings: Findings): [string, KeptPlan][] {
  const { world } = findings;
  return factsOf(host, findings).map(([name, facts]) => {
    const files = of(findings.certificates, host) ?? [];
    const gone = world.leavingNames.map(alternativeName);
    const named = new Set(files.filter(file => file.leaf.names.some(each => gone.some(other => isSameName(each, other)))).map(file => file.path));
    const etcdServers = keptServers(facts.apiserver.etcdServers, world.leavingNames, addressOf(host)).join(',');
    return [name, {
      facts, etcdServers,
      reissue: pairsOf(facts).filter(pair => named.has(pair.cert)),
      initialCluster: facts.etcd.initialCluster === undefined ? undefined : keptPeers(facts.etcd.initialCluster, world.leavingNames).join(','),
      restartsApiserver: etcdServers !== facts.apiserver.etcdServers || of(findings.stale, host) === true,
    }];
  });
}

function holdersOf({ api, hosts, world }: Findings): string[] {
  const holders = known(api)[0]?.[1].holders ?? [];
  return world.masters.filter(host => {
    const hostname = of(hosts, host)?.hostname;
    return hostname !== undefined && holders.some(each => each.host === hostname);
  }).map(host => host.name);
}

/** All servers of the upstreams, as the first proxy that has them writes them. */
function serversOf({ upstreams, world }: Findings): Decision['servers'] {
  const written = [...new Set(known(upstreams).flatMap(([, servers]) => servers.map(server => server.address)))];
  const kept = world.kept.map(addressOf);
  return { kept: written.filter(server => isOneOf(server, kept)), leaving: written.filter(server => isOneOf(server, world.leavingNames)) };
}

type Draft = Omit<Decision, 'reached'>;

/** Is everything as it will be at the end? A run that was killed anywhere before the end has something of this left to do. */
function isReached({ kept, leaving, members, servers }: Draft, findings: Findings): boolean {
  const { world } = findings;
  const single = servers.kept.length === 1;
  const keptDone = [...kept.values()].every(plan => plan.reissue.length === 0 && !plan.restartsApiserver
    && (plan.initialCluster === undefined || plan.initialCluster === plan.facts.etcd.initialCluster));
  const retired = [...leaving.values()].every(facts => [facts.etcd, facts.apiserver, facts.controllerManager, facts.scheduler]
    .every(component => !component.active && !component.enabled));
  const proxied = known(findings.upstreams).every(([, list]) => list.every(server => server.down === isOneOf(server.address, world.leavingNames)))
    && (!single || findings.upstreams.size === world.proxies.length);
  return keptDone && retired && proxied && members.length === 0;
}

/** `host:port` of a master's API server, as the others reach it. */
export function apiAddress(host: Host, facts: MasterFacts): string {
  return hostPort(addressOf(host), facts.apiserver.port);
}
