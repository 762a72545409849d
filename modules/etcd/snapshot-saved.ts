/** Saves snapshots of the database. */
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import { command, live } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { besideOf, pathProblems } from '../file/paths';
import { accessProblems, endpointText, type EtcdAccess } from './access';
import { withClient } from './client';
import { findSnapshot, type SnapshotFile } from './snapshot-file';

export interface SnapshotSavedParams extends EtcdAccess {
  /** Absolute path of the new file on the host; its directory is made, 0700. A whole snapshot that is there already is left. */
  readonly path: string;
  /** By the host's own `etcdctl`, or streamed through the controller. Default: etcdctl, where the host has it and it can be told what the access says. */
  readonly by?: 'etcdctl' | 'stream';
}

interface Before { readonly present: SnapshotFile | undefined; readonly hasTool: boolean }

/** How much of a streamed snapshot is sent to the host at once, bytes. */
const CHUNK = 4 * 1024 * 1024;
/** How long saving may take, milliseconds. */
const SAVE_MS = 10 * 60_000;

/**
 * A snapshot of the member's database in a file on the host, mode 0600: it holds every Secret of the cluster. The file appears whole, by a rename,
 * and its trailer is checked. Ask a kept member, and one that is not the leader where there is a choice.
 * @see https://etcd.io/docs/v3.4/op-guide/recovery/#snapshotting-the-keyspace
 */
export const snapshotSaved = command<SnapshotSavedParams, Before, SnapshotFile>({
  name: 'etcd.snapshotSaved',
  subject: ({ path }) => path,
  effect: 'converge',
  validate: params => [...accessProblems(params), ...pathProblems(params.path)],
  before: ({ path }) => live(async on => ({
    present: await findSnapshot(on, path),
    hasTool: (await on.run(cmd`command -v etcdctl`, { expect: [0, 1, 127] })).code === 0,
  })),
  describe: ({ present }, { path, endpoint }) => (present === undefined ? `save a snapshot of ${endpointText(endpoint)} in ${path}` : undefined),
  run: async (on, { params, before }) => {
    const { path } = params;
    const temporary = besideOf(path, on.runId);
    await on.run(cmd`d=${posix.dirname(path)}; [ -d "$d" ] || mkdir -p -m 0700 -- "$d"; rm -f -- ${temporary} && (umask 077; : > ${temporary})`);
    if ((params.by ?? preferred(params, before)) === 'etcdctl') await saveByTool(on, params, temporary);
    else await saveByStream(on, params, temporary);
    const whole = await findSnapshot(on, temporary);
    if (whole === undefined) throw new RefusedError(`${on.host.name}: the snapshot ${temporary} is gone`);
    await on.run(cmd`sync -- ${temporary} && mv -T -- ${temporary} ${path}`);
    return { ...whole, path };
  },
  verify: async (on, { params: { path }, value }) => {
    const found = await findSnapshot(on, path);
    return found?.sha256 === value.sha256 ? true : `${path} is not the snapshot that was saved`;
  },
  idle: ({ present }) => present ?? NONE,
  // A backup is what one wants to have when going back.
  undo: () => [],
});

/** `idle` is only asked where a snapshot is present. */
const NONE: SnapshotFile = { path: '', size: 0, sha256: '' };

function preferred({ via, serverName }: EtcdAccess, { hasTool }: Before): 'etcdctl' | 'stream' {
  return via === 'etcdctl' || (hasTool && via !== 'controller' && serverName === undefined) ? 'etcdctl' : 'stream';
}

async function saveByTool(on: Target, { endpoint, tls }: SnapshotSavedParams, to: string): Promise<void> {
  const flags = [`--endpoints=https://${endpointText(endpoint)}`, `--cacert=${tls.ca}`, `--cert=${tls.cert}`, `--key=${tls.key}`];
  await on.run(cmd`umask 077; etcdctl ${flags} snapshot save ${to}`, { channel: 'own', timeoutMs: SAVE_MS, env: { ETCDCTL_API: '3' } });
}

async function saveByStream(on: Target, access: EtcdAccess, to: string): Promise<void> {
  const append = (chunk: Buffer) => on.run(cmd`cat >> ${to}`, { channel: 'own', stdin: chunk });
  await withClient(on, access, async client => {
    let waiting: Buffer[] = [];
    let size = 0;
    for await (const blob of client.snapshot()) {
      waiting.push(blob);
      size += blob.length;
      if (size < CHUNK) continue;
      await append(Buffer.concat(waiting));
      [waiting, size] = [[], 0];
    }
    await append(Buffer.concat(waiting));
  });
}
