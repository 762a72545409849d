/**
 * Everything that speaks against the decommission, all at once and each with its reason. Pure: findings in, sentences out.
 * The letters and numbers are those of the hazards that each check is for (docs/decommission.md).
 */
import { addressOf, isUnreachable } from '../../core';
import { known, of, type Findings } from './findings';
import { etcdProblems } from './problems-etcd';
import { isOneOf, portOf } from '../steps/urls';

/** A check: the reasons why the run must not start. */
type Check = (findings: Findings) => readonly string[];

/** Clocks may be so far apart. */
export const MAX_SKEW_MS = 60_000;
const FREE_BYTES = 50 * 1024 * 1024;

const CHECKS: readonly Check[] = [
  silentHosts, unreadableMasters, etcdProblems, upstreams, proxies, apiservers, apiVersions, flags, reconcilers, keys, authority, foreignCertificates, disk, clocks, directUsers,
];

/** All problems, in the order of the checks, each once. */
export function problemsOf(findings: Findings): string[] {
  return [...new Set(CHECKS.flatMap(check => check(findings)))];
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
    const missing = world.kept.includes(host) ? (of(saKeys, host) ?? []).filter(file => file.sha256 === undefined) : [];
    return [
      ...rest.map(value => `${host.name}: ${value.reason}`),
      ...missing.map(file => `${host.name}: its units name the service-account key ${file.path}, and there is no such file: its API server would not start again`),
    ];
  });
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

/** Section 2d: an older API server would show its old certificate until it is restarted, and one before 1.16 takes the first server's name for all (E16). */
function apiVersions({ api }: Findings): string[] {
  return known(api).flatMap(([host, { version }]) => {
    const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
    return major === '1' && Number(minor) < 17 ? [`${host.name}: its API server is ${version}, and before v1.17 certificates are not read again while it runs; take masters out after an upgrade`] : [];
  });
}

/** What cannot be edited, or would be left behind, is better known before than in the middle. */
function flags({ edits }: Findings): string[] {
  return known(edits).flatMap(([host, { etcdServers, mentions }]) => [
    ...(etcdServers === undefined ? [] : [`${host.name}: --etcd-servers cannot be edited: ${etcdServers}`]),
    ...mentions.map(mention => `${host.name}: ${mention} names a leaving master and is not edited by this playbook; point it at a kept one or at the local proxy first`),
  ]);
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

function foreignCertificates({ foreign }: Findings): string[] {
  return known(foreign).flatMap(([host, files]) => files.map(file => `${host.name}: ${file} was not issued by the CA that is to sign it again; name the right one with --set ca.cert=... ca.key=... (ca.etcd.cert=... ca.etcd.key=...)`));
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

/** K6: what bypasses nginx would stop working. */
function directUsers({ kubeconfigs }: Findings): string[] {
  return known(kubeconfigs).filter(([, files]) => files.length > 0)
    .map(([host, files]) => `${host.name}: ${files.join(', ')} name a leaving API server directly; point them at the local proxy first`);
}

function reason(value: { readonly reason: string } | undefined): string {
  return value?.reason ?? 'it was not looked at';
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
