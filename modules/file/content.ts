/** The content of a file: how the wanted one differs from the one that is there. */
import { sha256 } from '../../core/checksum';
import { RefusedError } from '../../core/errors';
import { live, see, type Change, type Live } from '../../core/module';
import { MAX_CONTENT } from '../../core/path-look';
import { Secret } from '../../core/secret';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { textDiff } from './text-diff';

/** What a file shall hold; text is written as UTF-8, as it is. */
export type Content = string | Buffer | Secret;

/** The bytes of a content. */
export function bytesOf(content: Content): Buffer {
  if (Buffer.isBuffer(content)) return content;
  return Buffer.from(content instanceof Secret ? content.reveal() : content);
}

/** The checksum of a content, hexadecimal. */
export function sha256Of(content: Content): string {
  return sha256(content instanceof Secret ? content.reveal() : content);
}

/** Looks at a file whose wanted content is a secret: what it holds now is taken for one as well and never printed. */
export function lookAtSecretFile(path: string, wanted: string): Live<PathState> {
  return live(async on => {
    const state = await see(lookAt(path, { follow: true, sha256: true }), on);
    const { facts } = state;
    if (facts?.type !== 'file' || facts.sha256 === wanted || facts.size > MAX_CONTENT || Number.isNaN(facts.mtime)) return state;
    return { ...state, facts: { ...facts, content: await on.readSecret(path) } };
  });
}

/**
 * The change of content, none where it is as wanted. The difference is shown unless it is secret, no text, or too long.
 * @throws RefusedError when something else than a file is in the place
 */
export function contentChanges(path: string, state: PathState, wanted: Content): Change[] {
  const { facts } = state;
  requireFile(path, state);
  const checksum = sha256Of(wanted);
  if (facts?.sha256 === checksum) return [];
  const change = { resource: path, property: 'content' };
  if (wanted instanceof Secret) return [{ ...change, from: facts === undefined ? null : '[other secret]', to: '[secret]' }];
  const diff = shownDiff(path, state, bytesOf(wanted));
  return [{ ...change, from: facts === undefined ? null : short(facts.sha256), to: short(checksum), ...(diff === undefined ? {} : { diff }) }];
}

/** @throws RefusedError when a path that is to be a file is something else */
export function requireFile(path: string, state: PathState): void {
  const type = state.facts?.type ?? 'file';
  if (type === 'file') return;
  const what = type === 'directory' ? 'a directory' : 'neither a file nor a directory';
  throw new RefusedError(`${path} is to be a file and is ${what}`, 'remove it with file.absent first, if it is not needed');
}

function shownDiff(path: string, state: PathState, to: Buffer): string | undefined {
  if (to.length > MAX_CONTENT) return undefined;
  if (state.facts === undefined) return textDiff(path, undefined, to);
  return Buffer.isBuffer(state.facts.content) ? textDiff(path, state.facts.content, to) : undefined;
}

/** Enough of a checksum to tell two contents apart. */
function short(sha256 = ''): string {
  return `sha256:${sha256.slice(0, 12)}`;
}
