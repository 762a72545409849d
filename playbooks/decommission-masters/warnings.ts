/** What the user should know before saying yes, and may go on with. Pure. */
import { addressOf, isUnreachable } from '../../core';
import { sameHost } from '../steps/urls';
import { bootstrapOf } from './edits';
import { known, of, type Findings } from './findings';
import { MAX_SKEW_MS } from './problems';

const NOTED_SKEW_MS = 1000;
const NOTED_CA_DAYS = 365;

/** All of it, each a sentence. */
export function warningsOf(findings: Findings): string[] {
  return [oddNumber, clocks, nodes, lifeOfAuthority, editsByHand, pastNginx, etcdUsers].flatMap(check => check(findings));
}

function oddNumber({ world: { kept } }: Findings): string[] {
  return kept.length % 2 === 0 ? [`${kept.length} kept masters tolerate no more failures than ${kept.length - 1} would: an odd number is better`] : [];
}

function clocks({ hosts }: Findings): string[] {
  return known(hosts).filter(([, { clockOffsetMs }]) => Math.abs(clockOffsetMs) > NOTED_SKEW_MS && Math.abs(clockOffsetMs) <= MAX_SKEW_MS)
    .map(([host, { clockOffsetMs }]) => `${host.name}: its clock is ${(clockOffsetMs / 1000).toFixed(1)} s off the controller's`);
}

function nodes({ api }: Findings): string[] {
  const notReady = known(api)[0]?.[1].notReadyNodes ?? [];
  return notReady.length > 0 ? [`nodes that are not Ready now: ${notReady.join(', ')}`] : [];
}

/** E22: what it signs ends with it. */
function lifeOfAuthority({ authority }: Findings): string[] {
  if (isUnreachable(authority)) return [];
  const days = Math.floor((Date.parse(authority.notAfter) - Date.now()) / 86_400_000);
  return days >= 1 && days < NOTED_CA_DAYS ? [`the CA ${authority.origin} expires in ${days} days, and the new certificates with it`] : [];
}

function editsByHand({ edits, masters, world }: Findings): string[] {
  return known(edits).flatMap(([host, { bootstrap }]) => {
    const reading = of(masters, host);
    if (reading === undefined || !('facts' in reading)) return [];
    return bootstrapOf(reading.facts, world).flatMap(({ name, value }) => {
      const refusal = bootstrap[name];
      return refusal === undefined ? [] : [`${host.name}: --${name} is left to you (${refusal}); it counts at the next rebuild of etcd and should be ${value}`];
    });
  });
}

/** Pods reach an API server by the service's address and move on by themselves; anybody else goes round nginx. hazards: K6 */
function pastNginx({ peers, masters, world }: Findings): string[] {
  const ours = [...world.proxies.map(addressOf), ...world.leavingNames, '127.0.0.1', '::1'];
  return known(peers).flatMap(([host, connections]) => {
    const reading = of(masters, host);
    const port = reading !== undefined && 'facts' in reading ? reading.facts.apiserver.port : 6443;
    const strangers = connections.filter(peer => peer.port === port && !ours.some(each => sameHost(each, peer.address))).map(peer => peer.address);
    return strangers.length === 0 ? [] : [`${host.name}: ${strangers.join(', ')} ${strangers.length === 1 ? 'is' : 'are'} connected to its API server (port ${port}) and in no inventory group: unless these are pods, they will lose it`];
  });
}

/** E13 */
function etcdUsers({ etcdUsers: perHost }: Findings): string[] {
  return known(perHost).filter(([, files]) => files.length > 0).map(([host, files]) => `${host.name}: ${files.join(', ')} name the etcd of a leaving master; let them name kept ones`);
}
