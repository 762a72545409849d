/** What a run is made from, with a hash of each file: so that a resume or an apply notices that it would be another run. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { CheckedSources } from './check-memory';
import { hashFile } from './file-hashes';
import type { RunArgs } from './run-args';
import { ROOT } from './typecheck';

/** Hashes by path, as it reads from the folder of the run; files of this installation are `runsheet:core/...`. */
export type Sources = Readonly<Record<string, string>>;

const OWN = 'runsheet:';

/** Hashes everything. @param checked the TypeScript that was checked: playbook, typed inventories and all that they import */
export function sourcesOf(checked: CheckedSources, args: RunArgs): Sources {
  const files = new Set([...checked.keys(), ...otherFiles(args)]);
  return Object.fromEntries([...files].map(file => [keyOf(file), checked.get(file) ?? hashFile(file)] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of the files that are not as they were: changed, gone or new. */
export function changedSources(before: Sources, args: RunArgs): readonly string[] {
  const changed = Object.entries(before).filter(([key, hash]) => hashFile(fileOf(key)) !== hash).map(([key]) => (existsSync(fileOf(key)) ? key : `${key} (gone)`));
  const added = otherFiles(args).map(keyOf).filter(key => !(key in before)).map(key => `${key} (new)`);
  return [...changed, ...added];
}

/** A few of them, for a message. */
export function fileList(files: readonly string[]): string {
  return files.length > 5 ? `${files.slice(0, 4).join(', ')} and ${files.length - 4} more` : files.join(', ');
}

/** What the type check does not read: variables, inventories with their folders, and what lies in the playbook's folder of the same name. */
function otherFiles({ playbook, inventory, vars }: RunArgs): readonly string[] {
  const given = inventory.filter(path => existsSync(path));
  const folders = given.flatMap(path => ['group_vars', 'host_vars'].map(name => join(dirname(resolve(path)), name)));
  const own = resolve(playbook).replace(/\.ts$/, '');
  return [...[...given, ...vars].map(path => resolve(path)), ...[...new Set(folders), own].flatMap(filesBelow)];
}

function filesBelow(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
}

function keyOf(file: string): string {
  const own = relative(ROOT, file);
  return own.startsWith('..') ? relative(process.cwd(), file) : OWN + own;
}

function fileOf(key: string): string {
  return key.startsWith(OWN) ? join(ROOT, key.slice(OWN.length)) : resolve(key);
}
