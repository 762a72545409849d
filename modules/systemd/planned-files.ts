/** Files of a host in check mode: as they will be once the changes planned so far are made. */
import { posix } from 'node:path';
import { unforeseen, type ForeseenPath } from '../../core/foreseen';
import { learnLinks, realPath } from '../../core/real-path';
import { Secret } from '../../core/secret';
import type { Connection } from '../../core/transport/connection';
import { matchesPattern } from '../file/pattern';
import type { HostFile } from './read-files';
import { decodeText } from './text';

type Asked = Pick<Connection, 'run' | 'foreseen'>;

/** What the patterns will match. @param found what they match now @throws RefusedError where only the run will tell */
export async function withPlanned(on: Asked, patterns: readonly string[], found: ReadonlyMap<string, readonly HostFile[]>): Promise<ReadonlyMap<string, readonly HostFile[]>> {
  if (on.foreseen?.isEmpty !== false) return found;
  const now = [...found.values()].flat();
  await learnLinks(on, [...patterns.map(stemOf), ...now.map(file => file.path)]);
  const will = new Map<string, readonly HostFile[]>();
  for (const pattern of patterns) {
    const there = found.get(pattern) ?? [];
    const names = new Set([...there.map(file => file.path), ...await plannedNames(on, pattern)]);
    const files: HostFile[] = [];
    for (const path of [...names].sort()) {
      const file = await fileAt(on, path, there.find(each => each.path === path));
      if (file !== undefined) files.push(file);
    }
    will.set(pattern, files);
  }
  return will;
}

/** When each file will have been written last; one that will be gone is left out. @param times as they are now @throws RefusedError */
export async function withPlannedTimes(on: Asked, paths: readonly string[], times: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
  if (on.foreseen?.isEmpty !== false) return times;
  const all = new Map<string, number>();
  for (const path of paths) {
    const will = await plannedAt(on, path);
    const time = will === undefined || will.kind === 'kept' ? times.get(path) : 'mtime' in will ? will.mtime : undefined;
    if (time !== undefined) all.set(path, time);
  }
  return all;
}

async function plannedAt(on: Asked, path: string): Promise<ForeseenPath | undefined> {
  const real = await realPath(on, path, true);
  const will = on.foreseen?.at(real.path);
  // Where a planned link leads to a present file, that would have to be read.
  if (will?.kind === 'unclear' || (will === undefined && real.isPlanned)) throw unforeseen(path);
  return will;
}

async function fileAt(on: Asked, path: string, now: HostFile | undefined): Promise<HostFile | undefined> {
  const will = await plannedAt(on, path);
  switch (will?.kind) {
    case undefined:
    case 'kept': return now;
    case 'file': return { path, mtime: will.mtime, ...decodeText(will.content instanceof Secret ? Buffer.from(will.content.reveal()) : will.content) };
    case 'made': throw unforeseen(path);
    default: return undefined;
  }
}

/** Paths that a pattern will match and that something is planned of, written as the pattern has them. */
async function plannedNames(on: Asked, pattern: string): Promise<readonly string[]> {
  const stem = stemOf(pattern);
  if (stem === pattern) return (await plannedAt(on, pattern)) === undefined ? [] : [pattern];
  const { path: real } = await realPath(on, stem, true);
  const planned = (on.foreseen?.paths ?? []).filter(path => path.startsWith(`${real}/`)).map(path => posix.join(stem, path.slice(real.length)));
  return planned.filter(path => matchesPattern(pattern, path));
}

/** The path above the first name that holds `*`, `?` or `[`; the path itself where none does. */
function stemOf(pattern: string): string {
  return /[*?[]/.test(pattern) ? posix.dirname(pattern.slice(0, pattern.search(/[*?[]/)) + 'x') : pattern;
}
