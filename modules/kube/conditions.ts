/** Conditions that must hold before the next step: each waits with patience and says what it last saw. */
import { milliseconds, type Duration } from '../../core/duration';
import { messageOf } from '../../core/errors';
import { check, live, type Finding } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { readApiEndpoints, readHolders, readNodes, readReadiness, type AccessParams } from './queries';
import { endpointOf, type Access } from './request';

interface Patient extends AccessParams {
  /** How long it may take; 60s unless said. */
  readonly timeout?: Duration;
}

const patience = ({ timeout = '60s' }: Pick<Patient, 'timeout'>): { timeoutMs: number; everyMs: number } => ({ timeoutMs: milliseconds(timeout), everyMs: 500 });

/** Waits until the API server answers `/readyz` with ok. The value is `true`. */
export const ready = check<Patient, true>({
  name: 'kube.ready',
  subject: ({ access }) => endpointOf(access),
  inspect: ({ access }) => live(on => orReason(async () => {
    const seen = await readReadiness(on, access);
    return seen.ready ? yes : no(`${endpointOf(access)} is not ready: ${seen.failing.join(', ')}`);
  })),
  patience,
});

export interface AnyReadyParams extends Omit<Patient, 'access'> {
  /** Several ways to ask, one for each API server. */
  readonly accesses: readonly Access[];
}

/** Waits until at least one of these API servers answers `/readyz` with ok. */
export const anyReady = check<AnyReadyParams, true>({
  name: 'kube.anyReady',
  subject: ({ accesses }) => accesses.map(endpointOf).join(', ') || 'no API server',
  inspect: ({ accesses }) => live(async on => {
    const found = await Promise.all(accesses.map(access => orReason(async () => {
      const seen = await readReadiness(on, access);
      return seen.ready ? yes : no(`${endpointOf(access)} is not ready: ${seen.failing.join(', ')}`);
    })));
    const reasons = found.flatMap(each => (each.ok ? [] : [each.reason]));
    return reasons.length < found.length ? yes : no(reasons.join('; ') || 'there is no API server to ask');
  }),
  patience,
});

export interface NodesReadyParams extends Patient {
  /** Names or addresses of nodes that need not be Ready: they were not before, or are off for good. */
  readonly except?: readonly string[];
}

/** Waits until all nodes are Ready. */
export const nodesReady = check<NodesReadyParams, true>({
  name: 'kube.nodesReady',
  subject: () => 'nodes',
  inspect: ({ access, except = [] }) => live(on => orReason(async () => {
    const waiting = (await readNodes(on, access)).filter(node => !node.ready && ![node.name, ...node.addresses].some(name => except.includes(name))).map(node => node.name);
    return waiting.length === 0 ? yes : no(`nodes that are not Ready: ${waiting.join(', ')}`);
  })),
  patience,
});

export interface HoldersInParams extends Patient {
  /** Host names (as `hostname` prints them) that may hold the locks. */
  readonly hosts: readonly string[];
}

/**
 * Waits until controller-manager's and scheduler's locks are held, and renewed, by these hosts.
 * The lock is not released on exit, so a hand-over takes up to its duration (15 s). hazards: S8.
 */
export const holdersIn = check<HoldersInParams, true>({
  name: 'kube.holdersIn',
  subject: ({ hosts }) => `leader locks on ${hosts.join(', ')}`,
  inspect: ({ access, hosts }) => live(on => orReason(async () => {
    const before = await readHolders(on, { access });
    const stray = before.filter(each => each.host === undefined || !hosts.includes(each.host));
    if (stray.length > 0) return no(stray.map(each => `${each.component} is led by ${each.host ?? 'nobody'}`).join(', '));
    const renewed = await renewedSince(on, access, before);
    return renewed.length === 0 ? yes : no(`${renewed.join(' and ')} held, but not renewed`);
  })),
  patience,
});

/** Components whose lock was not renewed within two retry periods (2 s each). */
async function renewedSince(on: Target, access: AccessParams['access'], before: Awaited<ReturnType<typeof readHolders>>): Promise<string[]> {
  for (let look = 0; look < 10; look++) {
    await pause(500, on.signal);
    const now = await readHolders(on, { access });
    const still = before.filter((each, i) => now[i]?.renewTime === each.renewTime || now[i]?.identity !== each.identity);
    if (still.length === 0) return [];
    if (look === 9) return still.map(each => each.component);
  }
  return [];
}

export interface EndpointsAreParams extends Patient {
  /** IP addresses of the API servers that must be there, and no others. */
  readonly addresses?: readonly string[];
  /** Addresses that must not be there. */
  readonly without?: readonly string[];
}

/** Waits until the service `kubernetes` has these endpoints, in Endpoints and EndpointSlices. hazards: K1. */
export const endpointsAre = check<EndpointsAreParams, true>({
  name: 'kube.endpointsAre',
  subject: params => `endpoints of service kubernetes ${wantedEndpoints(params)}`,
  inspect: params => live(on => orReason(async () => {
    const { endpoints, slices } = await readApiEndpoints(on, params.access);
    const wrong = [endpoints, ...(slices.length === 0 ? [] : [slices])].find(list => !fits(list, params));
    return wrong === undefined ? yes : no(`the service kubernetes has the endpoints ${wrong.join(', ') || 'none'}, not those ${wantedEndpoints(params)}`);
  })),
  patience,
});

function fits(list: readonly string[], { addresses, without = [] }: EndpointsAreParams): boolean {
  if (without.some(address => list.includes(address))) return false;
  return addresses === undefined ? list.length > 0 : [...addresses].sort().join(', ') === list.join(', ');
}

function wantedEndpoints({ addresses, without = [] }: EndpointsAreParams): string {
  return [...(addresses === undefined ? [] : [addresses.join(', ')]), ...(without.length === 0 ? [] : [`without ${without.join(', ')}`])].join(' ');
}

/** A pause that ends early, by an error, when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('the time is up'));
    const stop = (): void => { clearTimeout(timer); reject(new Error('the time is up')); };
    const timer = setTimeout(() => { signal.removeEventListener('abort', stop); resolve(); }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

const yes: Finding<true> = { ok: true, value: true };

function no(reason: string): Finding<true> {
  return { ok: false, reason };
}

/** While something restarts, no answer is a reason to look again, not a failure. */
async function orReason(look: () => Promise<Finding<true>>): Promise<Finding<true>> {
  try {
    return await look();
  } catch (error) {
    return no(messageOf(error));
  }
}
