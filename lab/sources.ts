import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The Debian release of the lab's hosts: the one with etcd 3.4 and kubectl 1.20. */
export const SUITE = 'bookworm';

const APT = '/etc/apt';

/**
 * The entries of this machine's apt for Debian's own archive of that release, as one-line sources; entries of third
 * parties are left out. Empty when there are none: then mmdebstrap's default is the way.
 * @see sources.list(5)
 */
export async function debianSources(directory = APT): Promise<string[]> {
  const parts = (await readdir(join(directory, 'sources.list.d')).catch(() => [])).map((name) => join('sources.list.d', name));
  const found: string[] = [];
  for (const name of ['sources.list', ...parts]) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => '');
    if (name.endsWith('.sources')) found.push(...parseStanzas(text));
    else if (name.endsWith('.list')) found.push(...parseLines(text));
  }
  return found;
}

/** deb822 stanzas, which name Debian's key ring when they are Debian's. */
export function parseStanzas(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const lines = stanza.split('\n').filter((line) => !line.startsWith('#'));
    const field = (name: string): string[] => {
      const line = lines.find((candidate) => candidate.toLowerCase().startsWith(`${name}:`));
      return line === undefined ? [] : line.slice(name.length + 1).trim().split(/\s+/);
    };
    const [keyring] = field('signed-by');
    if (keyring === undefined || !isDebianKeyring(keyring) || !field('types').includes('deb')) return [];
    if (field('enabled')[0] === 'no') return [];
    const suites = field('suites').filter(isWantedSuite);
    return field('uris').flatMap((uri) => suites.map((suite) => `deb [signed-by=${keyring}] ${uri} ${suite} main`));
  });
}

/** One-line entries, which are Debian's when they name its key ring, or no key and a path of Debian's archive. */
export function parseLines(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+main\b/.exec(line.trim());
    if (match === null) return [];
    const [, options = '', uri = '', suite = ''] = match;
    const keyring = /signed-by=(\S+)/.exec(options)?.[1];
    const isDebian = keyring === undefined ? /\/debian(-security)?\/?$/.test(uri) : isDebianKeyring(keyring);
    if (!isDebian || !isWantedSuite(suite)) return [];
    return [`deb ${keyring === undefined ? '' : `[signed-by=${keyring}] `}${uri} ${suite} main`];
  });
}

const isDebianKeyring = (path: string): boolean => path.endsWith('/debian-archive-keyring.gpg');
const isWantedSuite = (suite: string): boolean => suite === SUITE || suite.startsWith(`${SUITE}-`);
