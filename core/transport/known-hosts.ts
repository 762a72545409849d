/**
 * known_hosts files: which keys are known for a host, and which are revoked.
 * @see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT
 */
import { createHmac } from 'node:crypto';

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
