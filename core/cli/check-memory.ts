/** Remembers good type checks: which files went into one, and a hash over them, the lock files, the compiler options and the versions. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { cachePath, writeWhole } from './cache';
import { changedAfter, seeFile, type SeenFile } from './file-hashes';

/** The sha256 of each file of a check, by its absolute path. */
export type CheckedSources = ReadonlyMap<string, string>;

type Seen = ReadonlyMap<string, SeenFile>;

interface Memory {
  /** The files of the check. */
  readonly sources: readonly string[];
  /** These, and what else decides it. */
  readonly seen: Seen;
  readonly hash: string;
}

/** What npm writes when it changes packages; the second one says what is really there. */
const LOCK_FILES = ['package-lock.json', join('node_modules', '.package-lock.json')];

/** Made before the check begins: what is changed from then on may be something else than what is checked. */
export class CheckMemory {
  /** Names this check, the same ever after. */
  readonly key: string;
  readonly #path: string;
  readonly #begun = Date.now();
  /** What was there then, as far as it was known that it counts: which files a first check reads only the compiler finds out. */
  #before: Seen = new Map();

  /** @param roots what is checked. @param own the folder of this installation */
  constructor(private readonly roots: readonly string[], private readonly own: string) {
    this.key = createHash('sha256').update(JSON.stringify([own, roots])).digest('hex');
    this.#path = cachePath('types', `${this.key}.json`);
  }

  /** The sources of this check, where it was found good and nothing changed since. Otherwise it notes what is there now, for `remember`. */
  goodSources(): CheckedSources | undefined {
    const kept = this.#kept();
    const now = this.#look(kept?.sources ?? this.roots, kept?.seen);
    this.#before = now.seen;
    if (now.hash !== kept?.hash) return undefined;
    if ([...now.seen].some(([path, file]) => !isSameLook(file, kept.seen.get(path)))) this.#keep(now);
    return hashesOf(now);
  }

  /**
   * Remembers a good check, unless one of its files may have changed since it began: then nobody knows which text the compiler read.
   * @param sources all files of the check that are not in packages: those change with the lock files, and are not read one by one
   */
  remember(sources: readonly string[]): CheckedSources {
    const now = this.#look(sources, this.#before, this.#begun);
    if ([...now.seen].every(([path, file]) => this.#isAsBefore(path, file))) this.#keep(now);
    return hashesOf(now);
  }

  /** Those of the sources that are by now another text than when the check began. */
  changed(sources: CheckedSources): readonly string[] {
    return [...sources.keys()].filter(path => {
      const before = this.#before.get(path);
      return before === undefined ? changedAfter(path, this.#begun) : seeFile(path, before).sha256 !== before.sha256;
    });
  }

  /** Surely: the hash alone would not tell of a text that was there only for a moment. */
  #isAsBefore(path: string, now: SeenFile): boolean {
    const before = this.#before.get(path);
    return before === undefined ? !now.isYoung : before.mark === now.mark && before.sha256 === now.sha256;
  }

  #kept(): Memory | undefined {
    try {
      return parseMemory(readFileSync(this.#path, 'utf8'));
    } catch {
      // No memory, or none that can be read: it is checked again.
      return undefined;
    }
  }

  #keep({ sources, seen, hash }: Memory): void {
    try {
      writeWhole(this.#path, JSON.stringify({ sources, hash, seen: [...seen] }));
    } catch {
      // Where nothing can be kept the next run checks again.
    }
  }

  #look(sources: readonly string[], before?: Seen, moment = Date.now()): Memory {
    const versions = ['typescript-native', 'zod', '@types/node'].map(name => join(this.own, 'node_modules', name, 'package.json'));
    const config = join(this.own, 'tsconfig.json');
    const paths = [...new Set([...this.#lockFiles(sources), ...versions, config, ...sources])];
    const seen = new Map(paths.map(path => [path, seeFile(path, before?.get(path), moment)]));
    const hash = createHash('sha256').update(JSON.stringify([process.version, this.roots, [...seen].map(([path, { sha256 }]) => [path, sha256])])).digest('hex');
    return { sources, seen, hash };
  }

  /** Of every folder where packages are looked for. This installation's own files find them in its folder; to ask in all of its folders would take longer. */
  #lockFiles(sources: readonly string[]): readonly string[] {
    const others = sources.filter(path => !path.startsWith(this.own + sep));
    const folders = foldersOver([...this.roots, ...others, join(this.own, 'package.json')]);
    return folders.flatMap(folder => LOCK_FILES.map(name => join(folder, name)));
  }
}

/** The folders of these files, and all above them. */
function foldersOver(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  return [...folders];
}

/** Nothing that would spare the next start a reading. */
function isSameLook(now: SeenFile, before: SeenFile | undefined): boolean {
  return now.mark === before?.mark && now.isYoung === before.isYoung;
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
  return typeof path === 'string' && typeof file === 'object' && file !== null && 'mark' in file && typeof file.mark === 'string' && 'sha256' in file && typeof file.sha256 === 'string'
    && 'isYoung' in file && typeof file.isYoung === 'boolean';
}
