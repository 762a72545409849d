/** Steps 8, 9 and 12: what runs on the leaving masters ends from the outside in: controllers, API servers, and etcd after it left. */
import { addressOf, from, play, task, type Host, type Play, type Task } from '../../core';
import * as file from '../../modules/file';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import type { Decision } from './decision';
import { directoryAside } from '../steps/aside';

/** Controller-managers and schedulers: those that lead nothing first, and then a kept one must lead, proved by a pod that comes back. hazards: S8 */
export function retireControllers(context: Context): readonly Play[] {
  const { world } = context;
  if (world.leaving.length + world.dead.length === 0) return [];
  return [
    stopControllers(context, 'Stop the controllers that lead nothing', (seen, host) => !seen.holders.includes(host.name)),
    stopControllers(context, 'Stop the controllers that lead', (seen, host) => seen.holders.includes(host.name)),
    keptLead(context),
  ];
}

function stopControllers({ vars, world, decision }: Context, name: string, which: (seen: Decision, host: Host) => boolean): Play {
  const { controllerManager, scheduler } = vars.units;
  const stop = (unit: string): Task<unknown> => task(`Stop and disable ${unit}`, systemd.service({ unit, state: 'stopped', boot: 'disabled' }),
    { uses: { decision }, when: ({ decision: seen, host }) => which(seen, host) });
  return play({ name, hosts: world.leaving, become: true, serial: 1, tasks: [stop(controllerManager), stop(scheduler)] });
}

function keptLead({ vars, world, decision, credentials }: Context): Play {
  const lead = task('Wait until kept masters lead', ({ decision: seen, credentials: who }) => kube.holdersIn({ access: { credentials: who }, hosts: seen.keptHostnames, timeout: '90s' }), { uses: { decision, credentials } });
  const canary = task('See a deleted pod come back', ({ credentials: who }) => kube.canary({ access: { credentials: who }, image: vars.canaryImage }),
    { uses: { credentials }, timeout: '5m' });
  return play({ name: 'Controllers lead from kept masters', hosts: world.kept.slice(0, 1), become: true, tasks: [lead, canary] });
}

/** API servers one at a time; after each the service `kubernetes` is without it and every node can write. hazards: K1, K8 */
export function retireApiservers(context: Context): readonly Play[] {
  return context.world.leaving.flatMap(host => {
    const { vars, world, credentials } = context;
    const [asker] = world.kept;
    if (asker === undefined) return [];
    const stop = task('Stop and disable it', systemd.service({ unit: vars.units.apiserver, state: 'stopped', boot: 'disabled' }), { timeout: '5m' });
    const endpoints = task(`See the service kubernetes without ${host.name}`, ({ credentials: who }) => kube.endpointsAre({ access: { credentials: who }, without: [addressOf(host)], timeout: '60s' }), { uses: { credentials } });
    return [
      play({ name: `Retire the API server of ${host.name}`, hosts: [host], become: true, tasks: [stop] }),
      play({ name: `Endpoints without ${host.name}`, hosts: [asker], become: true, tasks: [endpoints] }),
    ];
  });
}

/** Every node reads and writes through its own proxy. */
export function writeEverywhere({ vars, world, credentials }: Context, name: string): Play {
  const [asker] = world.kept;
  if (asker === undefined) throw new Error('a playbook without kept masters is refused before it is laid out');
  const write = task('Write and read through the local proxy', ({ who }) => kube.writeProbe({ access: { credentials: who, at: vars.proxy } }),
    { uses: { who: from(asker, credentials) } });
  return play({ name, hosts: world.proxies, tasks: [write] });
}

/** The removed members' etcd: it ends by itself; then it is disabled and its data renamed, so that no reboot brings it back. hazards: E10 */
export function retireEtcd({ vars, world, reading }: Context): Play {
  const off = task('Stop and disable etcd', systemd.service({ unit: vars.units.etcd, state: 'stopped', boot: 'disabled' }));
  const aside = task('Put its data aside', ({ reading: master }) => directoryAside({ path: 'facts' in master ? master.facts.etcd.dataDir : '' }), { uses: { reading } });
  return play({ name: 'Retire etcd of the removed members', hosts: world.leaving, become: true, tasks: [off, aside] });
}

/** With `wipeKeys`: what a worker has no use for. hazards: K14 */
export function wipeKeys({ vars, world, reading }: Context): Play {
  const wiped = task('Delete CA key, shared keys and kubeconfigs', ({ reading: master }) => {
    const facts = 'facts' in master ? master.facts : undefined;
    const keys = facts === undefined ? [] : [facts.etcd.server.key, facts.etcd.peer.key, facts.apiserver.serving.key, facts.apiserver.etcdClient.key, facts.apiserver.saSign, facts.controllerManager.saSign];
    const paths = [...new Set([vars.ca.key, vars.kubeconfig, ...keys.filter(path => path !== undefined)])];
    return paths.map(path => file.absent({ path }));
  }, { uses: { reading } });
  return play({ name: 'Delete the keys of the leaving masters', hosts: world.leaving, become: true, tasks: [wiped] });
}
