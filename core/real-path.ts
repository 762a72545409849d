/** Where a path really leads on a host, links that are only planned included. For check mode: a record of planned changes needs one name for each file. */
import { posix } from 'node:path';
import { RefusedError } from './errors';
import { cmd } from './transport/command';
import type { Connection } from './transport/connection';

/** A path without links. */
export interface RealPath {
  readonly path: string;
  /** What a link at the path itself says, the first one of a row of links. */
  readonly link: string | undefined;
  /** A link that is only planned led there: on the host the path leads elsewhere, or nowhere. */
  readonly isPlanned: boolean;
}

type Asked = Pick<Connection, 'run' | 'foreseen'>;

/** As many links as Linux follows, path_resolution(7). */
const MOST_LINKS = 40;

/** Resolves a path. @param follow also a link at the path itself @throws RefusedError where links lead in a circle */
export async function realPath(on: Asked, path: string, follow: boolean): Promise<RealPath> {
  let link: string | undefined;
  let isPlanned = false;
  let at = '/';
  let links = 0;
  for (let rest = names(path); rest.length > 0;) {
    const [name = '', ...more] = rest;
    const here = posix.join(at, name);
    const target = name === '..' ? undefined : await linkAt(on, here, more);
    if (more.length === 0) link ??= target;
    if (target === undefined || (more.length === 0 && !follow)) {
      at = here;
      rest = more;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw new RefusedError(`${path} leads in a circle of links`);
    isPlanned ||= on.foreseen?.at(here)?.kind === 'link';
    if (target.startsWith('/')) at = '/';
    rest = [...names(target), ...more];
  }
  return { path: at, link, isPlanned };
}

/** Asks the host for the links on the way to many paths at once, so that `realPath` need not ask for each. */
export async function learnLinks(on: Asked, paths: readonly string[]): Promise<void> {
  const { foreseen } = on;
  if (foreseen === undefined) return;
  const asked = [...new Set(paths.flatMap(wayTo))].filter(path => !foreseen.links.has(path));
  if (asked.length === 0) return;
  const { stdout } = await on.run(cmd`for p in ${asked}; do if [ -L "$p" ]; then readlink -n -- "$p" | base64 | tr -d '\n'; fi; echo; done`);
  const said = stdout.split('\n');
  for (const [i, path] of asked.entries()) {
    const text = said[i] ?? '';
    foreseen.links.set(path, text === '' ? undefined : Buffer.from(text, 'base64').toString());
  }
}

async function linkAt(on: Asked, path: string, more: readonly string[]): Promise<string | undefined> {
  const will = on.foreseen?.at(path);
  if (will?.kind === 'link') return will.target;
  if (will !== undefined && will.kind !== 'kept' && will.kind !== 'unclear') return undefined;
  if (on.foreseen?.links.has(path) !== true) await learnLinks(on, [[path, ...more].join('/')]);
  return on.foreseen?.links.get(path);
}

function names(path: string): readonly string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}

/** `/a/b/c` with all that is above it, without the root. */
function wayTo(path: string): readonly string[] {
  const all = names(path);
  return all.map((_name, i) => `/${all.slice(0, i + 1).join('/')}`);
}
