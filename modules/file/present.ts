/** Files that are there, whatever they hold. */
import { resource, type Applied, type Change, type Resource } from '../../core/module';
import { attributeChanges, attributeProblems, setAttributes, writeOptions, type Attributes } from './attributes';
import { requireFile } from './content';
import { foretellAttributes, foretellFile } from './foretell';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';
import { requireParent } from './replace';

export interface PresentParams extends Attributes {
  /** Absolute. */
  readonly path: string;
}

const existing = resource<PresentParams, PathState>({
  name: 'file.present',
  subject: params => params.path,
  validate: params => [...pathProblems(params.path), ...attributeProblems(params)],
  inspect: params => lookAt(params.path, { follow: true }),
  diff: compare,
  apply: async (on, { params, state, changes }) => {
    if (state.facts !== undefined) {
      await setAttributes(on, params.path, params, changes);
    } else {
      requireParent(params.path, state);
      await on.write(params.path, '', writeOptions(params));
    }
  },
  foretell: (on, { params, state }) => (state.facts === undefined ? foretellFile(on, { ...params, content: Buffer.alloc(0) }, state) : foretellAttributes(on, params.path, params, state)),
  touches: (_state, { path }) => [path],
});

/** A file is there, made empty if need be, with this mode and owner where they are given. Its content is left alone. @see touch(1) */
export function present(params: PresentParams): Resource<Applied> {
  return existing(params);
}

function compare(state: PathState, wanted: PresentParams): Change[] {
  requireFile(wanted.path, state);
  const missing = state.facts === undefined ? [{ resource: wanted.path, property: 'state', from: null, to: 'file' }] : [];
  return [...missing, ...attributeChanges(wanted.path, state.facts, wanted)];
}
