/** Which changes of a run a rollback takes back, and which it leaves. */
import type { UndoRecord } from '../run/undo-record';

/** What is taken back and what is not. */
export interface Scope {
  /** In the order in which they were made. */
  readonly back: readonly UndoRecord[];
  /** The last change that cannot be taken back: it and everything before it stays. */
  readonly barrier: UndoRecord | undefined;
  /** What stays because it stands before that one. */
  readonly before: readonly UndoRecord[];
  /** What stays on hosts that `--limit` leaves out. */
  readonly limited: readonly UndoRecord[];
}

/**
 * Back to the last change that cannot be taken back, on whatever host: half the way further back would be worse than either end. So `--limit` narrows what
 * is taken back, never how far.
 * @param hosts names that `--limit` leaves; `undefined` for all
 */
export function scopeOf(records: readonly UndoRecord[], hosts: ReadonlySet<string> | undefined): Scope {
  const last = records.findLastIndex(record => record.barrier !== undefined);
  const after = records.slice(last + 1).filter(hasWork);
  const isIn = ({ host }: UndoRecord): boolean => hosts === undefined || hosts.has(host);
  return { back: after.filter(isIn), barrier: records[last], before: records.slice(0, Math.max(last, 0)).filter(hasWork), limited: after.filter(record => !isIn(record)) };
}

/** Is there something to put back or to do again? */
function hasWork({ paths, calls, again }: UndoRecord): boolean {
  return paths.length + calls.length > 0 || again !== undefined;
}
