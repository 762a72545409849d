/** What the run will do, decided once from the findings; every later step works from this and never from a look in the middle. */
import { addressOf, isUnreachable, type Host } from '../../core';
import { alternativeName, isSameName, type CertificateFile } from '../../modules/pki';
import { pairsOf, type MasterFacts, type Pair } from '../steps/masters';
import { bootstrapOf, etcdServersOf, type BootstrapSetting } from './edits';
import { known, of, type Findings, type MemberFinding } from './findings';
import { leftToDo } from './left';
import { problemsOf } from './problems';
import { warningsOf } from './warnings';
import type { World } from './world';
import { hostPort, isOneOf } from '../steps/urls';

/** An etcd member that leaves. */
export interface LeavingMember extends Pick<MemberFinding, 'id' | 'name' | 'peerUrls'> { readonly address: string; readonly dead: boolean }

/** What becomes of a setting for the next rebuild of etcd. */
export interface BootstrapPlan extends BootstrapSetting {
  /** Why it is left to the user, in this case. */
  readonly refusal: string | undefined;
}

/** What happens on one kept master. */
export interface KeptPlan {
  readonly facts: MasterFacts;
  /** Pairs whose certificate names a host that leaves. */
  readonly reissue: readonly Pair[];
  /** The new `--etcd-servers`. */
  readonly etcdServers: string;
  /** `--initial-cluster` and its state; empty where etcd has no `--initial-cluster`. */
  readonly bootstrap: readonly BootstrapPlan[];
  /** The API server's flags change, or it runs with others than its unit says. */
  readonly restartsApiserver: boolean;
}

export interface Decision {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Nothing is left to do. */
  readonly reached: boolean;
  /** What is not as it will be at the end, each a sentence. */
  readonly left: readonly string[];
  /** Nodes that are not Ready. */
  readonly notReady: readonly string[];
  readonly kept: ReadonlyMap<string, KeptPlan>;
  /** Leaving masters by name. */
  readonly leaving: ReadonlyMap<string, MasterFacts>;
  /** Members to remove, dead ones first. */
  readonly members: readonly LeavingMember[];
  /** Names of all members, as they are now. */
  readonly before: readonly string[];
  /** Ids of the members that stay. */
  readonly keptMembers: readonly string[];
  /** `hostname` of the kept masters, as locks name their holders. */
  readonly keptHostnames: readonly string[];
  /** The same of all masters that answer. */
  readonly hostnames: readonly string[];
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
    before: members.map(member => member.name || member.id),
    keptMembers: members.filter(member => !leavingMembers.some(each => each.id === member.id)).map(member => member.id),
    keptHostnames: world.kept.flatMap(host => of(findings.hosts, host)?.hostname ?? []),
    hostnames: world.masters.flatMap(host => of(findings.hosts, host)?.hostname ?? []),
    holders: holdersOf(findings),
    notReady: known(findings.api)[0]?.[1].notReadyNodes ?? [],
    servers: serversOf(findings),
  };
  const left = leftToDo(decision, findings);
  return { ...decision, left, reached: decision.problems.length === 0 && left.length === 0 };
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
    const named = new Set((of(findings.certificates, host) ?? []).filter(file => namesLeaving(file, world)).map(file => file.path));
    const etcdServers = etcdServersOf(facts, host, world);
    return [name, {
      facts, etcdServers,
      reissue: pairsOf(facts).filter(pair => named.has(pair.cert)),
      bootstrap: bootstrapOf(facts, world).map(setting => ({ ...setting, refusal: of(findings.edits, host)?.bootstrap[setting.name] })),
      restartsApiserver: etcdServers !== facts.apiserver.etcdServers || of(findings.stale, host) === true,
    }];
  });
}

/** Is the certificate valid for a host that leaves? */
export function namesLeaving({ leaf }: Pick<CertificateFile, 'leaf'>, { leavingNames }: Pick<World, 'leavingNames'>): boolean {
  const gone = leavingNames.map(alternativeName);
  return leaf.names.some(name => gone.some(other => isSameName(name, other)));
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

/** `host:port` of a master's API server, as the others reach it. */
export function apiAddress(host: Host, facts: MasterFacts): string {
  return hostPort(addressOf(host), facts.apiserver.port);
}
