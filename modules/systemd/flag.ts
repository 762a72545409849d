/** One flag on a unit's command line. */
import { resource, steps } from '../../core/module';
import { editFlag } from './flag-edit';
import { applyEdit, editChanges, foretellEdit, placed, touchedByEdit, type PlacedEdit } from './place-edit';
import { readAgain } from './restart';
import { readUnit } from './unit';
import { unitNameProblems } from './unit-name';

interface FlagBase {
  /** `kube-apiserver` or `kube-apiserver.service`. */
  readonly unit: string;
  /** `--etcd-servers`; one dash or two are the same. */
  readonly flag: string;
  /** Copy the file to `<path>-bak-<run>` before it changes. Default: no. */
  readonly backup?: boolean;
}

/** `value` is taken literally; `true` is a flag without a value (or `=true`), `false` is `=false`. */
export type FlagParams = FlagBase & (
  | { readonly value: string | number | boolean; readonly absent?: undefined }
  | { readonly absent: true; readonly value?: undefined }
);

/**
 * A flag of the program that a unit starts has a value, or is absent. It is edited where it really is: in the unit's file, in a drop-in, or in
 * the variable of an EnvironmentFile; every other byte stays, and systemd checks the new text before it is put in place. A daemon-reload is
 * part of it, a restart is not (`systemd.current`).
 *
 * Refused: a flag given twice, a unit that runs a shell, a file that belongs to a package, an edit that would not parse back.
 * @see systemd.service(5), "Command lines"
 */
export const flag = resource<FlagParams, PlacedEdit>({
  name: 'systemd.flag',
  subject: params => `${params.unit} ${params.flag}`,
  validate: params => [
    ...unitNameProblems(params.unit),
    ...(/^-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(params.flag) ? [] : [`"${params.flag}" is not a flag's name, write it like --etcd-servers`]),
  ],
  inspect: params => steps(async on => {
    const unit = await readUnit(on, params.unit);
    const value = typeof params.value === 'number' ? String(params.value) : params.value;
    return placed(unit, editFlag(unit, { flag: params.flag, value }));
  }),
  diff: (state, params) => editChanges(state, params.flag),
  apply: (on, { params, state }) => applyEdit(on, state, params.backup === true),
  foretell: (on, { params, state }) => foretellEdit(on, state, params.backup === true),
  touches: (state, { backup = false }, runId) => touchedByEdit(state, backup, runId),
  undo: ({ edit }, { unit }) => (edit === undefined ? [] : [readAgain({ unit })]),
});
