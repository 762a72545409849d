/** Steps 8, 9 and 12: what runs on the leaving masters ends from the outside in: controllers, API servers, and etcd after it left. */
import { addressOf, from, play, task, type Host, type Play, type Task } from '../../core';
import * as file from '../../modules/file';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import type { Decision } from './decision';
import { directoryAside } from '../steps/aside';
import { secretFiles } from './leavings';

/** Controller-managers and schedulers: those that lead nothing first, and then a kept one must lead, proved by a pod that comes back. hazards: S8 */
export function retireControllers(context: Context): readonly Play[] {
  const { world } = context;
  if (world.leaving.length + world.dead.length === 0) return [];
  return [
    stopControllers(context, 'Stop the controllers that lead nothing', (seen, host) => !seen.holders.includes(host.name)),
    stopControllers(context, 'Stop the controllers that lead', (seen, host) => seen.holders.includes(host.name)),
    keptLead(context),
    keptAreQuiet(context),
  ];
}

function stopControllers({ vars, world, decision }: Context, name: string, which: (seen: Decision, host: Host) => boolean): Play {
  const { controllerManager, scheduler } = vars.units;
  const stop = (unit: string): Task<unknown> => task(`Stop and disable ${unit}`, systemd.service({ unit, state: 'stopped', boot: 'disabled' }),
    { uses: { decision }, when: ({ decision: seen, host }) => which(seen, host) });
  return play({ name, hosts: world.leaving, become: true, serial: 1, tasks: [stop(controllerManager), stop(scheduler)] });
}

function keptLead({ vars, world, decision, credentials, token }: Context): Play {
  const lead = task('Wait until kept masters lead', ({ decision: seen, credentials: who }) => kube.holdersIn({ access: { credentials: who }, hosts: seen.keptHostnames, timeout: '90s' }), { uses: { decision, credentials } });
  const canary = task('See a deleted pod come back', ({ credentials: who }) => kube.canary({ access: { credentials: who }, image: vars.canaryImage }),
    { uses: { credentials }, timeout: '5m' });
  const old = task('See that tokens from before are accepted', ({ token: earlier, credentials: who }) => (earlier === undefined ? [] : [kube.tokenAccepted({ access: { credentials: who }, token: earlier })]), { uses: { token, credentials } });
  const made = task('Ask for a new token', ({ credentials: who }) => kube.token({ access: { credentials: who } }), { uses: { token, credentials }, when: ({ token: earlier }) => earlier !== undefined });
  const accepted = task('See that a new one is accepted', ({ made: fresh, credentials: who }) => (fresh === undefined ? [] : [kube.tokenAccepted({ access: { credentials: who }, token: fresh })]), { uses: { made, credentials } });
  return play({ name: 'Controllers lead from kept masters', hosts: world.kept.slice(0, 1), become: true, tasks: [lead, canary, old, made, accepted] });
}

/** A lasting 401 in its log would mean that the controller-manager's own tokens are no longer accepted. hazards: S5 */
function keptAreQuiet({ vars, world }: Context): Play {
  const quiet = task('See no Unauthorized in its log', systemd.quiet({ unit: vars.units.controllerManager, texts: ['Unauthorized'] }));
  return play({ name: 'Controller-managers of the kept masters are let in', hosts: world.kept, become: true, tasks: [quiet] });
}

/** API servers one at a time; after each the service `kubernetes` is without it and every node can write. hazards: K1, K8 */
export function retireApiservers(context: Context): readonly Play[] {
  return context.world.leaving.flatMap(host => {
    const { vars, world, credentials, decision } = context;
    const [asker] = world.kept;
    if (asker === undefined) return [];
    const stop = task('Stop and disable it', systemd.service({ unit: vars.units.apiserver, state: 'stopped', boot: 'disabled' }), { timeout: '5m' });
    const endpoints = task(`See the service kubernetes without ${host.name}`, ({ credentials: who, decision: seen }) => kube.endpointsAre({ access: { credentials: who }, without: [seen.leaving.get(host.name)?.apiserver.advertised ?? addressOf(host)], timeout: '60s' }), { uses: { credentials, decision } });
    return [
      play({ name: `Retire the API server of ${host.name}`, hosts: [host], become: true, tasks: [stop] }),
      play({ name: `Endpoints without ${host.name}`, hosts: [asker], become: true, tasks: [endpoints] }),
    ];
  });
}

/** Every node reads and writes through its own proxy; `write` is how long that took, in milliseconds. */
export function writeEverywhere({ vars, world, credentials }: Context, name: string): { readonly play: Play; readonly write: Task<number> } {
  const [asker] = world.kept;
  if (asker === undefined) throw new Error('a playbook without kept masters is refused before it is laid out');
  const write = task('Write and read through the local proxy', ({ who }) => kube.writeProbe({ access: { credentials: who, at: vars.proxy } }),
    { uses: { who: from(asker, credentials) } });
  return { play: play({ name, hosts: world.proxies, tasks: [write] }), write };
}

/** The removed members' etcd: it ends by itself; then it is disabled and its data renamed, so that no reboot brings it back. hazards: E10 */
export function retireEtcd({ vars, world, reading }: Context): Play {
  const off = task('Stop and disable etcd', systemd.service({ unit: vars.units.etcd, state: 'stopped', boot: 'disabled' }));
  const aside = task('Put its data aside', ({ reading: master }) => directoryAside({ path: 'facts' in master ? master.facts.etcd.dataDir : '' }), { uses: { reading } });
  return play({ name: 'Retire etcd of the removed members', hosts: world.leaving, become: true, tasks: [off, aside] });
}

/** With `wipeKeys`: what a worker has no use for. hazards: K14 */
export function wipeKeys({ vars, world, reading }: Context): Play {
  const wiped = task('Delete CA key, shared keys and kubeconfigs', ({ reading: master }) => ('facts' in master ? secretFiles(master.facts, vars) : []).map(path => file.absent({ path, forGood: true })), { uses: { reading } });
  return play({ name: 'Delete the keys of the leaving masters', hosts: world.leaving, become: true, tasks: [wiped] });
}
