/** `--initial-cluster` of the kept members, wherever it is written: a flag, a variable, a line of the configuration file. */
import { play, task, type Host, type Play, type Task } from '../../core';
import type { Applied, Resource } from '../../core/module';
import * as file from '../../modules/file';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import type { Decision, InitialClusterPlan } from './decision';
import { etcdGate } from './members';

/** Step 13, for the next rebuild: etcd ignores it once it has data, so nothing is restarted. hazards: S10 */
export function initialCluster(context: Context): Play {
  return play({ name: 'Flags for the next rebuild of etcd', hosts: context.world.kept, become: true, tasks: [edit(context)] });
}

/** With `etcdRestart: rolling` it is edited, and the member restarted, while the others hold quorum. */
export function rollingEtcd(context: Context, host: Host): readonly Task<unknown>[] {
  const { vars, decision } = context;
  const edited = edit(context);
  const restarted = task('Restart etcd where it does not run with its unit\'s flags', ({ edited: change, decision: seen }) => {
    const { configFile } = seen.kept.get(host.name)?.facts.etcd ?? {};
    return systemd.current({ unit: vars.units.etcd, pending: change?.changed ?? false, ...(configFile === undefined ? {} : { files: [configFile] }) });
  }, { uses: { edited, decision }, when: ({ decision: seen }) => isEdited(seen, host) });
  return [edited, etcdGate(context, `Prove etcd before the restart on ${host.name}`, seen => isEdited(seen, host)), restarted, etcdGate(context, `Prove etcd after the restart on ${host.name}`, seen => isEdited(seen, host))];
}

function edit({ vars, decision }: Context): Task<Applied | undefined> {
  return task('Edit --initial-cluster', ({ decision: seen, host }) => editOf(vars.units.etcd, seen.kept.get(host.name)?.initialCluster),
    { uses: { decision }, when: ({ decision: seen, host }) => isEdited(seen, host) });
}

function isEdited(seen: Decision, host: Host): boolean {
  const plan = seen.kept.get(host.name)?.initialCluster;
  return plan !== undefined && plan.refusal === undefined;
}

function editOf(unit: string, plan: InitialClusterPlan | undefined): Resource<Applied> {
  const { value, now, place } = plan ?? { value: '', now: '', place: { kind: 'flag' } as const };
  switch (place.kind) {
    case 'flag': return systemd.flag({ unit, flag: '--initial-cluster', value, backup: true });
    case 'variable': return systemd.variable({ unit, variable: place.name, value, backup: true });
    case 'file': {
      const line = place.line ?? '';
      const match = new RegExp(`^${line.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
      // A line that is no longer as it was read is left alone: `after` finds no place for a new one.
      return file.line({ path: place.path, match, after: match, line: line.replace(now, () => value), backup: true });
    }
    default: return place satisfies never;
  }
}
