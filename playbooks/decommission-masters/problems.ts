/**
 * Everything that speaks against the decommission, all at once and each with its reason. Pure: findings in, sentences out.
 * The letters and numbers are those of the hazards that each check is for (docs/decommission.md).
 */
import { addressOf, isUnreachable, type Host } from '../../core';
import { known, of, type Findings } from './findings';
import { hostOf, isOneOf, portOf, sameHost } from '../steps/urls';

/** A check: the reasons why the run must not start. */
type Check = (findings: Findings) => readonly string[];

const MAX_SKEW_MS = 60_000;
const NOTED_SKEW_MS = 1000;
const FREE_BYTES = 50 * 1024 * 1024;

const CHECKS: readonly Check[] = [silentHosts, unreadableMasters, wrongMembers, etcdHealth, quorum, durability, upstreams, proxies, apiservers, reconcilers, keys, authority, disk, clocks, etcdClients, directUsers];

/** All problems, in the order of the checks, each once. */
export function problemsOf(findings: Findings): string[] {
  return [...new Set(CHECKS.flatMap(check => check(findings)))];
}

/** What the user should know and may go on with. */
export function warningsOf(findings: Findings): string[] {
  const { world } = findings;
  const even = world.kept.length % 2 === 0 ? [`${world.kept.length} kept masters tolerate no more failures than ${world.kept.length - 1} would: an odd number is better`] : [];
  const skewed = known(findings.hosts).filter(([, { clockOffsetMs }]) => Math.abs(clockOffsetMs) > NOTED_SKEW_MS && Math.abs(clockOffsetMs) <= MAX_SKEW_MS)
    .map(([host, { clockOffsetMs }]) => `${host.name}: its clock is ${(clockOffsetMs / 1000).toFixed(1)} s off the controller's`);
  const notReady = known(findings.api)[0]?.[1].notReadyNodes ?? [];
  return [...even, ...skewed, ...(notReady.length > 0 ? [`nodes that are not Ready now: ${notReady.join(', ')}`] : [])];
}

function silentHosts({ hosts, world }: Findings): string[] {
  return world.proxies.flatMap(host => {
    const seen = hosts.get(host);
    if (seen !== undefined && !isUnreachable(seen)) return [];
    const hint = world.leaving.includes(host) ? '; if it is gone for good, name it in `dead`' : '';
    return [`${host.name} cannot be asked: ${seen?.reason ?? 'it was not looked at'}${hint}`];
  });
}

