/** What the run will do, host by host, in words for the one who has to say yes. */
import { addressOf } from '../../core';
import type { Decision } from './decision';
import type { Vars } from './vars';
import type { World } from './world';

/** What the user is asked. */
export function question({ leaving, dead }: Pick<World, 'leaving' | 'dead'>): string {
  const certain = dead.length === 1 ? 'is named as dead: is it certain that it is off and stays off?' : 'are named as dead: is it certain that they are off and stay off?';
  const sure = dead.length === 0 ? '' : ` ${dead.map(each => each.name).join(', ')} ${certain}`;
  return `Take ${[...leaving, ...dead].map(each => each.name).join(', ')} out of the cluster?${sure}`;
}

/** The announcement. */
export function announcement(decision: Decision, world: World, vars: Vars): string {
  if (decision.reached) return 'The masters have left already: nothing is to be done.';
  const lines = [
    ...world.kept.map(host => line(host.name, keptWork(decision, host.name, vars))),
    ...world.leaving.map(host => line(host.name, leavingWork(decision, addressOf(host), vars))),
    ...world.dead.map(dead => line(`${dead.name} (dead)`, [
      decision.members.some(member => member.address === dead.address) ? 'leaves etcd before anything else is done' : 'has left etcd',
      'is not connected to: be sure that it is off and stays off, or cut off, since nothing is stopped or disabled there',
    ])),
    line('every node', [`nginx sends clients to ${decision.servers.kept.join(', ')} only`]),
  ];
  const warnings = decision.warnings.map(warning => `  note: ${warning}`);
  return ['What will be done:', ...lines, ...warnings, `  ${wayBack(decision)}`].join('\n');
}

function line(name: string, work: readonly string[]): string {
  return `  ${name}: ${work.join('; ')}`;
}

function keptWork(decision: Decision, name: string, vars: Vars): string[] {
  const plan = decision.kept.get(name);
  if (plan === undefined) return ['stays'];
  return [
    'stays',
    ...(plan.reissue.length === 0 ? [] : [`new certificates without the leaving names (${plan.reissue.map(pair => pair.cert).join(', ')}; ${vars.newKeys ? 'new keys' : 'same keys'}, no restart)`]),
    ...(plan.restartsApiserver ? [`API server restarted with --etcd-servers=${plan.etcdServers}, while other API servers serve`] : []),
    ...(vars.etcdRestart === 'rolling' && plan.bootstrap.some(({ refusal }) => refusal === undefined) ? ['etcd restarted with the new --initial-cluster'] : []),
    ...(vars.restartControllers ? ['controller-manager and scheduler restarted'] : []),
  ];
}

function leavingWork(decision: Decision, address: string, vars: Vars): string[] {
  return [
    'controller-manager, scheduler and API server stopped and disabled',
    ...(decision.members.some(member => member.address === address) ? ['leaves etcd'] : []),
    'etcd disabled, its data directory renamed and kept',
    ...(vars.wipeKeys ? ['CA key, shared keys and kubeconfigs deleted'] : []),
    'stays a worker',
  ];
}

function wayBack(decision: Decision): string {
  return decision.members.length === 0
    ? 'The members have left etcd: back is only a new join, as a learner with an empty data directory.'
    : 'Until the first member leaves etcd every step can be undone; after that, back is only a new join, as a learner with an empty data directory.';
}
