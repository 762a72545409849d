/** One environment variable that a unit sets for its program. */
import { isRunnerError } from '../../core/errors';
import { resource, steps } from '../../core/module';
import { editFlag } from './flag-edit';
import { applyEdit, editChanges, foretellEdit, placed, touchedByEdit, type PlacedEdit } from './place-edit';
import { readAgain } from './restart';
import { readUnit, type Unit } from './unit';
import { unitNameProblems } from './unit-name';
import { editVariable } from './variable-edit';

export interface VariableParams {
  /** `kube-etcd` or `kube-etcd.service`. */
  readonly unit: string;
  /** `ETCD_INITIAL_CLUSTER`; the unit must set it already. */
  readonly variable: string;
  /** Taken literally: letters, digits and `. , : = / _ @ + [ ] -`, which need no quotes. */
  readonly value: string;
  /** Copy the file to `<path>-bak-<run>` before it changes. Default: no. */
  readonly backup?: boolean;
}

/**
 * A variable that a unit sets by `Environment=` or `EnvironmentFile=` has a value. It is edited where it is set last, which is what counts; every
 * other byte stays. A daemon-reload is part of it, a restart is not (`systemd.current`).
 *
 * Refused: a variable that the unit does not set, a file that belongs to a package, an edit that would not parse back.
 * @see systemd.exec(5), "Environment"
 */
export const variable = resource<VariableParams, PlacedEdit>({
  name: 'systemd.variable',
  subject: params => `${params.unit} ${params.variable}`,
  validate: params => [...unitNameProblems(params.unit), ...(/^[A-Za-z_]\w*$/.test(params.variable) ? [] : [`"${params.variable}" is not a variable's name`])],
  inspect: params => steps(async on => {
    const unit = await readUnit(on, params.unit);
    return placed(unit, editVariable(unit, params));
  }),
  diff: (state, params) => editChanges(state, params.variable),
  apply: (on, { params, state }) => applyEdit(on, state, params.backup === true),
  foretell: (on, { params, state }) => foretellEdit(on, state, params.backup === true),
  touches: (state, { backup = false }, runId) => touchedByEdit(state, backup, runId),
  undo: ({ edit }, { unit }) => (edit === undefined ? [] : [readAgain({ unit })]),
});

/** Why `systemd.flag` or `systemd.variable` would refuse this edit of a unit, a sentence; `undefined` where it would be made, or is made already. */
export function editRefusal(unit: Unit, wish: { readonly flag: string; readonly value: string } | { readonly variable: string; readonly value: string }): string | undefined {
  try {
    placed(unit, 'flag' in wish ? editFlag(unit, wish) : editVariable(unit, wish));
    return undefined;
  } catch (error) {
    if (isRunnerError(error) && error.kind === 'refused') return error.message;
    throw error;
  }
}
