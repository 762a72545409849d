/** Directories. */
import { RefusedError } from '../../core/errors';
import { resource, type Applied, type Change, type Resource } from '../../core/module';
import { attributeChanges, attributeProblems, makeDirectory, setAttributes, type Attributes } from './attributes';
import { foretellAttributes, foretellDirectory } from './foretell';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';

export interface DirectoryParams extends Attributes {
  /** Absolute. */
  readonly path: string;
}

const directories = resource<DirectoryParams, PathState>({
  name: 'file.directory',
  subject: params => params.path,
  validate: params => [...pathProblems(params.path), ...attributeProblems(params)],
  inspect: params => lookAt(params.path, { follow: true }),
  diff: compare,
  apply: async (on, { params, state, changes }) => {
    if (state.facts === undefined) await makeDirectory(on, params.path, params);
    else await setAttributes(on, params.path, params, changes);
  },
  foretell: (on, { params, state }) => (state.facts === undefined ? foretellDirectory(on, params.path, params, state) : foretellAttributes(on, params.path, params, state)),
  // Not what is in it. Through a link, what the link leads to.
  touches: ({ link }, { path }) => [link === undefined ? { path, only: true } : path],
});

/**
 * A directory is there, with this mode and owner where they are given; missing parents are made with 0755 and the user of the task.
 * What is in it is left alone. A symbolic link to a directory is one. @see mkdir(1)
 */
export function directory(params: DirectoryParams): Resource<Applied> {
  return directories(params);
}

function compare({ facts, link }: PathState, wanted: DirectoryParams): Change[] {
  const { path } = wanted;
  if (facts !== undefined && facts.type !== 'directory') throw new RefusedError(`${path} is to be a directory and is a file`, 'remove it with file.absent first, if it is not needed');
  if (facts === undefined && link !== undefined) throw new RefusedError(`${path} is to be a directory and is a link to ${link}, which does not exist`);
  const missing = facts === undefined ? [{ resource: path, property: 'state', from: null, to: 'directory' }] : [];
  return [...missing, ...attributeChanges(path, facts, wanted)];
}
