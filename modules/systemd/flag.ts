/** One flag on a unit's command line. */
import { RefusedError } from '../../core/errors';
import { live, resource, type Change } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { backup } from '../file/backup';
import { textDiff } from '../file/text-diff';
import { editFlag, type FlagEdit } from './flag-edit';
import type { HostFile } from './read-files';
import { encodeText } from './text';
import { readUnit, type Unit } from './unit';
import { unitNameProblems } from './unit-name';
import { requireValidUnit } from './verify';

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

interface State {
  readonly unit: Unit;
  readonly edit: FlagEdit | undefined;
  /** The file that the edit changes. */
  readonly file: HostFile | undefined;
}

/**
 * A flag of the program that a unit starts has a value, or is absent. It is edited where it really is: in the unit's file, in a drop-in, or in
 * the variable of an EnvironmentFile; every other byte stays, and systemd checks the new text before it is put in place. A daemon-reload is
 * part of it, a restart is not (`systemd.current`).
 *
 * Refused: a flag given twice, a unit that runs a shell, a file that belongs to a package, an edit that would not parse back.
 * @see systemd.service(5), "Command lines"
 */
export const flag = resource<FlagParams, State>({
  name: 'systemd.flag',
  subject: params => `${params.unit} ${params.flag}`,
  validate: params => [
    ...unitNameProblems(params.unit),
    ...(/^-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(params.flag) ? [] : [`"${params.flag}" is not a flag's name, write it like --etcd-servers`]),
  ],
  inspect: params => live(async on => {
    const unit = await readUnit(on, params.unit);
    const value = typeof params.value === 'number' ? String(params.value) : params.value;
    const edit = editFlag(unit, { flag: params.flag, value });
    if (edit !== undefined) requireOwnFile(unit, edit.path);
    return { unit, edit, file: [...unit.files, ...unit.environmentFiles].find(file => file.path === edit?.path) };
  }),
  diff: compare,
  apply: (on, { params, state }) => apply(on, params, state),
  revert: async (on, { state: { file } }) => {
    if (file !== undefined) await on.write(file.path, encodeText(file.text, file.encoding));
    await on.run(cmd`systemctl daemon-reload`);
  },
});

function compare({ unit, edit, file }: State, params: FlagParams): Change[] {
  const changes: Change[] = [];
  if (edit !== undefined && file !== undefined) {
    const diff = textDiff(edit.path, encodeText(edit.before, file.encoding), encodeText(edit.after, file.encoding));
    const change = { resource: `${edit.path}:${edit.line}`, property: params.flag, from: edit.from, to: edit.to };
    changes.push(diff === undefined ? change : { ...change, diff });
  }
  // Also what an earlier run that was killed left to do.
  if (unit.needsReload) changes.push({ resource: unit.unit, property: 'daemon-reload', from: 'needed', to: 'done' });
  return changes;
}

async function apply(on: Target, params: FlagParams, { unit, edit, file }: State): Promise<void> {
  if (edit !== undefined && file !== undefined) {
    const after = unit.files.map(each => each.path === edit.path ? { path: each.path, text: edit.after } : each);
    if (unit.files.includes(file)) await requireValidUnit(on, { unit: unit.unit, before: unit.files, after });
    if (params.backup === true) await backup(on, edit.path);
    await on.write(edit.path, encodeText(edit.after, file.encoding));
  }
  await on.run(cmd`systemctl daemon-reload`);
}

/** A package's own file would be overwritten by its next update, a generated one by the next boot. */
function requireOwnFile(unit: Unit, path: string): void {
  if (!/^\/(?:usr\/)?lib\/systemd\/|^\/run\//.test(path)) return;
  const hint = `Put the command line into a drop-in with systemd.file({ unit: '${unit.unit}', dropIn: ... }), which begins with an empty ExecStart=.`;
  throw new RefusedError(`${path} is not edited: it belongs to a package or is generated, and the edit would be lost`, hint);
}