function unreadableMasters({ masters, certificates, saKeys, world, hosts }: Findings): string[] {
  return world.masters.filter(host => of(hosts, host) !== undefined).flatMap(host => {
    const reading = masters.get(host);
    if (reading === undefined || isUnreachable(reading)) return [`${host.name}: its units cannot be read: ${reason(reading)}`];
    if ('problems' in reading) return reading.problems.map(problem => `${host.name}: ${problem}`);
    const rest = [certificates.get(host), saKeys.get(host)].filter(isUnreachable);
    return rest.map(value => `${host.name}: ${value.reason}`);
  });
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

function upstreams({ upstreams: perHost, world, vars, hosts }: Findings): string[] {
  return world.proxies.filter(host => of(hosts, host) !== undefined).flatMap(host => {
    const servers = perHost.get(host);
    if (servers === undefined || isUnreachable(servers)) return [`${host.name}: its nginx cannot be read: ${reason(servers)}`];
    const names = [...world.kept.map(addressOf), ...world.leavingNames];
    const strange = servers.filter(server => !isOneOf(server.address, names));
    const missing = world.kept.filter(kept => !servers.some(server => isOneOf(server.address, [addressOf(kept)])));
    return [
      ...strange.map(server => `${host.name}: upstream ${vars.nginx.upstream} has a server ${server.address} that is neither kept nor leaving`),
      ...missing.map(kept => `${host.name}: upstream ${vars.nginx.upstream} lacks the kept master ${addressOf(kept)}`),
    ];
  });
}

/** The address that the run verifies the cut-over by must be the one that the nodes' clients use. */
function proxies({ listens, vars }: Findings): string[] {
  const port = portOf(vars.proxy);
  return known(listens).filter(([, addresses]) => !addresses.some(address => (portOf(address) ?? Number(address)) === port))
    .map(([host, addresses]) => `${host.name}: nginx offers upstream ${vars.nginx.upstream} on ${addresses.join(', ') || 'no port'}, not on ${vars.proxy}; name it with --set proxy=...`);
}

function apiservers({ api, world, masters }: Findings): string[] {
  return world.kept.filter(host => of(masters, host) !== undefined).flatMap(host => {
    const seen = api.get(host);
    if (seen === undefined || isUnreachable(seen)) return [`${host.name}: its API server cannot be asked: ${reason(seen)}`];
    return seen.failing.length === 0 ? [] : [`${host.name}: its API server is not ready: ${seen.failing.join(', ')}`];
  });
}

/** K1: the reconciler `master-count` never removes an endpoint. */
function reconcilers({ masters }: Findings): string[] {
  return known(masters).flatMap(([host, reading]) => ('facts' in reading && reading.facts.apiserver.reconciler === 'master-count'
    ? [`${host.name}: --endpoint-reconciler-type=master-count never removes a leaving API server from the service kubernetes; set it to lease on all masters first`] : []));
}

/** S5: tokens of pods must still verify afterwards. */
function keys({ vars, certificates, saKeys }: Findings): string[] {
  if (!vars.newKeys) return [];
  return known(saKeys).flatMap(([host, files]) => {
    const pairs = of(certificates, host) ?? [];
    return files.flatMap(file => pairs.filter(pair => pair.leaf.key.sha256 === file.sha256)
      .map(pair => `${host.name}: newKeys is refused, since ${file.path} (service-account tokens) is the key of ${pair.path}: with a new key every running pod's token would be rejected`));
  });
}

function authority({ authority: ca, masters, world }: Findings): string[] {
  // Where no kept master could be read, that is the news.
  if (isUnreachable(ca)) return world.kept.some(host => of(masters, host) !== undefined) ? [`the CA cannot be used: ${ca.reason}`] : [];
  const days = (Date.parse(ca.notAfter) - Date.now()) / 86_400_000;
  return days < 1 ? [`the CA ${ca.origin} expires at ${ca.notAfter}: renew it first`] : [];
}

/** E19: twice the database must fit where the snapshot is made. */
function disk({ hosts, etcd, world }: Findings): string[] {
  const size = isUnreachable(etcd) ? 0 : Math.max(0, ...etcd.statuses.map(status => status.dbSize));
  return known(hosts).flatMap(([host, { free }]) => {
    const needed = host === world.kept[0] ? FREE_BYTES + 2 * size : FREE_BYTES;
    return Object.entries(free).filter(([, bytes]) => bytes < needed)
      .map(([directory, bytes]) => `${host.name}: ${directory} has ${megabytes(bytes)} MB free and needs ${megabytes(needed)}`);
  });
}

/** E21 */
function clocks({ hosts }: Findings): string[] {
  return known(hosts).filter(([, { clockOffsetMs }]) => Math.abs(clockOffsetMs) > MAX_SKEW_MS)
    .map(([host, { clockOffsetMs }]) => `${host.name}: its clock is ${Math.round(clockOffsetMs / 1000)} s off the controller's; certificates and leases need clocks that agree`);
}

/** E13: somebody else who uses a leaving etcd would lose it. */
function etcdClients({ peers, masters, world, hosts }: Findings): string[] {
  const ours = [...world.proxies.map(addressOf), ...world.leavingNames, '127.0.0.1', '::1'];
  return known(peers).flatMap(([host, connections]) => {
    const reading = of(masters, host);
    const port = reading !== undefined && 'facts' in reading ? portsOf(reading.facts.etcd.clientUrls) : [2379];
    return connections.filter(peer => port.includes(peer.port) && !ours.some(each => sameHost(each, peer.address)) && of(hosts, host) !== undefined)
      .map(peer => `${host.name}: ${peer.address} is connected to its etcd (port ${peer.port}) and is in no inventory group: who is it? It would lose its etcd`);
  });
}

/** K6: what bypasses nginx would stop working. */
function directUsers({ kubeconfigs }: Findings): string[] {
  return known(kubeconfigs).filter(([, files]) => files.length > 0)
    .map(([host, files]) => `${host.name}: ${files.join(', ')} name a leaving API server directly; point them at the local proxy first`);
}

function portsOf(urls: readonly string[]): number[] {
  return urls.map(url => Number(/:(\d+)\/?$/.exec(url)?.[1] ?? '2379')).filter(port => hostOf(`x:${port}`) !== undefined);
}

function reason(value: { readonly reason: string } | undefined): string {
  return value?.reason ?? 'it was not looked at';
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** The hosts of a list by name, for messages. */
export function names(hosts: readonly Host[]): string {
  return hosts.map(host => host.name).join(', ');
}
