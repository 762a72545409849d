/** Reads inventories of every kind and merges them into one. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, relative, resolve } from 'node:path';
import { InventoryError, isRunnerError, messageOf } from '../errors';
import { isInventoryModule, readEntries } from './define';
import { addHost, newDraft, type Draft } from './draft';
import type { Inventory } from './host';
import { readIni } from './ini';
import { mergeDraft } from './merge';
import { readVarsFolders } from './vars-folders';

/**
 * The inventory of a run, from one or more sources; what a later one says wins.
 *
 * A source is a TypeScript file whose default export is made by `inventory`, a file in Ansible's INI format, or a list of hosts with a comma
 * (`a,b` or `a,`). The folders group_vars and host_vars beside a file are read too.
 * @throws InventoryError with one sentence that names file, line and value
 */
export function loadInventory(paths: readonly string[]): Inventory {
  if (paths.length === 0) throw new InventoryError('no inventory is given; add -i FILE');
  const draft = newDraft();
  const folders = new Set(paths.map(path => readSource(draft, path)).filter(folder => folder !== undefined));
  for (const folder of folders) readVarsFolders(draft, folder);
  if (draft.hosts.size === 0) throw new InventoryError(`${paths.join(', ')}: the inventory has no host`);
  return mergeDraft(draft, paths);
}

/** @returns the folder that the file is in */
function readSource(draft: Draft, path: string): string | undefined {
  if (!existsSync(path)) {
    if (!path.includes(',')) throw new InventoryError(`there is no inventory ${path}`, 'A list of hosts needs a comma: -i host1,host2 or -i host1,');
    for (const name of path.split(',').map(one => one.trim()).filter(one => one !== '')) addHost(draft, name, 'ungrouped');
    return undefined;
  }
  if (statSync(path).isDirectory()) throw new InventoryError(`${path} is a folder; name the inventory file in it`);
  const extension = extname(path);
  if (['.yml', '.yaml', '.json'].includes(extension)) throw new InventoryError(`${path}: inventories in ${extension} are not read; write INI or TypeScript`);
  if (extension === '.ts') readModule(draft, path);
  else readIni(draft, readFileSync(path, 'utf8'), shown(path));
  return dirname(path);
}

function readModule(draft: Draft, path: string): void {
  let loaded: unknown;
  try {
    // A plain require: ts-node is registered, and a dynamic import would go around it.
    loaded = require(resolve(path));
  } catch (error) {
    if (isRunnerError(error)) throw error;
    throw new InventoryError(`${shown(path)} does not load: ${messageOf(error)}`, undefined);
  }
  const made: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (!isInventoryModule(made)) throw new InventoryError(`${shown(path)} exports no inventory; end it with: export default inventory({ ... })`);
  readEntries(draft, made.entries, shown(path));
}

/** The path as people read it. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}
