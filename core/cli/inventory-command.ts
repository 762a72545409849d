/** `runsheet inventory`: hosts, groups and variables as a run would see them, and where a host's values come from. */
import type { Host } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import { UsageError } from '../errors';
import { redact } from '../secret';
import type { InventoryOptions } from './options';
import { soundsSecret } from './secret-names';

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

/** `runsheet inventory host NAME`: each variable with the place that sets it, and what it overrides. @returns the exit code. @throws InventoryError */
export function inventoryHostCommand(word: string, name: string, options: InventoryOptions): Promise<number> {
  if (word !== 'host') throw new UsageError(`runsheet inventory takes one pattern, or the word host and a name: not "${word} ${name}"`, 'Join names of a pattern with commas.');
  const inventory = loadInventory(options.inventory);
  const hosts = inventory.select(name);
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) throw new UsageError(`"${name}" is ${hosts.length} hosts; write the name of one`);
  const origins = inventory.origins(host).map(origin => ({ ...origin, values: origin.values.map(({ value, at }) => ({ text: `${origin.name} = ${shown(origin.name, value)}`, at })) }));
  const width = Math.max(0, ...origins.flatMap(({ values }) => values.map(({ text }) => text.length)));
  const lines = origins.flatMap(({ values }) => values.map(({ text, at }, index) => `${index === 0 ? '  ' : '    overrides '}${text.padEnd(width)}  ${at}`));
  process.stdout.write(`${redact([`${host.name}  ${host.groups.join(' ')}`.trimEnd(), ...(lines.length === 0 ? ['  it has no variables'] : lines)].join('\n'))}\n`);
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
  return soundsSecret(name) ? '[secret]' : JSON.stringify(value);
}
