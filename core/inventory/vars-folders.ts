/**
 * Ansible's group_vars and host_vars folders beside an inventory: `group_vars/web.yml`, or all files of `group_vars/web/`.
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#organizing-host-and-group-variables
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InventoryError, messageOf } from '../errors';
import { setting, type Draft, type Settings } from './draft';
import { parseVarsFile } from '../yaml';

const EXTENSIONS = ['', '.yml', '.yaml', '.json'];

/** Lays the variables of both folders into the draft; files of names that the inventory does not have are left alone. @throws InventoryError */
export function readVarsFolders(draft: Draft, folder: string): void {
  for (const group of draft.groups.values()) readInto(group.fileVars, join(folder, 'group_vars'), group.name);
  for (const host of draft.hosts.values()) readInto(host.fileVars, join(folder, 'host_vars'), host.name);
}

function readInto(vars: Settings, folder: string, name: string): void {
  for (const file of filesOf(folder, name)) {
    try {
      for (const entry of parseVarsFile(readFileSync(file, 'utf8'))) vars.set(entry.name, setting(entry.name, entry.value, `${file}:${entry.line}`));
    } catch (error) {
      throw new InventoryError(`${file}: ${messageOf(error)}`);
    }
  }
}

function filesOf(folder: string, name: string): readonly string[] {
  const names = listing(folder);
  return EXTENSIONS.map(extension => name + extension).filter(entry => names.includes(entry)).flatMap(entry => {
    const path = join(folder, entry);
    if (!statSync(path).isDirectory()) return [path];
    return listing(path).filter(file => /^[^.].*\.(?:ya?ml|json)$|^[^.]+$/.test(file)).sort().map(file => join(path, file)).filter(file => statSync(file).isFile());
  });
}

function listing(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
}
