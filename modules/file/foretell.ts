/** Paths in check mode: notes of what a planned change leaves behind, for the looks that come after it (see `foreseen.ts`). */
import type { ForeseenOwner, ForeseenPath } from '../../core/foreseen';
import { see, type Touched } from '../../core/module';
import { realPath } from '../../core/real-path';
import { Secret } from '../../core/secret';
import type { Target } from '../../core/transport/connection';
import type { Attributes } from './attributes';
import { foreseenThere } from './foreseen';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { parentOf } from './paths';

/** Notes that a path, links followed, will hold this. @param state how it looked to the change before */
export async function foretellFile(on: Target, { path, content, ...wanted }: Attributes & { readonly path: string; readonly content: Buffer | Secret }, state: PathState): Promise<void> {
  const owned = await ownedAfter(on, path, { state, wanted, mode: content instanceof Secret ? 0o600 : 0o644 });
  const { foreseen } = on;
  if (foreseen !== undefined) foreseen.put((await realPath(on, path, true)).path, { kind: 'file', content, owned, mtime: foreseen.tick() });
}

/** Notes that a file, links followed, will hold these bytes and keep its mode and owner; what is missing above it is made, and a copy beside it where asked for. */
export async function foretellText(on: Target, path: string, { content, copy }: { readonly content: Buffer; /** Where the old one is copied to. */ readonly copy: string | undefined }): Promise<void> {
  const state = await see(lookAt(path, { follow: true }), on);
  if (!state.parent) await foretellDirectory(on, parentOf(path), {}, await see(lookAt(parentOf(path), { follow: true }), on));
  if (copy !== undefined) await foretellCopy(on, copy, state);
  await foretellFile(on, { path, content }, state);
}

/** Notes that what is at a path, links followed, gets another mode or owner. */
export async function foretellAttributes(on: Target, path: string, wanted: Attributes, state: PathState): Promise<void> {
  const owned = await ownedAfter(on, path, { state, wanted, mode: 0 });
  const real = (await realPath(on, path, true)).path;
  const will = on.foreseen?.at(real);
  on.foreseen?.put(real, will?.kind === 'file' || will?.kind === 'directory' ? { ...will, owned } : { kind: 'kept', owned });
}

/** Notes a directory that will be made, with the missing ones above it. */
export async function foretellDirectory(on: Target, path: string, wanted: Attributes, state: PathState): Promise<void> {
  const owned = await ownedAfter(on, path, { state, wanted, mode: 0o755 });
  const above = parentOf(path);
  if (!state.parent) {
    const there = await see(lookAt(above, { follow: true }), on);
    if (there.facts === undefined) await foretellDirectory(on, above, {}, there);
  }
  on.foreseen?.put((await realPath(on, path, false)).path, { kind: 'directory', owned });
}

/** Notes what will be at the path itself. */
export async function foretellPath(on: Target, path: string, will: ForeseenPath): Promise<void> {
  on.foreseen?.put((await realPath(on, path, false)).path, will);
}

/** Notes that paths are newly written with what only the run will know, or copied. */
export async function foretellMade(on: Target, paths: readonly Touched[]): Promise<void> {
  for (const path of paths) await foretellPath(on, typeof path === 'string' ? (await realPath(on, path, true)).path : path.path, { kind: 'made', mtime: on.foreseen?.tick() ?? NaN });
}

/** Notes the copy of a file that is made beside it before it changes. */
export async function foretellCopy(on: Target, copy: string, state: Pick<PathState, 'facts'> | undefined): Promise<void> {
  const { foreseen } = on;
  if (foreseen === undefined || state?.facts === undefined || await foreseenThere(on, copy) === true) return;
  await foretellPath(on, copy, { kind: 'made', mtime: foreseen.tick() });
}

/** A path that changes. */
export interface Becoming { /** `undefined` facts of what is new. */ readonly state: { readonly facts: ForeseenOwner | undefined }; readonly wanted: Attributes; /** Of what is new, unless said. */ readonly mode: number }

/** Mode and owner afterwards. A change of owner clears the set-user-ID bits unless the mode is set as well. */
export async function ownedAfter(on: Target, path: string, { state: { facts }, wanted, mode }: Becoming): Promise<ForeseenOwner> {
  const before = facts ?? { mode, ...await creator(on, path) };
  const isCleared = (before.mode & 0o6000) !== 0 && (wanted.owner !== undefined || wanted.group !== undefined);
  const user = idOf(wanted.owner, { id: before.uid, name: before.owner });
  const group = idOf(wanted.group, { id: before.gid, name: before.group });
  return { mode: wanted.mode ?? (isCleared ? NaN : before.mode), uid: user.id, owner: user.name, gid: group.id, group: group.name };
}

interface Id { readonly id: number; readonly name: string }

/** Of a name the number is known for root alone, and the other way round; what is the same already stays. */
function idOf(wanted: string | number | undefined, before: Id): Id {
  if (wanted === undefined || wanted === before.name || Number(wanted) === before.id) return before;
  if (wanted === 'root' || Number(wanted) === 0) return { id: 0, name: 'root' };
  return Number.isNaN(Number(wanted)) ? { id: NaN, name: String(wanted) } : { id: Number(wanted), name: '' };
}

/** Whom something new belongs to. A directory with the set-group-ID bit gives its own group. */
export async function creator(on: Target, path: string): Promise<Omit<ForeseenOwner, 'mode'>> {
  const { facts } = await see(lookAt(parentOf(path), { follow: true }), on);
  const inherits = ((facts?.mode ?? 0) & 0o2000) !== 0;
  const isRoot = on.user === 'root';
  const group = inherits ? { gid: facts?.gid ?? NaN, group: facts?.group ?? '' } : isRoot ? { gid: 0, group: 'root' } : { gid: NaN, group: '' };
  return { uid: isRoot ? 0 : NaN, owner: on.user, ...group };
}
