/** Paths as they were before a change of an earlier run, put back from the copies that were kept on the host. */
import { RefusedError } from '../errors';
import { live, resource, type Applied, type Change } from '../module';
import { lookAt, typeOf } from '../run/undo-look';
import { copiesOf, type Fingerprint, type PathAfter, type UndoRecord } from '../run/undo-record';
import { restoreCommand, type PutBack } from '../run/undo-scripts';
import { placeOf, type Chain } from './chain';
import { said } from './fingerprints';

export interface RestoredParams {
  readonly change: UndoRecord;
  /** Of its paths, in their order. */
  readonly chains: readonly Chain[];
  /** The run was taken back already. */
  readonly isFinished: boolean;
  /** Put back also what was cut off, of which nobody knows who wrote what is there now. */
  readonly includeUnfinished: boolean;
}

/** What is there now, in the order of the change's paths. */
type State = readonly PathAfter[];

/**
 * What a change touched is as it was before it: content, owner, mode, times, links; what was not there is gone. Done already where it is so.
 * Refused: what is neither as it was before nor as the change left it, since somebody else changed it.
 */
export const restored = resource<RestoredParams, State, Applied>({
  name: 'rollback.restored',
  subject: ({ change }) => `${change.module} ${change.subject}`,
  inspect: ({ change }) => live(on => lookAt(on, change.paths)),
  diff: (state, params) => different(state, params).flatMap(({ path, was, now }) => changesOf(path, now, was)),
  apply: async (on, { params, state }) => {
    const { change } = params;
    await on.run(restoreCommand(copiesOf(change), on.runId, different(state, params)));
  },
  value: (_state, _params, changed) => ({ changed }),
  predict: () => ({ changed: true }),
  touches: (state, params) => different(state, params).map(({ path, only, now, was }) => (only || typeOf(now) === 'link' || typeOf(was) === 'link' ? { path, only: true } : path)),
});

/** The paths that are not as they were. @throws RefusedError where that is somebody else's doing */
function different(state: State, { change, chains, isFinished, includeUnfinished }: RestoredParams): readonly PutBack[] {
  return change.paths.flatMap((before, i): readonly PutBack[] => {
    const now = state[i]?.is ?? '';
    const left = change.left?.[i];
    const place = placeOf(now, { was: before.was, left: left?.is, isFinished, ...chains[i] ?? { further: [], newer: [] } });
    if (place === 'back') return [];
    if (place === 'strange' || (place === 'unsure' && !includeUnfinished)) throw new RefusedError(conflict(before.path, now, change), 'Look at it, and put it as you want it by hand.');
    return [{ ...before, number: i + 1, now, leftDirTime: left?.dirTime }];
  });
}

/** What is wrong with a path that cannot be put back, a sentence. */
export function conflict(path: string, now: Fingerprint, { task, left }: UndoRecord): string {
  if (left === undefined) {
    return `${path} is ${said(now)}: the run was cut off while "${task}" changed it, and it is not known whether it or somebody else wrote what is there; --include-unfinished puts the old state back all the same`;
  }
  return `${path} was changed by somebody else since: it is ${said(now)}`;
}

function changesOf(path: string, now: Fingerprint, was: Fingerprint): readonly Change[] {
  const [type = '', mode = '', owner = '', hash = ''] = now.split(' ');
  const [oldType = '', oldMode = '', oldOwner = '', oldHash = ''] = was.split(' ');
  if (type !== oldType) return [{ resource: path, property: 'state', from: wordOf(type), to: wordOf(oldType) }];
  const change = (property: string, from: string, to: string): readonly Change[] => (from === to ? [] : [{ resource: path, property, from, to }]);
  return [...change('content', short(hash), short(oldHash)), ...change('mode', mode, oldMode), ...change('owner', owner, oldOwner)];
}

function wordOf(type: string): string | null {
  return type === 'absent' ? null : type === 'tree' ? 'directory' : type;
}

function short(hash: string): string {
  return hash === '-' ? hash : `sha256:${hash.slice(0, 12)}`;
}
