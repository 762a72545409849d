/** Copies of files beside them, before they change. */
import type { Touched } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { besideOf } from './paths';

/** Where the copy of a path of a run lies: `<path>-bak-<run>`. */
export function backupPath(path: string, runId: string): string {
  return `${path}-bak-${runId}`;
}

/**
 * Copies a file or a directory to `<path>-bak-<run>` with mode, owner and times, on its host. There is one copy a run: what a second call
 * in the same run finds is kept, since it is the older state. A symbolic link is followed. The copy appears whole or not at all. The change goes on after it.
 * @returns the copy's path, `undefined` when there is nothing to copy. @throws CommandError
 */
export async function backup(on: Target, path: string): Promise<string | undefined> {
  const copy = backupPath(path, on.runId);
  const temporary = besideOf(copy, on.runId);
  const result = await on.run(cmd`p=${path} copy=${copy} tmp=${temporary}
[ -e "$p" ] || exit 3
[ -e "$copy" ] && exit 0
real=$(readlink -f -- "$p") && rm -rf -- "$tmp" && cp -a -- "$real" "$tmp" && mv -T -- "$tmp" "$copy" || { rm -rf -- "$tmp"; exit 1; }`, { expect: [0, 3], goesOn: true });
  return result.code === 3 ? undefined : copy;
}

/** What a change of these files touches: them, and the copies where they are made. */
export function touchedFiles(paths: readonly string[], copies: boolean, runId: string): readonly Touched[] {
  return paths.flatMap(path => (copies ? [path, { path: backupPath(path, runId), only: true }] : [path]));
}
