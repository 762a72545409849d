/**
 * Ansible's INI inventories: `[group]`, `[group:children]`, `[group:vars]`, host ranges, inline variables, comments.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html
 */
import { InventoryError, messageOf } from '../errors';
import { addChild, addGroup, addHost, setting, type Draft } from './draft';
import { parseLiteral } from './literal';
import { expandRange } from './range';
import { shellWords } from './shell-words';
import { PASSWORDS } from './variables';
import { didYouMean } from '../suggest';

type Section = 'hosts' | 'children' | 'vars';

/** Where the parser stands. */
interface Place {
  readonly draft: Draft;
  readonly file: string;
  group: string;
  section: Section;
  /** Groups that have a section of their own. */
  readonly declared: Set<string>;
  /** Names that need such a section, with the place that says so. */
  readonly needed: { readonly name: string; readonly at: string; readonly why: string }[];
}

const HEADER = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/;

/**
 * Adds an INI inventory to a draft.
 * @param file its name, for messages
 * @throws InventoryError naming file, line and text
 */
export function readIni(draft: Draft, text: string, file: string): void {
  const place: Place = { draft, file, group: 'ungrouped', section: 'hosts', declared: new Set(draft.groups.keys()), needed: [] };
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trim();
    if (line !== '' && !/^[#;]/.test(line)) readLine(place, line, `${file}:${i + 1}`);
  });
  const missing = place.needed.find(need => !place.declared.has(need.name));
  if (missing !== undefined) throw new InventoryError(`${missing.at}: ${missing.why}${didYouMean(missing.name, place.declared)}`);
}

function readLine(place: Place, line: string, at: string): void {
  if (line.startsWith('[') && HEADER.test(line)) readHeader(place, line, at);
  else if (/^\[.*\]$/.test(line)) {
    throw new InventoryError(`${at}: ${line} is no section; write [group], [group:children] or [group:vars], without blanks`);
  } else if (place.section === 'hosts') readHosts(place, line, at);
  else if (place.section === 'vars') readVariable(place, line, at);
  else readChild(place, line, at);
}

function readHeader(place: Place, line: string, at: string): void {
  const [, group = '', section = 'hosts'] = HEADER.exec(line) ?? [];
  if (!isSection(section)) {
    const known = ['hosts', 'children', 'vars'];
    throw new InventoryError(`${at}: ${line}: a section ends in :children or :vars, not in :${section}${didYouMean(section, known)}`);
  }
  place.group = group;
  place.section = section;
  addGroup(place.draft, group);
  if (section === 'vars') place.needed.push({ name: group, at, why: `[${group}:vars] sets variables of a group that is not there` });
  else place.declared.add(group);
}

function readHosts(place: Place, line: string, at: string): void {
  const [pattern = '', ...words] = wordsOf(line, at);
  const vars = words.map((word, i) => {
    // What follows a password may be the rest of it: it is not repeated.
    const before = words[i - 1]?.split('=')[0] ?? '';
    const shown = PASSWORDS.has(before) ? `what follows ${before}` : `"${word}"`;
    const [name, text] = splitAt(word, `${at}: ${shown} is no variable; write key=value, and put values with blanks into quotes`);
    return [name, setting(name, literalOr(text), at, text)] as const;
  });
  const { names, port } = hostNames(pattern, at);
  for (const name of names) {
    const host = addHost(place.draft, name, place.group);
    if (port !== undefined) host.vars.set('ansible_port', { value: port, at });
    for (const [key, value] of vars) host.vars.set(key, value);
  }
}

function readVariable(place: Place, line: string, at: string): void {
  const [name, text] = splitAt(line, `${at}: "${line}" is no variable; write key=value`);
  addGroup(place.draft, place.group).vars.set(name, setting(name, literalOr(text), at, text));
}

function readChild(place: Place, line: string, at: string): void {
  const name = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line)?.[1];
  if (name === undefined) throw new InventoryError(`${at}: "${line}" is no group; [${place.group}:children] takes one name a line`);
  addGroup(place.draft, name);
  addChild(place.draft, place.group, { name, at });
  place.needed.push({ name, at, why: `[${place.group}:children] names the group "${name}", which is not there` });
}

/** Names of a host line: `web[1:3]`, `web:2222`, an IPv6 address, `[fd00::1]:2222`. */
function hostNames(pattern: string, at: string): { names: readonly string[]; port: number | undefined } {
  const bracketed = /^\[([\da-fA-F:.]*:[\da-fA-F:.]*:[\da-fA-F:.]*)\](?::(\d+))?$/.exec(pattern);
  if (bracketed !== null) return { names: [bracketed[1] ?? ''], port: bracketed[2] === undefined ? undefined : Number(bracketed[2]) };
  const ported = /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/.exec(pattern);
  const name = ported?.[1] ?? pattern;
  if (name === '' || name.endsWith(':')) throw new InventoryError(`${at}: "${pattern}" names no host`);
  try {
    return { names: expandRange(name), port: ported === null ? undefined : Number(ported[2]) };
  } catch (error) {
    throw new InventoryError(`${at}: ${messageOf(error)}`);
  }
}

function wordsOf(line: string, at: string): string[] {
  try {
    return shellWords(line);
  } catch (error) {
    throw new InventoryError(`${at}: ${messageOf(error)}`);
  }
}

/** Name and value on the two sides of the first `=`. */
function splitAt(text: string, otherwise: string): [string, string] {
  const match = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text);
  if (match === null) throw new InventoryError(otherwise);
  return [match[1] ?? '', (match[2] ?? '').trim()];
}

function literalOr(text: string): unknown {
  const literal = parseLiteral(text);
  return literal === undefined ? text : literal.value;
}

function isSection(name: string): name is Section {
  return name === 'hosts' || name === 'children' || name === 'vars';
}
