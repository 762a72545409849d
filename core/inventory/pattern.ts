/**
 * Host patterns in Ansible's grammar: names, groups, addresses, `all`, globs, `~regex`, `group[0]` and `group[1:3]`, joined by `,` or `:`,
 * with `&` for and, `!` for not.
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
 */
import { isIPv6 } from 'node:net';
import { InventoryError } from '../errors';
import { didYouMean } from '../suggest';
import { plainAddress } from './connection';
import type { Host, Inventory } from './host';

type Known = Pick<Inventory, 'hosts' | 'groups'>;

/** The hosts that a pattern names, in the order of the inventory; see `Inventory.select`. */
export function selectFrom(known: Known, pattern: string): readonly Host[] {
  const parts = splitPattern(known, pattern);
  if (parts.length === 0) throw new InventoryError('an empty host pattern names no host; write `all` for all of them');
  const of = (sign: string): readonly Set<Host>[] => parts.filter(part => part.sign === sign).map(part => new Set(matches(known, part.text)));
  const wanted = of('');
  const also = of('&');
  const not = of('!');
  return known.hosts.filter(host =>
    (wanted.length === 0 || wanted.some(set => set.has(host))) && also.every(set => set.has(host)) && !not.some(set => set.has(host)));
}

/** The host of this name, or the first of this address. */
export function findIn(hosts: readonly Host[], nameOrAddress: string): Host | undefined {
  const address = plainAddress(nameOrAddress);
  return hosts.find(host => host.name === nameOrAddress) ?? hosts.find(host => host.connection.address === address);
}

interface Part { readonly sign: '' | '&' | '!'; readonly text: string }

/** Splits at `,`, and at `:` where that is no part of an address, a slice or a class in brackets. */
function splitPattern(known: Known, pattern: string): readonly Part[] {
  const pieces = pattern.match(/(?:[^,[\]]|\[[^\]]*\]|[[\]])+/g) ?? [];
  return pieces.filter(piece => piece.trim() !== '').flatMap(piece => {
    if (isWhole(known, signed(piece.trim()).text)) return [signed(piece.trim())];
    return (piece.match(/(?:[^\s:[\]]|\[[^\]]*\]|[[\]])+/g) ?? []).map(signed);
  });
}

function signed(text: string): Part {
  const sign = text.startsWith('&') ? '&' : text.startsWith('!') ? '!' : '';
  if (text === sign) throw new InventoryError(`"${sign}" stands alone in the host pattern; a name follows it at once, as in ${sign}web`);
  return { sign, text: text.slice(sign.length).trim() };
}

/** Names and addresses may hold a colon; nothing is cut out of them. */
function isWhole(known: Known, text: string): boolean {
  return isIPv6(plainAddress(text)) || known.groups.has(text) || findIn(known.hosts, text) !== undefined;
}

const SLICE = /^(.+)\[(?:(-?\d+)|(\d+):(\d*))\]$/;

function matches(known: Known, text: string): readonly Host[] {
  const slice = text.startsWith('~') || isWhole(known, text) ? null : SLICE.exec(text);
  if (slice === null) return enumerate(known, text);
  const [, base = '', index, from, to] = slice;
  const hosts = enumerate(known, base);
  if (index === undefined) return hosts.slice(Number(from), to === undefined || to === '' ? undefined : Number(to) + 1);
  const one = hosts.at(Number(index));
  if (one === undefined) throw new InventoryError(`${text} names no host: ${base} has ${hosts.length}, and the first one is ${base}[0]`);
  return [one];
}

/** Hosts of a name, an address, a group, or of everything that a glob or an expression matches. */
function enumerate(known: Known, text: string): readonly Host[] {
  if (text === 'all' || text === '*') return known.hosts;
  const group = known.groups.get(text);
  if (group !== undefined) return group;
  const named = known.hosts.find(host => host.name === text);
  if (named !== undefined) return [named];
  const address = plainAddress(text);
  const there = known.hosts.filter(host => host.connection.address === address);
  if (there.length > 0) return there;
  if (text.startsWith('~') || /[*?[]/.test(text)) return byMatch(known, matcher(text));
  throw unknownName(known, text);
}

function byMatch(known: Known, isMatch: (name: string) => boolean): readonly Host[] {
  const groups = [...known.groups].filter(([name]) => isMatch(name)).flatMap(([, hosts]) => hosts);
  return [...new Set([...groups, ...known.hosts.filter(host => isMatch(host.name))])];
}

/** A regular expression holds from the start of the name, a glob for the whole of it. */
function matcher(text: string): (name: string) => boolean {
  if (text.startsWith('~')) {
    try {
      const expression = new RegExp(`^(?:${text.slice(1)})`);
      return name => expression.test(name);
    } catch {
      throw new InventoryError(`"${text}" is no regular expression that can be read`);
    }
  }
  const glob = globExpression(text);
  return name => glob.test(name);
}

/** `*`, `?`, `[1-3]` and `[!1-3]` as in fnmatch(3); everything else stands for itself. */
function globExpression(glob: string): RegExp {
  const source = glob.replaceAll(/\[(!?)(\]?[^\]]*)\]|[*?]|[^*?[]+|\[/g, (token: string, not?: string, set?: string) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (set === undefined || set === '') return token.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
    return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\\^\][]/g, String.raw`\$&`)}]`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new InventoryError(`"${glob}" is no host pattern: a class in it such as [9-1] is the wrong way round`);
  }
}

function unknownName(known: Known, text: string): InventoryError {
  const names = [...known.groups.keys(), ...known.hosts.flatMap(host => [host.name, host.connection.address])];
  const hint = text === 'localhost' ? 'Add "localhost ansible_connection=local" to the inventory.' : undefined;
  return new InventoryError(`no host, group or address is called "${text}"${didYouMean(text, names)}`, hint);
}
