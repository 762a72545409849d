/** Step 2: a snapshot of etcd from a kept member, proved, and a second copy on the controller. */
import { posix, resolve } from 'node:path';
import { play, task, type Play, type Task } from '../../core';
import * as etcd from '../../modules/etcd';
import type { KeptSnapshot, VerifiedSnapshot } from '../../modules/etcd';
import { accessFrom } from '../steps/etcd';
import type { Context } from './context';
import type { Decision } from './decision';
import { SNAPSHOTS } from './leavings';

/** A snapshot as it lies on both sides; each is `undefined` where it was not due. */
export interface Snapshot {
  readonly play: Play;
  /** On the kept master, proved. */
  readonly verified: Task<VerifiedSnapshot | undefined>;
  /** On the controller. */
  readonly kept: Task<KeptSnapshot | undefined>;
}

/** Before any change, and of the smaller cluster: a restore from the first would bring back the members that left. */
export function backup(context: Context, which: 'before' | 'after'): Snapshot {
  const { vars, world, decision, reading, health, runId } = context;
  const suffix = which === 'before' ? '' : '-after';
  const path = posix.join(SNAPSHOTS, `etcd-${runId}${suffix}.db`);
  const uses = { decision, reading };
  // A run that goes on after a killed one may have no member left to remove: the snapshot from before is that run's.
  const when = ({ decision: seen }: { readonly decision: Decision }): boolean => which === 'after' || seen.members.length > 0;
  const saved = task('Save a snapshot of etcd', ({ reading: master, host }) => etcd.snapshotSaved({ ...accessFrom(master, host), path }), { uses, when, timeout: '10m' });
  const verified = task('Restore it into a scratch directory', ({ seen }) => etcd.snapshotVerified({ path, atLeastRevision: seen.revision }), { uses: { ...uses, seen: health }, when, timeout: '10m' });
  const kept = task('Keep a second copy on the controller', etcd.snapshotKept({
    path, to: resolve(vars.backupDir, runId, `etcd${suffix}.db${vars.backupRecipient === undefined ? '' : '.age'}`), ...(vars.backupRecipient === undefined ? {} : { recipient: vars.backupRecipient }),
  }), { uses, when, timeout: '10m' });
  const name = which === 'before' ? 'Back up' : 'Back up the smaller cluster';
  return { play: play({ name, hosts: world.kept.slice(0, 1), become: true, tasks: [saved, verified, kept] }), verified, kept };
}
