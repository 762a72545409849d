/** Inventories from texts, for the tests beside this file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newDraft } from '../../../core/inventory/draft';
import type { Host, Inventory } from '../../../core/inventory/host';
import { readIni } from '../../../core/inventory/ini';
import { mergeDraft } from '../../../core/inventory/merge';

/** The inventory of one INI text. */
export function fromIni(text: string): Inventory {
  const draft = newDraft();
  readIni(draft, text, 'hosts.ini');
  return mergeDraft(draft, ['hosts.ini']);
}

export function hostOf(inventory: Inventory, name: string): Host {
  const host = inventory.hosts.find(one => one.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

export function names(hosts: readonly Host[] | undefined): string {
  return (hosts ?? []).map(host => host.name).join(' ');
}

/** A folder of its own with these files, removed afterwards. */
export function withFiles<T>(files: Readonly<Record<string, string>>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'runsheet-test-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
