/** Where a path stands between what it was before a run and what the run made of it; a run may change one path several times. */
import type { Fingerprint, UndoRecord } from '../run/undo-record';
import { isAlike } from './fingerprints';

/** What the run made of a path besides one change of it. */
export interface Chain {
  /** What the path was before earlier changes of the run: it is further back than this change. */
  readonly further: readonly Fingerprint[];
  /** What later changes left: in check mode they are not taken back yet. */
  readonly newer: readonly Fingerprint[];
}

/** `back`: as before the change, or further back. `left`: as the run left it. `unsure`: the run was cut off in this change. `strange`: somebody else's doing. */
export type Place = 'back' | 'left' | 'unsure' | 'strange';

/** The chains of each change's paths, in their order. @param changes of all hosts in the order in which they were made */
export function chainsOf(changes: readonly UndoRecord[]): ReadonlyMap<UndoRecord, readonly Chain[]> {
  const states = new Map<string, { readonly change: UndoRecord; readonly was: Fingerprint; readonly left: Fingerprint | undefined }[]>();
  const keyOf = ({ host }: UndoRecord, path: string): string => `${host} ${path}`;
  for (const change of changes) {
    for (const [i, { path, was }] of change.paths.entries()) {
      const key = keyOf(change, path);
      states.set(key, [...states.get(key) ?? [], { change, was, left: change.left?.[i]?.is }]);
    }
  }
  return new Map(changes.map(change => [change, change.paths.map(({ path }): Chain => {
    const all = states.get(keyOf(change, path)) ?? [];
    const at = all.findIndex(each => each.change === change);
    return { further: all.slice(0, at).map(({ was }) => was), newer: all.slice(at + 1).flatMap(({ left }) => left ?? []) };
  })]));
}

/** One change of one path. */
export interface Link extends Chain {
  readonly was: Fingerprint;
  /** `undefined`: the run was cut off in it. */
  readonly left: Fingerprint | undefined;
  /** The run was taken back already, so whatever it may have been before the run is back. */
  readonly isFinished: boolean;
}

/**
 * Where a path stands. A file that was put out of the way and back has the same content twice, so the time of its last change decides where it can; a
 * host whose cp keeps only seconds is judged by content.
 */
export function placeOf(now: Fingerprint, { was, left, further, newer, isFinished }: Link): Place {
  const older = [was, ...further];
  if (older.includes(now)) return 'back';
  const isBack = older.some(each => isAlike(now, each));
  if (isBack && isFinished) return 'back';
  if (left !== undefined && isAlike(now, left) && (now === left || !isAlike(now, was))) return 'left';
  if (isBack) return 'back';
  if (newer.some(each => isAlike(now, each))) return 'left';
  return left === undefined ? 'unsure' : 'strange';
}
