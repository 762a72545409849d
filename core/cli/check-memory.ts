/** Remembers good type checks: which files went into one, and a hash over them, the lock files, the compiler options and the versions. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath, writeWhole } from './cache';
import { seeFile, type SeenFile } from './file-hashes';

/** The sha256 of each file of a check, by its absolute path. */
export type CheckedSources = ReadonlyMap<string, string>;

interface Memory {
  /** The files of the check. */
  readonly sources: readonly string[];
  /** These, and what else decides it. */
  readonly seen: ReadonlyMap<string, SeenFile>;
  readonly hash: string;
}

export class CheckMemory {
  /** Names this check, the same ever after. */
  readonly key: string;
  readonly #path: string;

  /** @param roots what is checked. @param own the folder of this installation */
  constructor(private readonly roots: readonly string[], private readonly own: string) {
    this.key = createHash('sha256').update(JSON.stringify([own, roots])).digest('hex');
    this.#path = cachePath('types', `${this.key}.json`);
  }

  /** The sources of this check, where it was found good and nothing changed since. */
  goodSources(): CheckedSources | undefined {
    try {
      const before = parseMemory(readFileSync(this.#path, 'utf8'));
      if (before === undefined) return undefined;
      const now = this.#look(before.sources, before.seen);
      if (now.hash !== before.hash) return undefined;
      if ([...now.seen].some(([path, { mark }]) => mark !== before.seen.get(path)?.mark)) this.#keep(now);
      return hashesOf(now);
    } catch {
      // No memory, or a file is gone: it is checked again.
      return undefined;
    }
  }

  /** @param sources all files of the check that are not in packages: those change with the lock file, and are not read one by one. */
  remember(sources: readonly string[]): CheckedSources {
    const now = this.#look(sources);
    this.#keep(now);
    return hashesOf(now);
  }

  #keep({ sources, seen, hash }: Memory): void {
    try {
      writeWhole(this.#path, JSON.stringify({ sources, hash, seen: [...seen] }));
    } catch {
      // Where nothing can be kept the next run checks again.
    }
  }

  #look(sources: readonly string[], before?: Memory['seen']): Memory {
    const lockFiles = [this.own, ...this.roots.map(root => dirname(root))].map(folder => join(folder, 'package-lock.json'));
    const versions = ['typescript-native', 'zod', '@types/node'].map(name => join(this.own, 'node_modules', name, 'package.json'));
    const paths = [...new Set([...lockFiles, ...versions, join(this.own, 'tsconfig.json'), ...sources])];
    const seen = new Map(paths.map(path => [path, seeFile(path, before?.get(path))]));
    const hash = createHash('sha256').update(JSON.stringify([process.version, this.roots, [...seen].map(([path, { sha256 }]) => [path, sha256])])).digest('hex');
    return { sources, seen, hash };
  }
}

function hashesOf({ sources, seen }: Memory): CheckedSources {
  return new Map(sources.map(path => [path, seen.get(path)?.sha256 ?? '']));
}

function parseMemory(text: string): Memory | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('sources' in parsed) || !('hash' in parsed) || !('seen' in parsed)) return undefined;
  const { sources, hash, seen } = parsed;
  if (!Array.isArray(sources) || !sources.every(file => typeof file === 'string') || typeof hash !== 'string' || !Array.isArray(seen)) return undefined;
  return seen.every(isSeen) ? { sources, hash, seen: new Map(seen) } : undefined;
}

function isSeen(entry: unknown): entry is [string, SeenFile] {
  const pair: readonly unknown[] = Array.isArray(entry) ? entry : [];
  const [path, file] = pair;
  return typeof path === 'string' && typeof file === 'object' && file !== null && 'mark' in file && typeof file.mark === 'string' && 'sha256' in file && typeof file.sha256 === 'string';
}
