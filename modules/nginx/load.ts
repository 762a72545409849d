/** Reads a whole configuration from a host. */
import { RefusedError } from '../../core/errors';
import type { Connection } from '../../core/transport/connection';
import { matchesPattern } from '../file/pattern';
import { readFiles, type HostFile } from '../systemd/read-files';
import { parseConf, type ConfFile } from './conf';
import { includePattern, includesOf, walk, type ConfTree } from './tree';

/** A configuration and the files it came from. */
export interface LoadedConf {
  readonly tree: ConfTree;
  /** The files as they lie on the host, by path. */
  readonly sources: ReadonlyMap<string, HostFile>;
}

/**
 * Reads the main file and all that it includes.
 * @param main absolute path
 * @param instead texts to take instead of the files at these paths, which need not be there
 * @throws RefusedError where a file cannot be parsed, or one that is included by name does not exist
 */
export async function loadConf(on: Connection, main: string, instead: ReadonlyMap<string, string> = new Map()): Promise<LoadedConf> {
  const files = new Map<string, ConfFile>();
  const sources = new Map<string, HostFile>();
  const matches = new Map<string, readonly string[]>();
  for (let wanted = [main]; wanted.length > 0;) {
    const found = await readFiles(on, wanted);
    const fresh = new Map<string, string>();
    for (const pattern of wanted) {
      const there = found.get(pattern) ?? [];
      const given = [...instead].filter(([path]) => matchesPattern(pattern, path));
      for (const file of there) sources.set(file.path, file);
      for (const [path, text] of [...there.map(file => [file.path, file.text] as const), ...given]) fresh.set(path, text);
      matches.set(pattern, [...new Set([...there.map(file => file.path), ...given.map(([path]) => path)])].sort());
    }
    for (const [path, text] of fresh) files.set(path, parseConf(path, text));
    const includes = [...fresh.keys()].flatMap(path => includesOf({ main }, files.get(path)?.directives ?? []));
    wanted = [...new Set(includes)].filter(pattern => !matches.has(pattern));
  }
  if (!files.has(main)) throw new RefusedError(`${on.host.name}: the nginx configuration ${main} does not exist`);
  const tree = { main, files, matches };
  requireIncluded(on.host.name, tree);
  return { tree, sources };
}

/** nginx does not start where a file is missing that is included by its name. */
function requireIncluded(host: string, tree: ConfTree): void {
  for (const { file, directive } of walk(tree)) {
    const pattern = includePattern(tree, directive);
    if (directive.name !== 'include' || /[*?[]/.test(pattern) || tree.matches.get(pattern)?.length !== 0) continue;
    throw new RefusedError(`${host}: ${file.path}:${directive.line} includes ${pattern}, which does not exist`);
  }
}
