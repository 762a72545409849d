/** Public files on a host (certificates, requests, configurations): read whole, with mode and owner. */
import { CheckError } from '../../core/errors';
import { mapLook, see, type Look } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { lookAt } from '../file/look';

/** A file that is no secret. */
export interface PublicFile {
  readonly path: string;
  /** Octal, `0644`. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly content: Buffer;
}

/** Looks at a file, links followed; `undefined` when there is none. What is there and is no small file is an error. */
export function lookAtPublic(path: string): Look<PublicFile | undefined> {
  return mapLook(lookAt(path, { follow: true, content: 'always' }), ({ facts }) => {
    if (facts === undefined) return undefined;
    const { content, mode, owner, group } = facts;
    if (!Buffer.isBuffer(content)) throw new CheckError(`${path} is no file of a certificate's size`);
    return { path, mode: mode.toString(8).padStart(4, '0'), owner, group, content };
  });
}

/** Reads a file now; `undefined` when there is none. @throws CommandError when it cannot be read */
export function readPublic(on: Target, path: string): Promise<PublicFile | undefined> {
  return see(lookAtPublic(path), on);
}
