/** `runsheet inventory`: hosts, groups and variables as a run would see them, and where a host's values come from. */
import type { Host, Inventory } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import { UsageError } from '../errors';
import { MASK, redact } from '../secret';
import { HostValues, hostVarsOf, shareOut, type HostReading } from './host-values';
import type { Level } from './levels';
import { loadPlaybook, playbookPath } from './load-playbook';
import type { InventoryOptions } from './options';
import { asSchema, fieldOf, shapeOf } from './schema';
import { shownValue } from './secret-names';
import { readGiven } from './set-vars';

/** Prints the hosts of a pattern. @returns the exit code. @throws InventoryError */
export function inventoryCommand(pattern: string, options: InventoryOptions): Promise<number> {
  if (options.playbook !== undefined) throw new UsageError('--playbook explains one host: runsheet inventory host NAME --playbook FILE');
  requirePlaybook(options);
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

/**
 * `runsheet inventory host NAME`: each variable with the place that sets it, and what it overrides; with `--playbook` the variables that this playbook has
 * for the host stand first, with all places where they can come from.
 * @returns the exit code, 1 when the playbook refuses a value. @throws InventoryError, UsageError, PlaybookError
 */
export function inventoryHostCommand(word: string, name: string, options: InventoryOptions): Promise<number> {
  if (word !== 'host') throw new UsageError(`runsheet inventory takes one pattern, or the word host and a name: not "${word} ${name}"`, 'Join names of a pattern with commas.');
  requirePlaybook(options);
  const inventory = loadInventory(options.inventory);
  const hosts = inventory.select(name);
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) throw new UsageError(`"${name}" is ${hosts.length} hosts; write the name of one`);
  const readings = readingsFor(host, inventory, options);
  process.stdout.write(`${redact([`${host.name}  ${host.groups.join(' ')}`.trimEnd(), ...explain(host, inventory, readings)].join('\n'))}\n`);
  const problems = readings.flatMap(({ parsed }) => (parsed.ok ? [] : parsed.problems));
  process.stderr.write(problems.map(problem => `${redact(`${host.name}: ${problem}`)}\n`).join(''));
  return Promise.resolve(problems.length === 0 ? 0 : 1);
}

function requirePlaybook({ playbook, vars, set }: InventoryOptions): void {
  if (playbook === undefined && (vars.length > 0 || set.length > 0)) throw new UsageError('--vars and --set give variables to a playbook: add --playbook FILE');
}

function readingsFor(host: Host, inventory: Inventory, { playbook: file, vars, set }: InventoryOptions): readonly HostReading[] {
  if (file === undefined) return [];
  const playbook = loadPlaybook(playbookPath(file));
  const { ofHosts } = shareOut(playbook, readGiven(vars, set));
  const handles = hostVarsOf(playbook);
  const readings = new HostValues(handles, { inventory, given: ofHosts }).of(host);
  const patterns = [...new Set(handles.map(handle => `"${handle.hosts}"`))].join(', ');
  if (readings.length === 0) throw new UsageError(`${file} has no variables for ${host.name}${patterns === '' ? ': it declares no hostVars' : `; it has some for ${patterns}`}`);
  return readings;
}

function explain(host: Host, inventory: Inventory, readings: readonly HostReading[]): readonly string[] {
  const taken = new Set(readings.flatMap(({ handle }) => Object.keys(shapeOf(asSchema(handle.schema)) ?? {})));
  const others = new Map(inventory.origins(host).filter(origin => !taken.has(origin.name)).map(origin => [origin.name, origin.values]));
  const rest = others.size === 0 ? [] : levelLines(others);
  if (readings.length === 0) return rest.length === 0 ? ['  it has no variables'] : rest;
  return [...readings.flatMap(readingLines), ...(rest.length === 0 ? [] : ['Other variables of the inventory:', ...rest])];
}

function readingLines({ handle, levels }: HostReading): readonly string[] {
  const shape = shapeOf(asSchema(handle.schema)) ?? {};
  const hidden = new Set(Object.entries(shape).filter(([, field]) => fieldOf(field).kind === 'secret').map(([name]) => name));
  const unset = Object.keys(shape).filter(name => !levels.has(name));
  return [`Variables of the playbook for "${handle.hosts}":`, ...levelLines(levels, hidden), ...unset.map(name => `  ${name} is not set`)];
}

/** A line for each value and the place that sets it, the one that counts first. @param hidden names of secrets that are not called like one */
function levelLines(levels: ReadonlyMap<string, readonly Level[]>, hidden: ReadonlySet<string> = new Set()): readonly string[] {
  const texts = [...levels].map(([name, values]) => values.map(({ value, at }) => ({ at, text: `${name} = ${hidden.has(name) ? MASK : shownValue(name, value)}` })));
  const width = Math.max(0, ...texts.flat().map(({ text }) => text.length));
  return texts.flatMap(values => values.map(({ text, at }, index) => `${index === 0 ? '  ' : '    overrides '}${text.padEnd(width)}  ${at}`));
}

function hostLines(host: Host): readonly string[] {
  const { type, address, port, user, password, becomePassword, ...rest } = host.connection;
  const there = type === 'local' ? 'local' : `${user === undefined ? '' : `${user}@`}${address.includes(':') ? `[${address}]` : address}:${port}`;
  const secrets = { ...(password === undefined ? {} : { password }), ...(becomePassword === undefined ? {} : { becomePassword }) };
  const settings = Object.entries({ ...rest, ...secrets }).map(([name, value]) => `    (${name}) ${shownValue(name, value)}`);
  const vars = Object.entries(host.vars).map(([name, value]) => `    ${name} = ${shownValue(name, value)}`);
  return [`${host.name}  ${there}  ${host.groups.join(' ')}`.trimEnd(), ...settings, ...vars];
}
