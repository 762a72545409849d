/** Step 14: the cluster works, what was acknowledged is there, and a second look at everything finds nothing left to do. */
import { addressOf, once, play, task, type Play, type Task } from '../../core';
import * as assert from '../../modules/assert';
import * as kube from '../../modules/kube';
import type { Context } from './context';
import type { Decision } from './decision';
import { LEASE } from './leavings';
import { observe, type Observation } from './observe';

/** The cluster as a whole; `canary` is how long a deleted pod took to come back, in milliseconds. */
export interface Proof { readonly play: Play; readonly canary: Task<number> }

/** Nodes, endpoints, a write from the run's beginning, a pod that comes back. */
export function prove({ vars, world, credentials, decision, runId }: Context): Proof {
  const uses = { credentials };
  const nodes = task('See all nodes Ready', ({ credentials: who, decision: seen }) => kube.nodesReady({ access: { credentials: who }, except: [...seen.notReady, ...world.dead.flatMap(dead => [dead.name, dead.address])], timeout: '2m' }), { uses: { ...uses, decision } });
  const endpoints = task('See only kept API servers behind the service kubernetes', ({ credentials: who, decision: seen }) => kube.endpointsAre({
    access: { credentials: who }, addresses: world.kept.map(host => seen.kept.get(host.name)?.facts.apiserver.advertised ?? addressOf(host)),
  }), { uses: { ...uses, decision } });
  const held = task('See that what was written at the beginning is there', ({ credentials: who }) => kube.leaseHeld({ access: { credentials: who }, name: LEASE, holder: runId }), { uses });
  const canary = task('See a deleted pod come back', ({ credentials: who }) => kube.canary({ access: { credentials: who }, image: vars.canaryImage }), { uses, timeout: '5m' });
  return { play: play({ name: 'Final proof', hosts: world.kept.slice(0, 1), become: true, tasks: [nodes, endpoints, held, canary] }), canary };
}

/** What the second look found. */
export interface SecondLook { readonly plays: readonly Play[]; readonly seen: Observation }

/**
 * Units, certificates, proxies, kubeconfigs, members and service endpoints are read again, with the eyes of pre-flight: no leaving master is named anywhere any more,
 * or the run has failed.
 */
export function lookAgain({ vars, world }: Context): SecondLook {
  const seen = observe(vars, world, true);
  const done = task('See that nothing is left to do', ({ decision }) => assert.none({ problems: leftOf(decision), message: 'the masters have not left completely' }), { runOnce: true, uses: { decision: once(seen.decision) } });
  return { seen, plays: [...seen.plays, play({ name: 'Nothing is left to do', hosts: world.kept, tasks: [done] })] };
}

function leftOf({ problems, reached, left }: Decision): readonly string[] {
  return reached ? [] : [...problems, ...left];
}

/** Takes the sign down. It uses the proof, which only a run gives: check mode, for which there is no lease yet, says that it cannot tell instead of "nothing to do". */
export function end({ world, credentials }: Context, { canary }: Proof): Play {
  const lease = task('Give the lease back', ({ credentials: who }) => kube.lease({ access: { credentials: who }, name: LEASE, holder: '', state: 'absent' }), { uses: { credentials, canary } });
  return play({ name: 'End', hosts: world.kept.slice(0, 1), become: true, tasks: [lease] });
}
