/** `--initial-cluster` and `--initial-cluster-state` of the kept members, wherever they are written: a flag, a variable, a line of the configuration file. */
import { play, task, type Host, type Play, type Task } from '../../core';
import type { Applied, Resource } from '../../core/module';
import * as file from '../../modules/file';
import * as systemd from '../../modules/systemd';
import type { Context } from './context';
import type { BootstrapPlan, Decision } from './decision';
import type { BootstrapSetting } from './edits';
import { etcdGate } from './members';

/** Step 13, for the next rebuild: etcd ignores them once it has data, so nothing is restarted. hazards: S10 */
export function initialCluster(context: Context): Play {
  return play({ name: 'Flags for the next rebuild of etcd', hosts: context.world.kept, become: true, tasks: [edit(context)] });
}

/** With `etcdRestart: rolling` it is edited, and the member restarted, while the others hold quorum. */
export function rollingEtcd(context: Context, host: Host): readonly Task<unknown>[] {
  const { vars, decision } = context;
  const edited = edit(context);
  const restarted = task('Restart etcd where it does not run with its unit\'s flags', ({ edited: change, decision: seen }) => {
    const { configFile } = seen.kept.get(host.name)?.facts.etcd ?? {};
    return systemd.current({ unit: vars.units.etcd, pending: change?.some(({ changed }) => changed) ?? false, ...(configFile === undefined ? {} : { files: [configFile] }) });
  }, { uses: { edited, decision }, when: ({ decision: seen }) => isEdited(seen, host) });
  return [edited, etcdGate(context, `Prove etcd before the restart on ${host.name}`, seen => isEdited(seen, host)), restarted, etcdGate(context, `Prove etcd after the restart on ${host.name}`, seen => isEdited(seen, host))];
}

function edit({ vars, decision }: Context): Task<readonly Applied[] | undefined> {
  return task('Edit --initial-cluster and its state', ({ decision: seen, host }) => editable(seen, host).map(plan => bootstrapEdit(vars.units.etcd, plan)),
    { uses: { decision }, when: ({ decision: seen, host }) => isEdited(seen, host) });
}

function isEdited(seen: Decision, host: Host): boolean {
  return editable(seen, host).length > 0;
}

function editable(seen: Decision, host: Host): readonly BootstrapPlan[] {
  return (seen.kept.get(host.name)?.bootstrap ?? []).filter(({ refusal }) => refusal === undefined);
}

/** The edit of one setting where it stands; what is not said yet is added in the same form, and as a flag beside a variable, since etcd reads both. */
export function bootstrapEdit(unit: string, { name, value, now, place }: BootstrapSetting): Resource<Applied> {
  switch (place.kind) {
    case 'flag': return systemd.flag({ unit, flag: `--${name}`, value, backup: true });
    case 'variable': return systemd.variable({ unit, variable: place.name, value, backup: true });
    case 'file': {
      if (now === undefined) return file.line({ path: place.path, match: new RegExp(`^${name}:`), after: /^initial-cluster:/, line: `${name}: ${value}`, backup: true });
      const line = place.line ?? '';
      const match = new RegExp(`^${line.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
      // A line that is no longer as it was read is left alone: `after` finds no place for a new one.
      return file.line({ path: place.path, match, after: match, line: line.replace(now, () => value), backup: true });
    }
    default: return place satisfies never;
  }
}
