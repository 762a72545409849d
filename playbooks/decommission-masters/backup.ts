/** Step 2: a snapshot of etcd from a kept member, proved, and a second copy on the controller. */
import { posix, resolve } from 'node:path';
import { play, task, type Play } from '../../core';
import * as etcd from '../../modules/etcd';
import { accessFrom } from '../steps/etcd';
import type { Context } from './context';
import type { Decision } from './decision';

/** Where snapshots lie on the kept master. */
const DIRECTORY = '/var/lib/runsheet/backup';

/** Saves, proves by trailer hash and scratch restore, and pulls it over. hazards: E18, E19, S12 */
export function backup({ vars, world, decision, reading, health, runId }: Context): Play {
  const path = posix.join(DIRECTORY, `etcd-${runId}.db`);
  const uses = { decision, reading };
  const when = ({ decision: seen }: { readonly decision: Decision }): boolean => seen.members.length > 0;
  const saved = task('Save a snapshot of etcd', ({ reading: master, host }) => etcd.snapshotSaved({ ...accessFrom(master, host), path }), { uses, when, timeout: '10m' });
  const verified = task('Restore it into a scratch directory', ({ seen }) => etcd.snapshotVerified({ path, atLeastRevision: seen.revision }), { uses: { ...uses, seen: health }, when, timeout: '10m' });
  const kept = task('Keep a second copy on the controller', etcd.snapshotKept({
    path, to: resolve(vars.backupDir, runId, vars.backupRecipient === undefined ? 'etcd.db' : 'etcd.db.age'), ...(vars.backupRecipient === undefined ? {} : { recipient: vars.backupRecipient }),
  }), { uses, when, timeout: '10m' });
  return play({ name: 'Back up', hosts: world.kept.slice(0, 1), become: true, tasks: [saved, verified, kept] });
}
