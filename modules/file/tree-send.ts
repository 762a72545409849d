/**
 * Brings what differs of a tree to a host. What is new goes, as one archive, into hidden directories `.<name>.runsheet-<run>`, one in each directory that gets
 * something, so that no rename leads to another file system; when all of it is there, as it shall be, it is renamed into place. @see tar(1), rename(2)
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { parentOf, baseOf } from './paths';
import { archiveOf, sizeInArchive, type ArchiveItem } from './tar';
import { holderOf, putAbove, wantedMode, type Difference, type WantedTree } from './tree-compare';
import type { TreeFacts, TreeState } from './tree-look';
import type { TreeEntry, TreeFile } from './tree-source';

/** What is to be done. */
export interface TreeJob {
  readonly wanted: WantedTree;
  readonly state: TreeState;
  readonly differences: readonly Difference[];
}

/** Larger archives are sent one after the other: each is in memory as a whole. In bytes. */
const MOST_AT_ONCE = 16 * 1024 * 1024;

/** Makes the differences; unless all that is new has arrived whole, nothing is changed. @throws CommandError, RefusedError */
export async function sendTree(on: Target, job: TreeJob): Promise<void> {
  const staging = stagingOf(job, on.runId);
  const pieces = piecesOf(staging.items.map(({ item }) => item));
  const start = begun(staging, job.wanted.path);
  for (const [i, piece] of pieces.entries()) {
    const steps = [start, i === 0 ? prepare(staging) : raw(':'), UNPACK, i === pieces.length - 1 ? finish(job, staging) : KEEP];
    await on.run(lines(...steps), { stdin: await sharedArchive(piece) });
  }
  if (pieces.length === 0) await on.run(lines(start, prepare(staging), finish(job, staging)));
}

/** One new thing and where it waits. */
interface Staged {
  readonly entry: TreeEntry | { readonly kind: 'directory'; readonly name: '' };
  /** Relative to the anchor. */
  readonly path: string;
  /** What it takes the place of. */
  readonly old: TreeFacts | undefined;
}

type StagedItem = Staged & { readonly item: ArchiveItem };

interface Staging {
  /** The directory that all other paths are relative to: the top of the tree, or the one above where there is none yet. */
  readonly anchor: string;
  /** Is the anchor to be made, with those above it? */
  readonly isNew: boolean;
  /** The hidden directories' name, how those of all runs begin, and the directories that get one. */
  readonly hidden: string;
  readonly leftovers: string;
  readonly holders: readonly string[];
  readonly directories: readonly Staged[];
  /** Files and links. */
  readonly items: readonly StagedItem[];
}

function stagingOf({ wanted, state, differences }: TreeJob, runId: string): Staging {
  const isNew = state.top === undefined;
  const leftovers = `.${baseOf(wanted.path) || 'tree'}.runsheet-`;
  const hidden = leftovers + runId;
  const puts = new Set(differences.filter(({ act }) => act === 'put').map(({ name }) => name));
  const holders = new Set<string>();
  const directories: Staged[] = [];
  const items: StagedItem[] = [];
  for (const entry of [{ kind: 'directory', name: '' } as const, ...wanted.entries]) {
    const put = isNew ? '' : putAbove(entry.name, puts);
    if (put === undefined) continue;
    const holder = isNew ? '.' : `./${holderOf(put)}`;
    const below = isNew ? posix.join(baseOf(wanted.path), entry.name) : posix.relative(holderOf(put), entry.name);
    const path = `./${posix.join(holder, hidden, below)}`;
    holders.add(holder);
    const staged: Staged = { entry, path, old: state.found.get(entry.name) };
    if (entry.kind === 'directory') directories.push(staged);
    else items.push({ ...staged, item: itemOf(entry, staged, wanted) });
  }
  return { anchor: isNew ? parentOf(wanted.path) : wanted.path, isNew, hidden, leftovers, holders: [...holders], directories, items };
}

