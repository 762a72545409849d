/**
 * known_hosts files: which keys are known for a host, and which are revoked.
 * @see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly marker?: 'revoked' | 'cert-authority';
  /** The names as written: patterns, or one hashed name. */
  readonly names: string;
  readonly type: string;
  /** The public key's bytes, base64. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
}

/** Reads the text of a known_hosts file; lines that are no entry (comments, keys of SSH 1) are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift()?.slice(1) : undefined;
    const [names, type, key] = words;
    if (names === undefined || names === '' || names.startsWith('#') || type === undefined || key === undefined) return [];
    if (!/^[A-Za-z0-9+/]+=*$/.test(key) || /^\d+$/.test(type)) return [];
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    return [{ names, type, key, file, line: index + 1, ...(marker === undefined ? {} : { marker }) }];
  });
}

/** What a known_hosts file says, to be asked for many hosts: an entry for plain names is found by them and not by going through all. */
export class KnownHosts {
  readonly #plain = new Map<string, KnownHost[]>();
  /** Patterns and hashed names. */
  readonly #others: KnownHost[] = [];
  readonly #asked = new Map<string, readonly KnownHost[]>();

  constructor(entries: readonly KnownHost[]) {
    for (const entry of entries) {
      if (/[|*?!]/.test(entry.names)) this.#others.push(entry);
      else for (const name of new Set(entry.names.toLowerCase().split(','))) this.#plain.set(name, [...this.#plain.get(name) ?? [], entry]);
    }
  }

  /** The entries that speak of this name, in the order of the file. */
  of(name: string): readonly KnownHost[] {
    const known = this.#asked.get(name) ?? [...this.#plain.get(name) ?? [], ...this.#others.filter(entry => namesHost(entry, name))].sort((a, b) => a.line - b.line);
    this.#asked.set(name, known);
    return known;
  }
}

/** Reads known_hosts files: each time anew, but a text that is as it was before is not parsed again. */
export class KnownHostsReader {
  readonly #read = new Map<string, { readonly bytes: Buffer; readonly hosts: KnownHosts }>();

  /** What stands there now; nothing in a file that is not there. @throws what the file system throws */
  read(file: string): KnownHosts {
    const bytes = bytesOf(file);
    const before = this.#read.get(file);
    if (before?.bytes.equals(bytes) === true) return before.hosts;
    const hosts = new KnownHosts(parseKnownHosts(bytes.toString(), file));
    this.#read.set(file, { bytes, hosts });
    return hosts;
  }
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** The name under which a host stands in known_hosts: `[host]:port` for any port but 22. */
export function knownName(address: string, port: number): string {
  const host = address.toLowerCase();
  return port === 22 ? host : `[${host}]:${port}`;
}

/** Does the entry speak of this name? */
export function namesHost(entry: KnownHost, name: string): boolean {
  if (entry.names.startsWith('|')) return isHashOf(entry.names, name);
  let found = false;
  for (const pattern of entry.names.split(',')) {
    const negated = pattern.startsWith('!');
    if (!globMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `|1|salt|hmac-sha1`, both base64. */
function isHashOf(hashed: string, name: string): boolean {
  const [, magic, salt, hash] = hashed.split('|');
  if (magic !== '1' || salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` any characters, `?` one; nothing else is special (brackets belong to `[host]:port`). */
function globMatches(pattern: string, name: string): boolean {
  const source = pattern.toLowerCase().replaceAll(/[.*+?^${}()|[\]\\]/g, char => (char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`));
  return new RegExp(`^${source}$`).test(name);
}
