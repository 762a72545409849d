/** What etcd has against the decommission: its members, their health, the quorum, its other clients. Pure. */
import { addressOf, isUnreachable } from '../../core';
import { quorumOf } from '../../modules/etcd';
import { clientPorts } from '../steps/etcd';
import { isOneOf, sameHost } from '../steps/urls';
import { bootstrapOf } from './edits';
import { known, of, type EtcdFindings, type Findings } from './findings';

/** All of it, each a sentence. */
export function etcdProblems(findings: Findings): string[] {
  return [wrongMembers, etcdHealth, deadMembers, quorum, restarts, durability, versions, etcdClients].flatMap(check => check(findings));
}

/** Live members, masters and inventory must be the same set, or the difference be stated (leaving, dead). */
function wrongMembers({ etcd, world, masters }: Findings): string[] {
  if (isUnreachable(etcd)) return world.kept.some(host => of(masters, host) !== undefined) ? [`etcd cannot be asked through any kept master: ${etcd.reason}`] : [];
  const known = [...world.kept.map(addressOf), ...world.leavingNames];
  const strangers = etcd.members.filter(member => !member.peerUrls.some(url => isOneOf(url, known)))
    .map(member => `etcd has a member ${member.name || member.id} at ${member.peerUrls.join(', ')} that is neither kept nor leaving: add it to the inventory or name it in \`dead\``);
  const unnamed = etcd.members.filter(member => member.name === '').map(member => `the etcd member ${member.id} (${member.peerUrls.join(', ')}) has no name: it was added and never started`);
  const missing = world.kept.filter(host => !etcd.members.some(member => member.peerUrls.some(url => isOneOf(url, [addressOf(host)]))))
    .map(host => `${host.name} (${addressOf(host)}) is to be kept, but is no member of the etcd cluster`);
  return [...strangers, ...unnamed, ...missing];
}

function etcdHealth({ etcd }: Findings): string[] {
  return isUnreachable(etcd) ? [] : [...etcd.problems];
}

/** E3, E6: removing needs a live majority at every step; the kept ones must be able to do it alone. */
function quorum({ etcd, world }: Findings): string[] {
  if (isUnreachable(etcd)) return [];
  const answering = new Set(etcd.statuses.map(status => status.id));
  const silent = world.kept.filter(host => {
    const member = etcd.members.find(each => each.peerUrls.some(url => isOneOf(url, [addressOf(host)])));
    return member !== undefined && !answering.has(member.id);
  });
  const alive = etcd.members.filter(member => answering.has(member.id)).length;
  const needed = Math.floor(etcd.members.length / 2) + 1;
  const lost = alive >= needed ? [] : [`only ${alive} of ${etcd.members.length} etcd members answer, ${needed} are needed: there is no quorum, and no removal can be decided. Restore a member, or recover from a snapshot`];
  return [...lost, ...silent.map(host => `${host.name}: its etcd member does not answer; a kept member must be healthy before others leave`)];
}

/** Whoever answers is not dead: it would go on writing, or come back. */
function deadMembers({ etcd, world }: Findings): string[] {
  if (isUnreachable(etcd)) return [];
  const answering = etcd.members.filter(member => etcd.statuses.some(status => status.id === member.id));
  return world.dead.filter(dead => answering.some(member => member.peerUrls.some(url => isOneOf(url, [dead.address, dead.name]))))
    .map(dead => `${dead.name} is named as dead, and its etcd member answers: name it in \`leaving\`, or switch it off for good first`);
}

/** With `etcdRestart: rolling` one more member is away for a moment; dead ones have been removed by then. */
function restarts({ etcd, world, vars, masters }: Findings): string[] {
  if (isUnreachable(etcd) || vars.etcdRestart !== 'rolling' || !isRestartDue({ masters, world })) return [];
  const isDead = (member: EtcdFindings['members'][number]): boolean => world.dead.some(dead => member.peerUrls.some(url => isOneOf(url, [dead.address, dead.name])));
  const voters = etcd.members.filter(member => !isDead(member));
  const alive = voters.filter(member => etcd.statuses.some(status => status.id === member.id)).length;
  return alive - 1 >= quorumOf(voters.length) ? [] : [`etcdRestart=rolling: while one of ${voters.length} members restarts, the other ones are no quorum: leave it out`];
}

function isRestartDue({ masters, world }: Pick<Findings, 'masters' | 'world'>): boolean {
  return world.kept.some(host => {
    const reading = of(masters, host);
    return reading !== undefined && 'facts' in reading && bootstrapOf(reading.facts, world).some(({ value, now }) => value !== now);
  });
}

/** Section 2d: certificates without a DNS name are read again at a handshake since 3.3.4. */
function versions({ etcd }: Findings): string[] {
  if (isUnreachable(etcd)) return [];
  const old = etcd.statuses.map(status => status.version).filter(version => /^(?:[0-2]\.|3\.[0-2]\.|3\.3\.[0-3]$)/.test(version));
  return old.length === 0 ? [] : [`etcd ${old[0] ?? ''} does not read its certificates again while it runs (3.3.4 and later do): upgrade first`];
}

/** S11: etcd#14370 */
function durability({ etcd, world, vars }: Findings): string[] {
  if (isUnreachable(etcd) || world.kept.length > 1 || vars.acceptDurabilityRisk) return [];
  const risky = etcd.statuses.map(status => status.version).filter(losesWritesAlone);
  const [version] = risky;
  if (version === undefined) return [];
  return [`a single etcd ${version} can lose writes that it has acknowledged when it crashes (etcd#14370, fixed in 3.4.21 and 3.5.5): upgrade first, or say --set acceptDurabilityRisk=true`];
}

/** Does a lone member of this version lose acknowledged writes in a crash? */
export function losesWritesAlone(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major === 3 && ((minor === 4 && patch < 21) || (minor === 5 && patch < 5));
}

/** E13: somebody else who uses a leaving etcd would lose it. */
function etcdClients({ peers, masters, world, hosts }: Findings): string[] {
  const ours = [...world.proxies.map(addressOf), ...world.leavingNames, '127.0.0.1', '::1'];
  return known(peers).flatMap(([host, connections]) => {
    const reading = of(masters, host);
    const port = reading !== undefined && 'facts' in reading ? clientPorts(reading.facts) : [2379];
    return connections.filter(peer => port.includes(peer.port) && !ours.some(each => sameHost(each, peer.address)) && of(hosts, host) !== undefined)
      .map(peer => `${host.name}: ${peer.address} is connected to its etcd (port ${peer.port}) and is in no inventory group: who is it? It would lose its etcd`);
  });
}
