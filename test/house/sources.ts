/** The sources and what they import of each other, read from their text: what the tests of the house look at. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';

const ROOT = join(__dirname, '../..');

/** One import of a file, also by `export ... from`, `require` or a call of `import`. */
export interface Import {
  /** The file that imports, from the root of the repository. */
  readonly from: string;
  /** What it imports: a path from the root without its ending, or the name of a package. */
  readonly to: string;
  /** Only types are taken: nothing of it is left when it runs. */
  readonly isType: boolean;
}

/** The sources of a folder, from the root of the repository. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map(entry => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** What a file imports. */
export function importsOf(file: string): Import[] {
  return importsIn(file, readFileSync(join(ROOT, file), 'utf8'));
}

/** What a text of the house's style imports (single quotes, an import at the start of its line). @param file where the text stands, from the root */
export function importsIn(file: string, text: string): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const statements = [...code.matchAll(/^\s*(?:import|export)\s+(type\s)?([^;'`]*?)\s*\bfrom\s*'([^']+)'/gm)]
    .map(([, type, names = '', to = '']) => ({ to, isType: type !== undefined || areTypes(names) }));
  const others = [...code.matchAll(/(typeof\s+)?\b(?:import|require)\s*(?:\(\s*)?'([^']+)'/g)].map(([, type, to = '']) => ({ to, isType: type !== undefined }));
  return [...statements, ...others].map(({ to, isType }) => ({ from: file, to: resolve(file, to), isType }));
}

/** `{ type A, type B }` */
function areTypes(names: string): boolean {
  const [, list] = /^\{([^}]*)\}$/.exec(names) ?? [];
  return list !== undefined && list.split(',').map(name => name.trim()).every(name => name === '' || name.startsWith('type '));
}

function resolve(file: string, name: string): string {
  if (!name.startsWith('.')) return name;
  const path = posix.join(posix.dirname(file), name);
  return path === 'core' ? 'core/index' : path;
}
