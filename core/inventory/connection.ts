/** From a host's variables to the way it is reached. */
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { InventoryError, messageOf } from '../errors';
import { Secret } from '../secret';
import { nearest } from '../suggest';
import type { Settings } from './draft';
import type { HostConnection, Setting } from './host';
import { knownHostsOf } from './ssh-args';
import { KNOWN, NAMES, REFUSED } from './variables';

/** One variable that a host has, by the name that was used. */
interface Found extends Setting { readonly name: string }

/** How a host is reached. @throws InventoryError naming place, variable and value of what is wrong or not supported */
export function connectionOf(host: string, vars: Settings): HostConnection {
  refuseUnsupported(vars);
  const find = (names: readonly string[]): Found | undefined => findLast(vars, names);
  const method = find(NAMES.becomeMethod);
  if (method !== undefined && textOf(method) !== 'sudo') throw wrong(method, 'is not supported; the only method is sudo');
  return {
    type: typeOf(find(NAMES.type)),
    address: plainAddress(map(find(NAMES.address), textOf) ?? host),
    port: map(find(NAMES.port), portOf) ?? 22,
    ...given('user', map(find(NAMES.user), textOf)),
    ...given('privateKeyFile', map(find(NAMES.privateKeyFile), pathOf)),
    ...given('password', map(find(NAMES.password), secretOf)),
    ...given('become', map(find(NAMES.become), booleanOf)),
    ...given('becomeUser', map(find(NAMES.becomeUser), textOf)),
    ...given('becomePassword', map(find(NAMES.becomePassword), secretOf)),
    ...given('hostKeys', map(find(NAMES.hostKeys), fingerprintsOf)),
    ...given('knownHosts', map(find(NAMES.knownHosts), found => listOf(found).map(expandHome)) ?? fromSshArgs(vars)),
    ...given('stateDirectory', map(find(NAMES.stateDirectory), absoluteOf)),
  };
}

/** The variables that are left for playbooks: those that say how the host is reached are taken out. */
export function plainVars(vars: Settings): Record<string, unknown> {
  const left = [...vars].filter(([name]) => !KNOWN.has(name));
  return Object.fromEntries(left.map(([name, { value }]) => [name, value]));
}

/** Two spellings of one address are equal: brackets and leading zeros of IPv6 do not count. */
export function plainAddress(text: string): string {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return isIPv6(bare) && !bare.includes('%') ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}

function refuseUnsupported(vars: Settings): void {
  for (const [name, setting] of vars) {
    const why = REFUSED.get(name);
    if (why !== undefined && setting.value !== '' && setting.value !== null) throw new InventoryError(`${setting.at}: ${name} is not supported: ${why}`);
    if (!/^(?:ansible|runsheet)_/.test(name) || KNOWN.has(name)) continue;
    const meant = nearest(name, KNOWN);
    if (meant !== undefined) throw new InventoryError(`${setting.at}: there is no variable ${name}; did you mean "${meant}"?`);
  }
}

/** Known hosts files out of the options for the ssh program. */
function fromSshArgs(vars: Settings): readonly string[] | undefined {
  const files = NAMES.sshArgs.flatMap(name => {
    const found = findLast(vars, [name]);
    if (found === undefined || found.value === '') return [];
    try {
      return knownHostsOf(textOf(found));
    } catch (error) {
      throw new InventoryError(`${found.at}: ${name}: ${messageOf(error)}`);
    }
  });
  return files.length === 0 ? undefined : files.map(expandHome);
}

function findLast(vars: Settings, names: readonly string[]): Found | undefined {
  const name = names.findLast(one => (vars.get(one)?.value ?? null) !== null);
  const setting = name === undefined ? undefined : vars.get(name);
  if (name === undefined || setting === undefined) return undefined;
  const { value } = setting;
  if (typeof value === 'string' && value.includes('{{')) throw wrong({ name, ...setting }, 'is a template; write the value itself, templates are not filled in here');
  return { name, ...setting };
}

function typeOf(found: Found | undefined): HostConnection['type'] {
  const type = found === undefined ? 'ssh' : textOf(found).replace(/^ansible\.builtin\./, '');
  if (type === 'local') return 'local';
  if (found === undefined || ['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(type)) return 'ssh';
  throw wrong(found, 'is not supported; use ssh or local');
}

/** The text as it was written: a user `007` is not the number seven. */
function textOf(found: Found): string {
  const text = typeof found.value === 'string' ? found.value : (found.text ?? JSON.stringify(found.value));
  if (text.trim() === '' || typeof found.value === 'object') throw wrong(found, 'is no text');
  return text;
}

function portOf(found: Found): number {
  const port = Number(textOf(found));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong(found, 'is no port; write a number from 1 to 65535');
  return port;
}

function booleanOf(found: Found): boolean {
  if (typeof found.value === 'boolean') return found.value;
  const text = textOf(found).toLowerCase();
  if (['yes', 'true', 'on', '1', 'y', 't'].includes(text)) return true;
  if (['no', 'false', 'off', '0', 'n', 'f'].includes(text)) return false;
  throw wrong(found, 'is neither yes nor no');
}

function secretOf(found: Found): Secret {
  return found.value instanceof Secret ? found.value : new Secret(textOf(found));
}

function pathOf(found: Found): string {
  return expandHome(textOf(found));
}

/** A path on the host. */
function absoluteOf(found: Found): string {
  const path = textOf(found);
  if (!path.startsWith('/')) throw wrong(found, 'is no absolute path');
  return path;
}

function fingerprintsOf(found: Found): readonly string[] {
  return listOf(found).map(fingerprint => {
    if (!/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(fingerprint)) {
      throw wrong(found, 'is no fingerprint; `ssh-keygen -lf KEY.pub` prints it, SHA256: and 43 letters');
    }
    return fingerprint.replace(/=$/, '');
  });
}

/** A list, or a text whose items stand between commas or blanks. */
function listOf(found: Found): readonly string[] {
  const { value } = found;
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value;
  return textOf(found).split(/[\s,]+/).filter(item => item !== '');
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
}

function wrong(found: Found, why: string): InventoryError {
  const shown = found.text ?? (typeof found.value === 'string' ? found.value : JSON.stringify(found.value));
  return new InventoryError(`${found.at}: ${found.name}=${shown} ${why}`);
}

function map<T>(found: Found | undefined, turn: (found: Found) => T): T | undefined {
  return found === undefined ? undefined : turn(found);
}

/** A property that is there only when it has a value. */
function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  const one: Partial<Record<K, V>> = {};
  if (value !== undefined) one[key] = value;
  return one;
}
