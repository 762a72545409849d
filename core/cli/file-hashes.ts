/** Hashes of files that are read again only when the file system says that they may have changed. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, type Stats } from 'node:fs';

/** What was seen of one file: what the file system said of it, and the sha256 of its content; both are empty where there is no file. */
export interface SeenFile {
  readonly mark: string;
  readonly sha256: string;
  /** It had changed so shortly before that its next change may leave the mark as it is. */
  readonly isYoung: boolean;
}

/** A change within so many milliseconds after a look may leave the file's times as they are. */
const SETTLED_MS = 2000;

/**
 * The file as it is now. Its content is read unless inode, size and both times are those of `before`.
 * @param moment what changed shortly before it, or later, is young
 */
export function seeFile(path: string, before?: SeenFile, moment = Date.now()): SeenFile {
  const found = statOf(path);
  if (found === undefined) return { mark: '', sha256: '', isYoung: false };
  if (before?.isYoung === false && before.mark === markOf(found)) return before;
  const sha256 = hashFile(path);
  // Once more: a change while it was read must show in the times that go with this hash.
  const read = statOf(path);
  return { mark: markOf(read), sha256, isYoung: read === undefined || moment - read.ctimeMs < SETTLED_MS };
}

/** Whether the file changed after that moment, or is gone. A time that lies ahead tells nothing: the clocks differ. */
export function changedAfter(path: string, moment: number): boolean {
  const found = statOf(path);
  return found === undefined || (found.ctimeMs > moment && found.ctimeMs <= Date.now());
}

/** Nothing for a file that is not there or lies where this user may not look. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function markOf(found: Stats | undefined): string {
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

/** The sha256 of a file's content, hex; nothing for one that cannot be read. */
export function hashFile(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return '';
  }
}
