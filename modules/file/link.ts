/** Symbolic links. */
import { RefusedError } from '../../core/errors';
import { resource, type Applied, type Change, type Resource } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { foretellPath } from './foretell';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { besideOf, pathProblems } from './paths';
import { requireParent } from './replace';

export interface LinkParams {
  /** Where the link is, absolute. */
  readonly path: string;
  /** What it says, absolute or relative to the link's directory; it need not exist. */
  readonly to: string;
}

const links = resource<LinkParams, PathState>({
  name: 'file.link',
  subject: params => params.path,
  validate: params => [...pathProblems(params.path), ...(params.to === '' ? ['`to` is empty'] : [])],
  inspect: params => lookAt(params.path, { follow: false }),
  diff: compare,
  apply: async (on, { params, state }) => {
    requireParent(params.path, state);
    await pointTo(on, params.path, params.to);
  },
  foretell: (on, { params: { path, to } }) => foretellPath(on, path, { kind: 'link', target: to }),
  touches: (_state, { path }) => [{ path, only: true }],
});

/** A symbolic link points where it shall; it is changed by a rename, so it is never missing. A file or directory in its place is refused. @see symlink(7) */
export function link(params: LinkParams): Resource<Applied> {
  return links(params);
}

function compare({ facts, link: target }: PathState, { path, to }: LinkParams): Change[] {
  if (facts !== undefined && target === undefined) {
    throw new RefusedError(`${path} is to be a link and is a ${facts.type}`, 'remove it with file.absent first, if it is not needed');
  }
  return target === to ? [] : [{ resource: path, property: 'target', from: target ?? null, to }];
}

async function pointTo(on: Target, path: string, to: string): Promise<void> {
  const temporary = besideOf(path, on.runId);
  await on.run(cmd`ln -sfn -- ${to} ${temporary} && mv -fT -- ${temporary} ${path}`);
}
