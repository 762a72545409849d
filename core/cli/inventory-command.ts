/** `runsheet inventory`: hosts, groups and variables as a run would see them. */
import type { Host } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import { UsageError } from '../errors';
import { redact } from '../secret';
import type { InventoryOptions } from './options';

/** Prints the hosts of a pattern. @returns the exit code. @throws InventoryError */
export function inventoryCommand(pattern: string, options: InventoryOptions): Promise<number> {
  const inventory = loadInventory(options.inventory);
  const hosts = inventory.select(pattern);
  if (hosts.length === 0) throw new UsageError(`the pattern "${pattern}" matches no host of the inventory`);
  const chosen = new Set(hosts);
  const groups = [...inventory.groups].filter(([name]) => name !== 'all').map(([name, all]) => [name, all.filter(host => chosen.has(host))] as const);
  const lines = [
    ...hosts.flatMap(hostLines),
    '',
    ...groups.filter(([, members]) => members.length > 0).map(([name, members]) => `[${name}] ${members.map(host => host.name).join(' ')}`),
  ];
  process.stdout.write(`${redact(lines.join('\n'))}\n`);
  return Promise.resolve(0);
}

function hostLines(host: Host): readonly string[] {
  const { type, address, port, user, password, becomePassword, ...rest } = host.connection;
  const there = type === 'local' ? 'local' : `${user === undefined ? '' : `${user}@`}${address.includes(':') ? `[${address}]` : address}:${port}`;
  const secrets = { ...(password === undefined ? {} : { password }), ...(becomePassword === undefined ? {} : { becomePassword }) };
  const settings = Object.entries({ ...rest, ...secrets }).map(([name, value]) => `    (${name}) ${shown(name, value)}`);
  const vars = Object.entries(host.vars).map(([name, value]) => `    ${name} = ${shown(name, value)}`);
  return [`${host.name}  ${there}  ${host.groups.join(' ')}`.trimEnd(), ...settings, ...vars];
}

/** A variable that is called like a secret is masked too, although nothing but its name says that it is one. */
function shown(name: string, value: unknown): string {
  return /pass(?:word|wd|phrase)?$|secret|token|private_?key$/i.test(name) ? '[secret]' : JSON.stringify(value);
}
