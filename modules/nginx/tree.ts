/** A whole configuration: the main file and all that it includes. @see https://nginx.org/en/docs/ngx_core_module.html#include */
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import type { ConfFile, Directive } from './conf';

/** A configuration as it was read from a host. */
export interface ConfTree {
  /** Absolute path of the main file; relative includes start at its directory, wherever the including file lies. */
  readonly main: string;
  readonly files: ReadonlyMap<string, ConfFile>;
  /** The files that each absolute include pattern matched, in the order in which nginx reads them. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
}

/** A directive on its place in the whole. */
export interface Visit {
  readonly file: ConfFile;
  readonly directive: Directive;
  /** The blocks around it, outermost first; `include` is none of them. */
  readonly inside: readonly Directive[];
}

/** Files that include each other this deep do so in a circle; nginx would run out of open files. */
const MAX_DEPTH = 32;

/** All directives in the order in which nginx reads them, included files in the place of their include. @throws RefusedError for a circle of includes */
export function walk(tree: ConfTree): readonly Visit[] {
  const main = tree.files.get(tree.main);
  return main === undefined ? [] : visit(tree, main, main.directives, { inside: [], depth: 0 });
}

/** The absolute path or pattern that an include directive names. */
export function includePattern(tree: Pick<ConfTree, 'main'>, directive: Directive): string {
  return posix.resolve(posix.dirname(tree.main), directive.args[0]?.value ?? '');
}

/** The include patterns of a file, at any depth of its blocks. */
export function includesOf(tree: Pick<ConfTree, 'main'>, directives: readonly Directive[]): readonly string[] {
  return directives.flatMap(directive => [
    ...(directive.name === 'include' ? [includePattern(tree, directive)] : []),
    ...includesOf(tree, directive.block?.directives ?? []),
  ]);
}

function visit(tree: ConfTree, file: ConfFile, directives: readonly Directive[], around: { inside: readonly Directive[]; depth: number }): readonly Visit[] {
  if (around.depth > MAX_DEPTH) throw new RefusedError(`${file.path}: the includes go round in a circle`);
  return directives.flatMap(directive => {
    const here: Visit = { file, directive, inside: around.inside };
    if (directive.name === 'include') {
      const included = (tree.matches.get(includePattern(tree, directive)) ?? []).flatMap(path => tree.files.get(path) ?? []);
      return [here, ...included.flatMap(other => visit(tree, other, other.directives, { ...around, depth: around.depth + 1 }))];
    }
    const inner = { inside: [...around.inside, directive], depth: around.depth };
    return [here, ...visit(tree, file, directive.block?.directives ?? [], inner)];
  });
}