function itemOf(entry: Exclude<TreeEntry, { kind: 'directory' }>, { path, old }: Staged, wanted: WantedTree): ArchiveItem {
  if (entry.kind === 'link') return { kind: 'link', name: path, target: entry.target };
  return { kind: 'file', name: path, from: entry.from, size: entry.size, sha256: entry.sha256, mode: wantedMode(entry, old, wanted) ?? 0o644 };
}

function piecesOf(items: readonly ArchiveItem[]): readonly (readonly ArchiveItem[])[] {
  const pieces: ArchiveItem[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeInArchive(item);
    if (size > room) {
      pieces.push([]);
      room = MOST_AT_ONCE;
    }
    pieces.at(-1)?.push(item);
    room -= size;
  }
  return pieces;
}

/** Archives that are being made, or that some host still waits for: hosts that lack the same get the same one. */
const archives = new Map<string, Promise<Buffer> | WeakRef<Buffer>>();

async function sharedArchive(items: readonly ArchiveItem[]): Promise<Buffer> {
  const key = createHash('sha256').update(JSON.stringify(items)).digest('hex');
  const known = archives.get(key);
  const there = known instanceof WeakRef ? known.deref() : known;
  if (there !== undefined) return await there;
  for (const [other, archive] of archives) {
    if (archive instanceof WeakRef && archive.deref() === undefined) archives.delete(other);
  }
  const making = archiveOf(items);
  archives.set(key, making);
  try {
    const made = await making;
    archives.set(key, new WeakRef(made));
    return made;
  } catch (error) {
    archives.delete(key);
    throw error;
  }
}

function begun({ anchor, isNew, hidden, leftovers, holders }: Staging, path: string): Command {
  return cmd`p=${path} t=${hidden}
fail() { echo "$p: $1" >&2; exit 1; }
names() { [ $# -eq 0 ] || printf '%s\0' "$@"; }
${isNew ? cmd`mkdir -p -- ${anchor} || exit 1` : raw(':')}
cd -- ${anchor} || exit 1
umask 077
clean() { for d in ${holders}; do rm -rf -- "$d/"${leftovers}*; done; }
trap clean EXIT
trap 'exit 1' HUP INT TERM PIPE`;
}

/** What a dead run left goes. Directories are made in their order, and get group and set-group-ID bit of those they are in. */
function prepare({ holders, directories }: Staging): Command {
  return cmd`clean
for d in ${holders}; do mkdir -- "$d/$t" || exit 1; done
names ${directories.map(({ path }) => path)} | xargs -0 -r mkdir -- || exit 1`;
}

/** Modes are as in the archive, behind a directory that nobody else may enter; owner and time are not. */
const UNPACK = raw(`command -v tar >/dev/null || fail 'cannot be unpacked: the host has no tar'
tar -xpmof - || fail 'what was sent cannot be unpacked'`);

/** For the next piece. */
const KEEP = raw('trap - EXIT');

function finish({ wanted, state, differences }: TreeJob, staging: Staging): Command {
  const { holders, directories, items } = staging;
  const kept = differences.filter(({ act }) => act === 'keep');
  const gone = differences.filter(({ act }) => act === 'remove').map(({ name }) => `./${name}`);
  return lines(
    verified(items),
    ...given(wanted, staging),
    directories.length === 0 ? raw(':') : cmd`names ${directories.map(({ path }) => path)} | xargs -0 chmod -- ${wanted.directoryMode === undefined ? 'u=rwx,go=rx' : exactly(wanted.directoryMode)} || exit 1`,
    labelled(items),
    holders.length === 0 ? raw(':') : cmd`sync -f ${holders} 2>/dev/null || sync`,
    ...attributed(kept.map(({ name }) => name), { wanted, state }),
    cmd`for d in ${holders}; do
  find "$d/$t" -mindepth 1 -maxdepth 1 -exec sh -c 'mv -f -- "$@" "$0"' "$d/" {} + && rmdir -- "$d/$t" || exit 1
done
names ${gone} | xargs -0 -r rm -rf -- || exit 1`,
    holders.length === 0 ? raw(':') : cmd`sync ${holders}`,
  );
}

