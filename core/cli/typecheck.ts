/**
 * The type check of a playbook and its typed inventories, by TypeScript's native compiler in a process of its own: it runs while the playbook
 * is loaded, and a type error ends the run before the first connection. Nothing is checked again as long as nothing changed.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { UsageError } from '../errors';
import { cachePath, writeWhole } from './cache';
import { CheckMemory, type CheckedSources } from './check-memory';

/** This installation's folder: core, modules and what they need. */
export const ROOT = resolve(__dirname, '..', '..');

export interface TypeCheck {
  /** Nothing changed since the last good check. */
  readonly remembered: boolean;
  /** What is wrong, `file:line:column: ...` each; empty when all is well. */
  readonly problems: readonly string[];
  /** Which sources changed since the check began, each a sentence. To be asked once they are loaded: what was loaded may then not be what was checked. */
  readonly changed: () => readonly string[];
  /** All files that were checked, packages left out. */
  readonly sources: CheckedSources;
}

const MOST_SHOWN = 20;

/** Checks these files and all that they import. @param roots absolute paths. @throws UsageError when the compiler cannot be started */
export async function checkTypes(roots: readonly string[]): Promise<TypeCheck> {
  const memory = new CheckMemory(roots, ROOT);
  const good = memory.goodSources();
  const check = (remembered: boolean, sources: CheckedSources): TypeCheck => ({ remembered, sources, problems: [], changed: () => memory.changed(sources).map(changedMeanwhile) });
  if (good !== undefined) return check(true, good);
  const output = await compile(roots, memory.key);
  const problems = problemsIn(output);
  const sources = filesIn(output).filter(file => !file.includes('/node_modules/'));
  if (problems.length === 0) return check(false, memory.remember(sources));
  const more = problems.length - MOST_SHOWN;
  return { remembered: false, sources: new Map(), changed: () => [], problems: more > 0 ? [...problems.slice(0, MOST_SHOWN), `and ${more} more type errors`] : problems };
}

function changedMeanwhile(file: string): string {
  return `${shown(file)} changed while it was checked and loaded, and what was loaded may not be what was checked; run it again`;
}

/** Checks the playbooks of this installation, so that the first check of any playbook here finds the modules checked. Never fails: it only saves time. */
export async function checkAhead(): Promise<void> {
  const folder = join(ROOT, 'playbooks');
  const roots = readdirSync(folder).filter(name => name.endsWith('.ts')).map(name => join(folder, name));
  await compile(roots, installation).catch(() => undefined);
}

/** Names what the compiler remembers of this installation's own playbooks. */
const installation = new CheckMemory([], ROOT).key;

function compile(roots: readonly string[], key: string): Promise<string> {
  const config = configFile(roots, key);
  const build = new BuildInfo(dirname(config), key);
  // One thread: several would each read the same types again, beside Node loading the playbook on the other core.
  const args = ['-p', config, '--pretty', 'false', '--listFiles', '--singleThreaded', '--incremental', '--tsBuildInfoFile', build.path];
  return new Promise((done, fail) => {
    execFile(compiler(), args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      build.keep();
      // It exits with 1 or 2 when there are type errors; those are on its standard output.
      const failed = error !== null && problemsIn(stdout).length === 0;
      if (failed) fail(new UsageError(`the type check did not run: ${(stderr + stdout).trim().split('\n').at(-1) ?? error.message}`));
      else done(stdout);
    });
  });
}

/**
 * What the compiler remembers of a check, so that the next one checks only what changed; of a playbook's first one, what it remembers of the installation.
 * Two runs may write it at once: each has a copy of its own.
 */
class BuildInfo {
  readonly path: string;
  readonly #kept: string;

  constructor(folder: string, key: string) {
    this.#kept = join(folder, `${key}.tsbuildinfo`);
    this.path = `${this.#kept}.${process.pid}`;
    const known = [this.#kept, join(folder, `${installation}.tsbuildinfo`)].find(existsSync);
    try {
      if (known !== undefined) copyFileSync(known, this.path);
    } catch {
      // The compiler checks everything.
    }
  }

  keep(): void {
    try {
      renameSync(this.path, this.#kept);
    } catch {
      // It could not be written: the next check takes longer.
    }
  }
}

/** The compiler's configuration: in the cache, so that an interrupted check leaves nothing behind; below /tmp where there is no cache. */
function configFile(roots: readonly string[], key: string): string {
  const text = JSON.stringify(configFor(roots));
  const name = `${key}.tsconfig.json`;
  try {
    writeWhole(cachePath('types', name), text);
    return cachePath('types', name);
  } catch {
    const folder = mkdtempSync(join(tmpdir(), 'runsheet-types-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }
}

/** Our own strict flags, whatever the playbook's folder says, so that a playbook means the same everywhere. */
function configFor(roots: readonly string[]): object {
  const nodeTypes = join(ROOT, 'node_modules', '@types');
  return {
    extends: join(ROOT, 'tsconfig.json'),
    files: roots,
    include: [],
    compilerOptions: {
      rootDir: '/', typeRoots: [nodeTypes], types: ['node'], noEmit: true, skipLibCheck: true,
      paths: { runsheet: [join(ROOT, 'core', 'index.ts')], 'runsheet/*': [join(ROOT, '*'), join(ROOT, '*', 'index.ts')], ...borrowed(roots) },
    },
  };
}

/** A playbook's folder without zod uses ours, as when it is loaded. */
function borrowed(roots: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const hasOwn = roots.every(root => findUp(dirname(root), join('node_modules', 'zod')) !== undefined);
  return hasOwn ? {} : { zod: [join(ROOT, 'node_modules', 'zod')] };
}

/** The nearest folder upwards that has this entry. */
export function findUp(folder: string, entry: string): string | undefined {
  if (existsSync(join(folder, entry))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : findUp(parent, entry);
}

/** The program itself: its JavaScript wrapper would cost another start of Node. */
function compiler(): string {
  try {
    const own = createRequire(createRequire(__filename).resolve('typescript-native/package.json'));
    return join(dirname(own.resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`)), 'lib', 'tsc');
  } catch {
    throw new UsageError(`TypeScript's native compiler is not installed for ${process.platform}-${process.arch}; run npm ci in ${ROOT}`);
  }
}

/** One text a problem; what the compiler says further about it, indented, belongs to it. */
function problemsIn(output: string): readonly string[] {
  const problems: string[] = [];
  for (const line of output.split('\n')) {
    const [, file, at, column, code, text] = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line) ?? [];
    const general = /^error (TS\d+): (.*)$/.exec(line);
    if (file !== undefined) problems.push(`${shown(file)}:${at ?? ''}:${column ?? ''}: ${text ?? ''} (${code ?? ''})`);
    else if (general !== null) problems.push(`${general[2] ?? ''} (${general[1] ?? ''})`);
    else if (line.startsWith('  ') && problems.length > 0) problems.push(`${problems.pop() ?? ''}\n${line}`);
  }
  return problems;
}

function filesIn(output: string): readonly string[] {
  return output.split('\n').filter(line => line.startsWith('/') && !/^.+\(\d+,\d+\): error/.test(line));
}

function shown(file: string): string {
  const near = relative(process.cwd(), resolve(file));
  return near.startsWith('..') ? resolve(file) : near;
}
