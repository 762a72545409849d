/** What a rollback needs of a run, one line of `undo.jsonl` each; paths and hashes, never content. The order of the lines is the order of the changes. */
import type { Call, Effect } from '../module';

/** What was at a path: type, mode, owner, hash, time of the last change of a file, separated by blanks; `absent - - - -`. Two looks at the same thing give the same words. */
export type Fingerprint = string;

/** A path before a change. */
export interface PathBefore {
  /** Absolute, with no link in its directories. */
  readonly path: string;
  /** The entry alone: a link and not its file, a directory and not what is in it. */
  readonly only: boolean;
  readonly was: Fingerprint;
  /** The time of the last change of its directory, `2026-11-25_17:48:54.778142097_+0000`; `-` where there is none. */
  readonly dirTime: string;
}

/** A path after a change. */
export interface PathAfter { readonly is: Fingerprint; readonly dirTime: string }

/** Written before a change is begun. */
export interface ChangeLine {
  readonly v: 1;
  readonly type: 'change';
  readonly seq: number;
  /** ISO time. */
  readonly at: string;
  /** Task id, its name, and where it acted; `become` is the user it became, `null` for the login user. */
  readonly task: string;
  readonly name: string;
  readonly host: string;
  readonly become: string | null;
  readonly module: string;
  readonly subject: string;
  readonly effect: Effect;
  /**
   * What the names of the copies on the host begin with, `/var/lib/runsheet/undo/<run>/<seq>.`: the nth path is copied to that with n behind it, from 1.
   * Earlier versions made a folder for each change, and named it.
   */
  readonly copies?: string;
  readonly paths: readonly PathBefore[];
  readonly calls: readonly Call[];
  readonly again?: Call;
  /** Why there is no way back, for people. */
  readonly barrier?: string;
  readonly instead?: string;
}

/** Written after it: what it left at the same paths. Without this line it is not known how far the change came. */
export interface LeftLine { readonly v: 1; readonly type: 'left'; readonly seq: number; readonly at: string; readonly left: readonly PathAfter[] }

export type UndoLine = ChangeLine | LeftLine;

/** A change with what it left; `left` is `undefined` for one that was cut off. */
export type UndoRecord = ChangeLine & { readonly left: readonly PathAfter[] | undefined };

/** The changes of a run in their order. Lines that are cut off or of another kind are passed over. @param text of undo.jsonl */
export function parseUndo(text: string): readonly UndoRecord[] {
  const lines = text.split('\n').flatMap(parseLine);
  const left = new Map(lines.flatMap(line => (line.type === 'left' ? [[line.seq, line.left] as const] : [])));
  return lines.flatMap(line => (line.type === 'change' ? [{ ...line, left: left.get(line.seq) }] : []));
}

/** What the names of a change's copies begin with, also where they are in a folder of their own. */
export function copiesOf({ copies = '' }: Pick<ChangeLine, 'copies'>): string {
  return copies.endsWith('.') ? copies : `${copies}/`;
}

/** The file is for this user alone and written by us; only a last line may be cut off. */
function parseLine(text: string): readonly UndoLine[] {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line !== 'object' || line === null || !('v' in line) || line.v !== 1 || !('type' in line)) return [];
    return line.type === 'change' || line.type === 'left' ? [line as UndoLine] : [];
  } catch {
    return [];
  }
}
