/** Remembers good type checks: which files went into one, and a hash over them, the lock files, the compiler options and the versions. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath, writeWhole } from './cache';

interface Memory {
  readonly files: readonly string[];
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
  goodSources(): readonly string[] | undefined {
    try {
      const memory = parseMemory(readFileSync(this.#path, 'utf8'));
      return memory !== undefined && memory.hash === this.#hash(memory.files) ? memory.files : undefined;
    } catch {
      // No memory, or a file is gone: it is checked again.
      return undefined;
    }
  }

  /** @param sources all files of the check that are not in packages: those change with the lock file, and are not read one by one. */
  remember(sources: readonly string[]): void {
    try {
      writeWhole(this.#path, JSON.stringify({ files: sources, hash: this.#hash(sources) } satisfies Memory));
    } catch {
      // Where nothing can be kept the next run checks again.
    }
  }

  #hash(files: readonly string[]): string {
    const hash = createHash('sha256').update(JSON.stringify([process.version, this.roots]));
    const lockFiles = [this.own, ...this.roots.map(root => dirname(root))].map(folder => join(folder, 'package-lock.json'));
    const versions = ['typescript-native', 'zod', '@types/node'].map(name => join(this.own, 'node_modules', name, 'package.json'));
    for (const file of [...lockFiles, ...versions, join(this.own, 'tsconfig.json')]) hash.update(`\0${file}\0`).update(contentOrNothing(file));
    for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file));
    return hash.digest('hex');
  }
}

function contentOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function parseMemory(text: string): Memory | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('files' in parsed) || !('hash' in parsed)) return undefined;
  const { files, hash } = parsed;
  return Array.isArray(files) && files.every(file => typeof file === 'string') && typeof hash === 'string' ? { files, hash } : undefined;
}