/** One checksum over those of all files, in their order, read back from the disk. */
function verified(items: Staging['items']): Command {
  const files = items.flatMap(({ entry, path }) => (entry.kind === 'file' ? [{ entry, path }] : []));
  if (files.length === 0) return raw(':');
  return cmd`set -- $(names ${files.map(({ path }) => path)} | xargs -0 sha256sum -- | sed 's/^\\//; s/ .*//' | sha256sum)
[ "$1" = ${sumOfSums(files.map(({ entry }) => entry))} ] || fail 'the checksum of what arrived is wrong'`;
}

function sumOfSums(files: readonly TreeFile[]): string {
  return createHash('sha256').update(files.map(({ sha256 }) => `${sha256}\n`).join('')).digest('hex');
}

/** Owner and group: those that are asked for, else of what is replaced the old ones. */
function given({ owner, group }: WantedTree, { holders, items }: Staging): Command[] {
  const all = owner === undefined && group === undefined ? [] : holders.map(holder => cmd`find ${holder}/"$t" -mindepth 1 -exec chown -h -- ${spec(owner, group)} {} + || exit 1`);
  const bySpec = grouped(items.flatMap(({ old, path, entry }) => (old?.type === entry.kind ? [[spec(owner ?? old.uid, group ?? old.gid), path] as const] : [])));
  const some = [...bySpec].map(([each, paths]) => cmd`names ${paths} | xargs -0 chown -h -- ${each} || exit 1`);
  // A change of owner clears the set-user-ID bits.
  const special = items.flatMap(({ item }) => (item.kind === 'file' && (item.mode & 0o7000) !== 0 ? [cmd`chmod -- ${exactly(item.mode)} ${item.name} || exit 1`] : []));
  return [...all, ...some, ...special];
}

/** With SELinux, what replaces something gets its label. */
function labelled(items: Staging['items']): Command {
  const pairs = items.flatMap(({ old, path, entry }) => (old?.type === entry.kind ? [`./${entry.name}`, path] : []));
  return cmd`set -- ${pairs}
if [ -e /sys/fs/selinux/enforce ]; then
  while [ $# -gt 0 ]; do chcon -h --reference="$1" -- "$2" || exit 1; shift 2; done
fi`;
}

/** Sets mode, owner and group of what stays. */
function attributed(names: readonly string[], { wanted, state }: Pick<TreeJob, 'wanted' | 'state'>): Command[] {
  const { owner, group } = wanted;
  const paths = names.map(name => `./${name}`);
  const entries = new Map(wanted.entries.map(entry => [entry.name, entry]));
  const byMode = grouped(names.flatMap(name => {
    const mode = wantedMode(entries.get(name) ?? { kind: 'directory', name: '' }, state.found.get(name), wanted);
    return mode === undefined ? [] : [[exactly(mode), `./${name}`] as const];
  }));
  return [
    ...(paths.length === 0 || (owner === undefined && group === undefined) ? [] : [cmd`names ${paths} | xargs -0 chown -h -- ${spec(owner, group)} || exit 1`]),
    ...[...byMode].map(([mode, some]) => cmd`names ${some} | xargs -0 chmod -- ${mode} || exit 1`),
  ];
}

function grouped(pairs: readonly (readonly [key: string, path: string])[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, path] of pairs) {
    const group = groups.get(key) ?? [];
    group.push(path);
    groups.set(key, group);
  }
  return groups;
}

function spec(owner: string | number | undefined, group: string | number | undefined): string {
  return `${owner ?? ''}${group === undefined ? '' : `:${group}`}`;
}

/** Five digits: with fewer, GNU chmod keeps the set-group-ID bit of a directory. */
function exactly(mode: number): string {
  return mode.toString(8).padStart(5, '0');
}
