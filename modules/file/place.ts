/** Puts a content that is known beforehand in a file: file.copy and file.template. */
import { resource, type Applied, type Change, type Look, type Resource } from '../../core/module';
import { Secret } from '../../core/secret';
import { attributeChanges, attributeProblems } from './attributes';
import { touchedFiles } from './backup';
import { contentChanges, lookAtSecretFile, sha256Of } from './content';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';
import { foretellReplacement, replaceFile, type Replacement } from './replace';

interface Placement extends Replacement {
  /** What was found wrong while the content was made. */
  readonly problems: readonly string[];
}

/** A module call that puts a content in a file. @param name the module's name, `file.copy` */
export function place(name: string, placement: Placement): Resource<Applied> {
  return resource<Placement, PathState>({
    name,
    subject: params => params.path,
    validate: params => [...pathProblems(params.path), ...attributeProblems(params), ...params.problems],
    inspect: look,
    diff: compare,
    apply: (on, { params, state, changes }) => replaceFile(on, params, state, changes),
    foretell: (on, { params, state, changes }) => foretellReplacement(on, params, state, changes),
    touches: (_state, { path, backup = false }, runId) => touchedFiles([path], backup, runId),
  })(placement);
}

function look({ path, content }: Placement): Look<PathState> {
  const wanted = sha256Of(content);
  return content instanceof Secret ? lookAtSecretFile(path, wanted) : lookAt(path, { follow: true, content: { unless: wanted } });
}

function compare(state: PathState, wanted: Placement): Change[] {
  return [...contentChanges(wanted.path, state, wanted.content), ...attributeChanges(wanted.path, state.facts, wanted)];
}
