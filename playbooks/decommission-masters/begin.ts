/** The first step, and the one that few ask for: the sign that a run is at work; kept controllers restarted. */
import { play, task, type Play, type Task } from '../../core';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import { LEASE } from './leavings';

/** A Lease that names the run, and whatever probe objects dead runs left, deleted. */
export function begin({ world, credentials, runId }: Context): Play {
  const clean = task('Delete probe objects of dead runs', ({ credentials: who }) => kube.probesAbsent({ access: { credentials: who } }), { uses: { credentials } });
  const lease = task('Hold the lease', ({ credentials: who }) => kube.lease({ access: { credentials: who }, name: LEASE, holder: runId }), { uses: { credentials } });
  return play({ name: 'Begin', hosts: world.kept.slice(0, 1), become: true, tasks: [lease, clean] });
}

/**
 * Kept controllers restart only where it was asked for: their own files never change here, and keys of service-account tokens are never re-issued anew.
 * Those that lead nothing first, and none before the locks are held and renewed again. hazards: S5
 */
export function restartControllers({ vars, world, decision, credentials }: Context): readonly Play[] {
  if (!vars.restartControllers) return [];
  const restart = (unit: string, leads: boolean): Task<unknown> => task(`Restart ${unit}`, systemd.restart({ unit }),
    { uses: { decision }, when: ({ decision: seen, host }) => seen.holders.includes(host.name) === leads });
  const held = (leads: boolean): Task<unknown> => task('Wait until the locks are held', ({ decision: seen, credentials: who }) => kube.holdersIn({ access: { credentials: who }, hosts: seen.hostnames, timeout: '90s' }),
    { uses: { decision, credentials }, when: ({ decision: seen, host }) => seen.holders.includes(host.name) === leads });
  const both = (leads: boolean): Task<unknown>[] => [restart(vars.units.controllerManager, leads), restart(vars.units.scheduler, leads), held(leads)];
  return [
    play({ name: 'Restart the kept controllers that lead nothing', hosts: world.kept, become: true, serial: 1, tasks: both(false) }),
    play({ name: 'Restart the kept controllers that lead', hosts: world.kept, become: true, serial: 1, tasks: both(true) }),
  ];
}
