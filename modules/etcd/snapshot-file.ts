/** Snapshot files on a host: is one whole, and can a cluster be restored from it? */
import { CheckError, messageOf } from '../../core/errors';
import { check, live, type Finding } from '../../core/module';
import { cmd, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { besideOf, pathProblems } from '../file/paths';

/** A file whose trailer fits its content. */
export interface SnapshotFile {
  readonly path: string;
  /** Bytes, the trailer among them. */
  readonly size: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
}

/** A snapshot from which a member was restored once, in a scratch directory. */
export interface VerifiedSnapshot extends SnapshotFile {
  /** Revision of the store. */
  readonly revision: number;
}

export interface SnapshotVerifiedParams {
  /** Absolute path of the snapshot on the host. */
  readonly path: string;
  /** The least revision that it must hold: that of a linearizable read (`etcd.status`) made before it was saved. */
  readonly atLeastRevision?: number;
}

/** How long a rehearsal may take, milliseconds. */
const RESTORE_MS = 10 * 60_000;

/** Exit codes by which the look says: no such file; size or hash do not fit. */
const ABSENT = 44;
const BROKEN = 45;

/**
 * A snapshot is whole and usable: the hash at its end fits what stands before it (`etcdctl snapshot status` would not notice), a member can be
 * restored from it in a scratch directory beside it, and its revision is not older than said. Needs etcdctl or etcdutl on the host, and as much
 * free space as the snapshot is large. hazards: E18.
 * @see https://etcd.io/docs/v3.4/op-guide/recovery/
 */
export const snapshotVerified = check<SnapshotVerifiedParams, VerifiedSnapshot>({
  name: 'etcd.snapshotVerified',
  subject: ({ path }) => path,
  validate: ({ path }) => pathProblems(path),
  inspect: params => live(on => verify(on, params)),
});

/** Looks at a snapshot's trailer: etcd ends it with the SHA-256 of the database, whose pages make a multiple of 512 bytes. @returns undefined when there is no such file @throws CheckError when it is not whole */
export async function findSnapshot(on: Target, path: string): Promise<SnapshotFile | undefined> {
  const result = await on.run(trailerCommand(path), { expect: [0, ABSENT, BROKEN], channel: 'own' });
  if (result.code === ABSENT) return undefined;
  if (result.code === BROKEN) throw new CheckError(`${on.host.name}: ${path} is no whole snapshot: ${result.stdout.trim()}`);
  const [size = '', sha256 = ''] = result.stdout.trim().split(' ');
  return { path, size: Number(size), sha256 };
}

function trailerCommand(path: string): Command {
  return cmd`f=${path}; [ -e "$f" ] || exit ${ABSENT}
s=$(stat -L -c %s -- "$f") || exit 1
[ "$((s % 512))" -eq 32 ] || { echo "it has $s bytes, which is no database with a hash at its end"; exit ${BROKEN}; }
h=$(head -c "$((s - 32))" "$f" | sha256sum | cut -c 1-64) && t=$(tail -c 32 "$f" | od -An -v -tx1 | tr -d ' \n') || exit 1
[ "$h" = "$t" ] || { echo "the hash at its end does not fit its content"; exit ${BROKEN}; }
w=$(sha256sum < "$f" | cut -c 1-64) && echo "$s $w"`;
}

async function verify(on: Target, { path, atLeastRevision }: SnapshotVerifiedParams): Promise<Finding<VerifiedSnapshot>> {
  try {
    const file = await findSnapshot(on, path);
    if (file === undefined) return { ok: false, reason: `${on.host.name}: there is no snapshot ${path}` };
    const revision = parseRevision(await rehearse(on, path), path);
    if (atLeastRevision !== undefined && revision < atLeastRevision) {
      return { ok: false, reason: `${on.host.name}: ${path} is of revision ${revision}, which is before ${atLeastRevision}` };
    }
    return { ok: true, value: { ...file, revision } };
  } catch (error) {
    if (error instanceof CheckError) return { ok: false, reason: messageOf(error) };
    throw error;
  }
}

/** Restores a member from it in a scratch directory, which goes away again. @returns what the tool says of the snapshot, JSON */
async function rehearse(on: Target, path: string): Promise<string> {
  const scratch = besideOf(`${path}.restored`, on.runId);
  const result = await on.run(cmd`f=${path}; d=${scratch}
if command -v etcdutl >/dev/null; then tool=etcdutl; elif command -v etcdctl >/dev/null; then tool=etcdctl; else exit ${ABSENT}; fi
export ETCDCTL_API=3
rm -rf -- "$d" && trap 'rm -rf -- "$d"' EXIT
"$tool" snapshot restore "$f" --data-dir "$d" >/dev/null && [ -s "$d/member/snap/db" ] && "$tool" snapshot status "$f" --write-out=json`,
  { channel: 'own', timeoutMs: RESTORE_MS, expect: [0, ABSENT] });
  if (result.code === ABSENT) throw new CheckError(`${on.host.name}: ${path} cannot be tried: the host has neither etcdutl nor etcdctl`);
  return result.stdout;
}

function parseRevision(text: string, path: string): number {
  const { revision } = JSON.parse(text) as { readonly revision?: unknown };
  if (typeof revision !== 'number') throw new CheckError(`what etcdctl says of ${path} is not understood: ${text.trim()}`);
  // A store that was never written to is at revision 1, and shows as 0 here.
  return Math.max(revision, 1);
}
