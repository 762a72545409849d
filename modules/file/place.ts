/** Puts a content that is known beforehand in a file: file.copy and file.template. */
import { live, mapLook, resource, see, type Applied, type Change, type Look, type Resource } from '../../core/module';
import { Secret } from '../../core/secret';
import { attributeChanges, attributeProblems } from './attributes';
import { touchedFiles } from './backup';
import { contentChanges, lookAtSecretFile, sha256Of, type Content } from './content';
import { unread } from './controller-files';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';
import { foretellReplacement, replaceFile, type Replacement } from './replace';

/** A file as it shall be. */
export interface Placement extends Omit<Replacement, 'content'> {
  /** Of a large file of the controller, what reads and hashes it; every call gives the same content. */
  readonly content: Content | (() => Promise<Buffer>);
  /** What was found wrong while the content was made. */
  readonly problems: readonly string[];
}

/** What there is, and the content that there shall be. */
interface State { readonly at: PathState; readonly content: Content }

/** A module call that puts a content in a file. @param name the module's name, `file.copy` */
export function place(name: string, placement: Placement): Resource<Applied> {
  return resource<Placement, State>({
    name,
    subject: params => params.path,
    validate: params => [...pathProblems(params.path), ...attributeProblems(params), ...params.problems],
    inspect: look,
    diff: compare,
    apply: (on, { params, state: { at, content }, changes }) => replaceFile(on, { ...params, content }, at, changes),
    foretell: (on, { params, state: { at, content }, changes }) => foretellReplacement(on, { ...params, content }, at, changes),
    touches: (_state, { path, backup = false }, runId) => touchedFiles([path], backup, runId),
  })(placement);
}

function look({ path, content }: Placement): Look<State> {
  if (typeof content !== 'function') return mapLook(lookFor(path, content), at => ({ at, content }));
  // Not before its turn: the host would not hash so much then either.
  return live(async on => {
    const bytes = await content().catch((error: unknown) => { throw unread('file', error); });
    return { at: await see(lookFor(path, bytes), on), content: bytes };
  });
}

function lookFor(path: string, content: Content): Look<PathState> {
  const wanted = sha256Of(content);
  return content instanceof Secret ? lookAtSecretFile(path, wanted) : lookAt(path, { follow: true, content: { unless: wanted } });
}

function compare({ at, content }: State, wanted: Placement): Change[] {
  return [...contentChanges(wanted.path, at, content), ...attributeChanges(wanted.path, at.facts, wanted)];
}
