/** Paths that are not there. */
import { RefusedError } from '../../core/errors';
import { resource, see, steps, type Applied, type Change, type Live, type Resource } from '../../core/module';
import { realPath } from '../../core/real-path';
import { cmd, raw, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { foretellPath } from './foretell';
import { lookAt } from './look';
import { mountsAt, parseMounts } from './mounts';
import type { PathState } from './path-state';
import { baseOf, parentOf, removalProblems } from './paths';

export interface AbsentParams {
  /** Absolute. Directories of the system (`/`, `/etc`, `/var/lib` ...) are refused. */
  readonly path: string;
  /** Also a directory with all that is in it. Default: no, a directory is refused. It is refused in any case while something is mounted in it. */
  readonly recursive?: boolean;
  /** Keep no copy for `runsheet rollback`: for keys that must not lie on the host any more. Default: a copy of up to 50 MB is kept, for root's eyes alone. */
  readonly forGood?: boolean;
}

/** What is to go, and what is mounted on it or below. */
interface Leaving extends PathState {
  readonly mounts: readonly string[];
}

const leaving = resource<AbsentParams, Leaving>({
  name: 'file.absent',
  subject: params => params.path,
  validate: params => removalProblems(params.path),
  inspect: params => look(params.path),
  diff: compare,
  apply: async (on, { params, state }) => {
    await on.run(state.facts?.type === 'directory' ? cmd`rm -rf -- ${params.path}` : cmd`rm -f -- ${params.path}`);
  },
  foretell: (on, { params: { path } }) => foretellPath(on, path, { kind: 'absent' }),
  touches: ({ facts }, { path, forGood = false }) => (forGood ? undefined : [facts?.type === 'link' ? { path, only: true } : path]),
  instead: 'put it back from where it came: no copy was kept',
});

/**
 * Nothing is at the path. Of a symbolic link the link goes, not what it points to. A whole directory, and what goes for good, counts as destroyed:
 * the user is asked.
 * @see rm(1)
 */
export function absent(params: AbsentParams): Resource<Applied> {
  return { ...leaving(params), effect: params.recursive === true || params.forGood === true ? 'destroy' : 'converge' };
}

function look(path: string): Live<Leaving> {
  return steps(async on => {
    const state = await see(lookAt(path, { follow: false }), on);
    return { ...state, mounts: state.facts?.type === 'directory' ? await mountsIn(on, path) : [] };
  });
}

async function mountsIn(on: Target, path: string): Promise<readonly string[]> {
  if (on.foreseen?.isEmpty === false) {
    const real = await realPath(on, path, false);
    const will = on.foreseen.at(real.path);
    // What is only planned has nothing mounted in it; a directory that stays is one to look at.
    if (will !== undefined ? will.kind !== 'kept' : real.isPlanned) return [];
  }
  return parseMounts((await on.run(mountsBelow(path))).stdout);
}

/** Of a link the link itself is meant, so only what is above it is resolved. */
function mountsBelow(path: string): Command {
  return mountsAt(cmd`d=$(readlink -f -- ${parentOf(path)}) && printf '%s/%s' ${raw('"${d%/}"')} ${baseOf(path)}`);
}

function compare({ facts, mounts }: Leaving, { path, recursive }: AbsentParams): Change[] {
  if (facts === undefined) return [];
  if (facts.type === 'directory' && recursive !== true) {
    throw new RefusedError(`${path} is a directory and is not removed`, 'say recursive: true to remove it with all that is in it');
  }
  if (facts.type === 'directory' && mounts.length > 0) {
    throw new RefusedError(`${path} is not removed: ${mounts.join(', ')} is mounted there`, 'unmount it first');
  }
  return [{ resource: path, property: 'state', from: facts.type, to: null }];
}
