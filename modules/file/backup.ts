/** Copies of files beside them, before they change. */
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { besideOf } from './paths';

/** Where the copy of a path of a run lies: `<path>-bak-<run>`. */
export function backupPath(path: string, runId: string): string {
  return `${path}-bak-${runId}`;
}

/**
 * Copies a file or a directory to `<path>-bak-<run>` with mode, owner and times, on its host. There is one copy a run: what a second call
 * in the same run finds is kept, since it is the older state. A symbolic link is followed. The copy appears whole or not at all.
 * @returns the copy's path, `undefined` when there is nothing to copy. @throws CommandError
 */
export async function backup(on: Target, path: string): Promise<string | undefined> {
  const copy = backupPath(path, on.runId);
  const temporary = besideOf(copy, on.runId);
  const result = await on.run(cmd`p=${path} copy=${copy} tmp=${temporary}
[ -e "$p" ] || exit 3
[ -e "$copy" ] && exit 0
real=$(readlink -f -- "$p") && rm -rf -- "$tmp" && cp -a -- "$real" "$tmp" && mv -T -- "$tmp" "$copy" || { rm -rf -- "$tmp"; exit 1; }`, { expect: [0, 3] });
  return result.code === 3 ? undefined : copy;
}

/** Puts a backup of this run in the place of a path. @throws CommandError when there is none */
export async function restoreBackup(on: Target, path: string): Promise<void> {
  await on.run(cmd`p=${path} tmp=${besideOf(path, on.runId)}
real=$(readlink -f -- "$p") && cp -a -- ${backupPath(path, on.runId)} "$tmp" && mv -T -- "$tmp" "$real" || { rm -rf -- "$tmp"; exit 1; }`);
}
