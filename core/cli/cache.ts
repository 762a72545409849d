/** The user's cache, `~/.cache/runsheet` (or below XDG_CACHE_HOME): what is only kept to be quick, and may be deleted at any time. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The path of a file in the cache. */
export function cachePath(...names: readonly string[]): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? '';
  return join(cache === '' ? join(homedir(), '.cache') : cache, 'runsheet', ...names);
}

/** Writes a file whole or not at all, since two runs may write the same one; for the user alone. @throws what the file system throws */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
