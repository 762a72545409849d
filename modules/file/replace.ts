/** Replaces the content of a file: what file.copy, file.template and file.line have in common. */
import { RefusedError } from '../../core/errors';
import type { Change } from '../../core/module';
import { Secret } from '../../core/secret';
import { cmd, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { setAttributes, writeOptions, type Attributes } from './attributes';
import { backup, backupPath } from './backup';
import { bytesOf, type Content } from './content';
import { foretellAttributes, foretellCopy, foretellFile } from './foretell';
import type { PathState } from './path-state';
import { besideOf, parentOf } from './paths';

/** How a file is replaced. */
export interface Replacing {
  /** Copy the old file to `<path>-bak-<run>` before it changes. Default: no. */
  readonly backup?: boolean;
  /**
   * A command that must succeed on the new content before it is put in place. It gets the path of a candidate: a hidden file beside the
   * wanted one, with its mode and owner. Not run in check mode, where nothing is written.
   */
  readonly validate?: (candidate: string) => Command;
}

/** A file as it shall be. */
export interface Replacement extends Attributes, Replacing {
  readonly path: string;
  readonly content: Content;
}

/** Makes the changes: the content with its attributes by one rename, or the attributes alone. @throws RefusedError, CommandError; the old file is then untouched */
export async function replaceFile(on: Target, wanted: Replacement, state: PathState, changes: readonly Change[]): Promise<void> {
  if (!changes.some(change => change.property === 'content')) {
    await setAttributes(on, wanted.path, wanted, changes);
    return;
  }
  requireParent(wanted.path, state);
  await requireValid(on, wanted, state);
  if (wanted.backup === true) await backup(on, wanted.path);
  await on.write(wanted.path, wanted.content, writeOptions(wanted));
}

/** Notes in check mode what `replaceFile` would leave behind. */
export async function foretellReplacement(on: Target, wanted: Replacement, state: PathState, changes: readonly Change[]): Promise<void> {
  if (!changes.some(change => change.property === 'content')) {
    await foretellAttributes(on, wanted.path, wanted, state);
    return;
  }
  if (wanted.backup === true) await foretellCopy(on, backupPath(wanted.path, on.runId), state);
  const content = wanted.content instanceof Secret ? wanted.content : bytesOf(wanted.content);
  await foretellFile(on, { ...wanted, content }, state);
}

/** @throws RefusedError when the directory is missing that is to hold the path */
export function requireParent(path: string, state: { readonly parent: boolean }): void {
  if (state.parent) return;
  const parent = parentOf(path);
  throw new RefusedError(`${path} cannot be made: the directory ${parent} does not exist`, `make it first, with file.directory({ path: '${parent}' })`);
}

async function requireValid(on: Target, wanted: Replacement, state: PathState): Promise<void> {
  if (wanted.validate === undefined) return;
  const candidate = besideOf(wanted.path, on.runId);
  try {
    await on.write(candidate, wanted.content, { ...asBefore(state), ...writeOptions(wanted), goesOn: true });
    const result = await on.run(wanted.validate(candidate), { expect: 'any', secretOutput: wanted.content instanceof Secret, goesOn: true });
    if (result.code === 0) return;
    const said = wanted.content instanceof Secret ? '' : `: ${(result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join('\n')}`;
    throw new RefusedError(`${wanted.path} was left as it is: the new content does not pass "${result.command}" (exit code ${result.code})${said}`);
  } finally {
    await on.run(cmd`rm -f -- ${candidate}`, { goesOn: true });
  }
}

/** The candidate is as readable as the file will be. */
function asBefore({ facts }: PathState): { mode?: number; owner?: number; group?: number } {
  return facts === undefined ? {} : { mode: facts.mode, owner: facts.uid, group: facts.gid };
}
