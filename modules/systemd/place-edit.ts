/** Puts an edit of a unit's texts in place: what `systemd.flag` and `systemd.variable` have in common. */
import { RefusedError } from '../../core/errors';
import type { Change, Touched } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { backup, backupPath, touchedFiles } from '../file/backup';
import { foretellText } from '../file/foretell';
import { textDiff } from '../file/text-diff';
import type { TextEdit } from './flag-edit';
import { foretellReload } from './planned-units';
import type { HostFile } from './read-files';
import { encodeText } from './text';
import type { Unit } from './unit';
import { requireValidUnit } from './verify';

/** A unit and the edit that makes it as wished. */
export interface PlacedEdit {
  readonly unit: Unit;
  /** `undefined` when it is so already. */
  readonly edit: TextEdit | undefined;
  /** The file that the edit changes. */
  readonly file: HostFile | undefined;
}

/** Finds the file of an edit. @throws RefusedError when it belongs to a package, whose next update would lose the edit, or is generated */
export function placed(unit: Unit, edit: TextEdit | undefined): PlacedEdit {
  if (edit !== undefined) requireOwnFile(unit, edit.path);
  return { unit, edit, file: [...unit.files, ...unit.environmentFiles].find(file => file.path === edit?.path) };
}

/** What the edit changes, and the daemon-reload that is needed, also when an earlier run that was killed left it to do. */
export function editChanges({ unit, edit, file }: PlacedEdit, property: string): Change[] {
  const changes: Change[] = [];
  if (edit !== undefined && file !== undefined) {
    const diff = textDiff(edit.path, encodeText(edit.before, file.encoding), encodeText(edit.after, file.encoding));
    const change = { resource: `${edit.path}:${edit.line}`, property, from: edit.from, to: edit.to };
    changes.push(diff === undefined ? change : { ...change, diff });
  }
  if (unit.needsReload) changes.push({ resource: unit.unit, property: 'daemon-reload', from: 'needed', to: 'done' });
  return changes;
}

/** Writes it, after systemd found nothing wrong with the new text of a unit file, and reloads. @param keep copy the old file to `<path>-bak-<run>` first */
export async function applyEdit(on: Target, { unit, edit, file }: PlacedEdit, keep: boolean): Promise<void> {
  if (edit !== undefined && file !== undefined) {
    const after = unit.files.map(each => each.path === edit.path ? { path: each.path, text: edit.after } : each);
    if (unit.files.includes(file)) await requireValidUnit(on, { unit: unit.unit, before: unit.files, after });
    if (keep) await backup(on, edit.path);
    await on.write(edit.path, encodeText(edit.after, file.encoding));
  }
  await on.run(cmd`systemctl daemon-reload`);
}

/** Notes in check mode what `applyEdit` would leave behind. */
export async function foretellEdit(on: Target, { unit, edit, file }: PlacedEdit, keep: boolean): Promise<void> {
  if (edit !== undefined && file !== undefined) {
    await foretellText(on, edit.path, { content: encodeText(edit.after, file.encoding), copy: keep ? backupPath(edit.path, on.runId) : undefined });
  }
  if (on.foreseen !== undefined) foretellReload(on.foreseen, unit.unit);
}

/** What the edit touches. @param copies whether a copy `<path>-bak-<run>` is made */
export function touchedByEdit({ edit }: PlacedEdit, copies: boolean, runId: string): readonly Touched[] {
  return edit === undefined ? [] : touchedFiles([edit.path], copies, runId);
}


function requireOwnFile(unit: Unit, path: string): void {
  if (!/^\/(?:usr\/)?lib\/systemd\/|^\/run\//.test(path)) return;
  const hint = `Put the command line into a drop-in with systemd.file({ unit: '${unit.unit}', dropIn: ... }), which begins with an empty ExecStart=.`;
  throw new RefusedError(`${path} is not edited: it belongs to a package or is generated, and the edit would be lost`, hint);
}
