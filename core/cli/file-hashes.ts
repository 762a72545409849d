/** Hashes of files that are read again only when the file system says that they may have changed. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** What was seen of one file: what the file system said of it, and the sha256 of its content; both are empty where there is no file. */
export interface SeenFile { readonly mark: string; readonly sha256: string }

/** A change within so many milliseconds after a look may leave the file's times as they are. */
const SETTLED_MS = 2000;

/** The file as it is now. Its content is read unless inode, size and both times are those of `before`. */
export function seeFile(path: string, before?: SeenFile): SeenFile {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { mark: '', sha256: '' };
  const mark = Date.now() - found.ctimeMs < SETTLED_MS ? '' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  return mark !== '' && mark === before?.mark ? before : { mark, sha256: hashFile(path) };
}

/** The sha256 of a file's content, hex; nothing for one that cannot be read. */
export function hashFile(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return '';
  }
}
