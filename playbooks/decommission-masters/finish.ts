/** The first and the last steps: the sign that a run is at work, flags for the next rebuild, the final proof. */
import { addressOf, play, task, type Play, type Task } from '../../core';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';

const LEASE = 'decommission-masters';

/** A Lease that names the run, and whatever probe objects dead runs left, deleted. */
export function begin({ world, credentials }: Context, holder: string): Play {
  const clean = task('Delete probe objects of dead runs', ({ credentials: who }) => kube.probesAbsent({ access: { credentials: who } }), { uses: { credentials } });
  const lease = task('Hold the lease', ({ credentials: who }) => kube.lease({ access: { credentials: who }, name: LEASE, holder }), { uses: { credentials } });
  return play({ name: 'Begin', hosts: world.kept.slice(0, 1), become: true, tasks: [lease, clean] });
}

/** `--initial-cluster` on the kept etcd units, for the next rebuild: etcd ignores it once it has data, so nothing is restarted. hazards: S10 */
export function initialCluster({ vars, world, decision }: Context): Play {
  const edit = task('Edit --initial-cluster', ({ decision: seen, host }) => systemd.flag({ unit: vars.units.etcd, flag: '--initial-cluster', value: seen.kept.get(host.name)?.initialCluster ?? '' }), {
    uses: { decision }, when: ({ decision: seen, host }) => seen.kept.get(host.name)?.initialCluster !== undefined,
  });
  return play({ name: 'Flags for the next rebuild of etcd', hosts: world.kept, become: true, tasks: [edit] });
}

/** Kept controllers restart only where it was asked for. hazards: S5 */
export function restartControllers({ vars, world, decision }: Context): readonly Play[] {
  if (!vars.restartControllers) return [];
  const restart = (unit: string, leads: boolean): Task<unknown> => task(`Restart ${unit}`, systemd.restart({ unit }),
    { uses: { decision }, when: ({ decision: seen, host }) => seen.holders.includes(host.name) === leads });
  const both = (leads: boolean): Task<unknown>[] => [restart(vars.units.controllerManager, leads), restart(vars.units.scheduler, leads)];
  return [
    play({ name: 'Restart the kept controllers that lead nothing', hosts: world.kept, become: true, serial: 1, tasks: both(false) }),
    play({ name: 'Restart the kept controllers that lead', hosts: world.kept, become: true, serial: 1, tasks: both(true) }),
  ];
}

/** The cluster as a whole: nodes, endpoints, a pod that comes back; then the sign is taken down. */
export function prove({ vars, world, credentials, reading }: Context): Play {
  const uses = { credentials };
  const endpoints = task('See only kept API servers behind the service kubernetes', ({ credentials: who, reading: master }) => kube.endpointsAre({
    access: { credentials: who },
    addresses: world.kept.map(host => ('facts' in master && host === world.kept[0] ? master.facts.apiserver.advertised : undefined) ?? addressOf(host)),
  }), { uses: { ...uses, reading } });
  const canary = task('See a deleted pod come back', ({ credentials: who }) => kube.canary({ access: { credentials: who }, image: vars.canaryImage }), { uses, timeout: '5m' });
  // It uses the proof, which only a run gives: check mode, for which there is no lease yet, says that it cannot tell instead of "nothing to do".
  const lease = task('Give the lease back', ({ credentials: who }) => kube.lease({ access: { credentials: who }, name: LEASE, holder: '', state: 'absent' }), { uses: { ...uses, canary } });
  return play({ name: 'Final proof', hosts: world.kept.slice(0, 1), become: true, tasks: [endpoints, canary, lease] });
}
