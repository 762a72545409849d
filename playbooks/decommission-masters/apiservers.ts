/**
 * Step 5: each kept master in turn gets its new flags, while the others still serve: out of every nginx, edited, restarted, ready, back.
 * Where the new flags do not come up, the old unit is put back and the master serves again; then the run stops.
 */
import { addressOf, block, play, task, type Block, type Host, type Play, type Task } from '../../core';
import * as assert from '../../modules/assert';
import * as kube from '../../modules/kube';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import { apiAddress, type Decision, type KeptPlan } from './decision';
import { rollingEtcd } from './initial-cluster';
import { drain, restarts, undrain } from './proxies';
import { hostPort } from '../steps/urls';

/** The plays for all kept masters. */
export function reconfigureApiservers(context: Context): readonly Play[] {
  return context.world.kept.flatMap(host => {
    const others = play({ name: `While ${host.name} is away`, hosts: [host], become: true, tasks: [othersServe(context, host)] });
    const drained = drain(context, host);
    const tasks = [restart(context, host), ...(context.vars.etcdRestart === 'rolling' ? rollingEtcd(context, host) : [])];
    const reconfigured = play({ name: `Reconfigure the API server of ${host.name}`, hosts: [host], become: true, tasks });
    return [others, drained.play, reconfigured, undrain(context, host, drained), verdict(context, host)];
  });
}

/** Clients need somebody to go to. */
function othersServe({ world, decision, credentials }: Context, host: Host): Task<unknown> {
  return task('See that another API server is ready', ({ decision: seen, credentials: who }) => kube.anyReady({
    accesses: world.masters.filter(other => other !== host).flatMap(other => {
      const facts = seen.kept.get(other.name)?.facts ?? seen.leaving.get(other.name);
      return facts === undefined ? [] : [{ credentials: who, at: apiAddress(other, facts) }];
    }),
  }), { uses: { decision, credentials }, when: ({ decision: seen }) => restarts(seen, host) });
}

/** The nodes have the master back by now, whatever flags it runs with; with the old ones the run ends here. */
function verdict({ vars, decision }: Context, host: Host): Play {
  const unit = task('Read its unit again', systemd.unit({ unit: vars.units.apiserver }));
  const stop = task('Stop if the old flags had to be put back', ({ unit: now, decision: seen }) => assert.that({
    that: systemd.flagOf(now, '--etcd-servers')?.value === planOf(seen, host)?.etcdServers,
    message: `the API server of ${host.name} did not become ready with the new --etcd-servers; its old unit is back and it serves, nothing has left yet`,
    hint: `Look at: journalctl -u ${vars.units.apiserver} on ${host.name}`,
  }), { uses: { unit, decision } });
  return play({ name: `Verdict on ${host.name}`, hosts: [host], become: true, tasks: [unit, stop] });
}

function planOf(decision: Decision, host: Host): KeptPlan | undefined {
  return decision.kept.get(host.name);
}

function restart(context: Context, host: Host): Block {
  const { vars, decision, credentials } = context;
  const { apiserver: unit } = vars.units;
  const when = ({ decision: seen }: { readonly decision: Decision }): boolean => restarts(seen, host);
  const address = (seen: Decision): string => hostPort(addressOf(host), planOf(seen, host)?.facts.apiserver.port ?? 6443);
  const flag = task('Edit --etcd-servers', ({ decision: seen }) => systemd.flag({ unit, flag: '--etcd-servers', value: planOf(seen, host)?.etcdServers ?? '', backup: true }), { uses: { decision }, when });
  const current = task('Restart the API server where it does not run with its unit\'s flags', ({ flag: edited }) => systemd.current({ unit, pending: edited?.changed ?? false }),
    { uses: { flag, decision }, when, timeout: '5m' });
  const ready = task('Wait until it is ready', ({ decision: seen, credentials: who }) => kube.ready({ access: { credentials: who, at: address(seen) }, timeout: '120s' }), { uses: { decision, credentials }, when });
  const write = task('Write through it', ({ decision: seen, credentials: who }) => kube.writeProbe({ access: { credentials: who, at: address(seen) } }), { uses: { decision, credentials }, when });
  const accepted = task('See that it accepts tokens from before', ({ token: earlier, credentials: who, decision: seen }) => (earlier === undefined ? [] : [kube.tokenAccepted({ access: { credentials: who, at: address(seen) }, token: earlier })]),
    { uses: { token: context.token, credentials, decision }, when });
  const restored = task('Put the old unit back', ({ decision: seen }) => systemd.flag({ unit, flag: '--etcd-servers', value: planOf(seen, host)?.facts.apiserver.etcdServers ?? '' }), { uses: { decision } });
  const again = task('Restart it with the old flags', systemd.restart({ unit }));
  const readyAgain = task('Wait until it is ready again', ({ decision: seen, credentials: who }) => kube.ready({ access: { credentials: who, at: address(seen) }, timeout: '120s' }), { uses: { decision, credentials } });
  return block(`New flags on ${host.name}`, { tasks: [flag, current, ready, write, accepted], rescue: [restored, again, readyAgain] });
}
