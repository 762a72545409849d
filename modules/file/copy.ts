/** Files with a given content. */
import { isAbsolute } from 'node:path';
import type { Applied, Resource } from '../../core/module';
import type { Attributes } from './attributes';
import type { Content } from './content';
import { readOrDefer, whyUnread } from './controller-files';
import { place, type Placement } from './place';
import type { Replacing } from './replace';

interface CopyTo extends Attributes, Replacing {
  /** Where it goes on the host, absolute. */
  readonly path: string;
}

/** What the file shall hold: `content`, or the bytes of a file `from` the controller. */
export type CopyParams = CopyTo & (
  | { /** Written as it is: no newline is added. A `Secret` is never shown, and makes the mode 0600 unless said. */ readonly content: Content; readonly from?: never }
  | { /** A file on the controller, absolute: `join(__dirname, 'files/x')` starts at the playbook's folder. It is read once for all hosts. */ readonly from: string; readonly content?: never }
);

/**
 * A file has this content, and this mode and owner where they are given. It is replaced by a rename: readers see the old file or the new one.
 * A symbolic link is kept and what it points to is replaced. The directory must be there.
 *
 *     file.copy({ path: '/etc/motd', content: 'Mind the gap\n', mode: 0o644 })
 */
export function copy(params: CopyParams): Resource<Applied> {
  const { from, content, ...rest } = params;
  if (from === undefined) return place('file.copy', { ...rest, content, problems: [] });
  return place('file.copy', { ...rest, ...read(from) });
}

function read(from: string): Pick<Placement, 'content' | 'problems'> {
  if (!isAbsolute(from)) return { content: '', problems: [`the file "${from}" has a relative path; write join(__dirname, '${from}'), which starts at the playbook's own folder`] };
  try {
    return { content: readOrDefer(from), problems: [] };
  } catch (error) {
    return { content: '', problems: [`the file to copy cannot be read: ${whyUnread(error)}`] };
  }
}
