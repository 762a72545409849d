/** Lets nginx itself judge a changed configuration before any of it is put in place. */
import { RefusedError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { besideOf } from '../file/paths';
import { splice, type Splice } from '../systemd/text';
import type { ConfFile, Directive } from './conf';
import { argumentsOf, type Instance } from './instance';
import { includePattern, walk, type ConfTree } from './tree';

/**
 * Runs the unit's own binary with `-t` on candidates: hidden files beside the changed ones and beside every file that includes one of them, in which
 * the include names the candidate. So all other files, and all relative paths, are the real ones.
 * @param tree the configuration as it would be
 * @param changed the paths whose text differs from what is on the host
 * @throws RefusedError with what nginx says
 */
export async function requireValidConf(on: Target, instance: Instance, tree: ConfTree, changed: readonly string[]): Promise<void> {
  const names = candidateNames(tree, changed, on.runId);
  const main = names.get(tree.main);
  if (main === undefined) {
    on.say(`nothing includes ${changed.join(', ')} yet, so nginx cannot check it`);
    return;
  }
  try {
    for (const [path, candidate] of names) {
      const file = tree.files.get(path);
      if (file !== undefined) await on.write(candidate, redirected(tree, file, names), { mode: 0o600 });
    }
    const { code, stdout, stderr } = await on.run(cmd`${instance.binary} ${argumentsOf(instance, main)} -t`, { expect: 'any' });
    if (code === 0) return;
    const said = [...names].reduce((text, [path, candidate]) => text.replaceAll(candidate, path), complaintOf(stderr || stdout));
    throw new RefusedError(`${on.host.name}: the new configuration is not put in place, nginx refuses it: ${said}`);
  } finally {
    await on.run(cmd`rm -f -- ${[...names.values()]}`);
  }
}

/** Why `nginx -t` failed, without time and process id. */
export function complaintOf(output: string): string {
  const lines = output.trim().split('\n');
  return (lines.find(line => line.includes('[emerg]')) ?? lines[0] ?? '').replace(/^.*?\[emerg\] (?:\d+#\d+: )?/, '');
}

/** The changed files and all that include one of them, directly or not, each with its candidate's path. Without the main file nothing is reached. */
export function candidateNames(tree: ConfTree, changed: readonly string[], runId: string): ReadonlyMap<string, string> {
  const paths = new Set(changed);
  const includes = walk(tree).filter(({ directive }) => directive.name === 'include');
  for (let before = -1; before !== paths.size;) {
    before = paths.size;
    for (const { file, directive } of includes) {
      if (matchesOf(tree, directive).some(path => paths.has(path))) paths.add(file.path);
    }
  }
  return new Map([...paths].map(path => [path, besideOf(path, runId)]));
}

/** A file's text in which its includes name candidates where there are some. */
function redirected(tree: ConfTree, file: ConfFile, names: ReadonlyMap<string, string>): string {
  const splices = includesIn(file.directives).flatMap((directive): readonly Splice[] => {
    const matches = matchesOf(tree, directive);
    if (!matches.some(path => names.has(path))) return [];
    const text = matches.map(path => `include "${(names.get(path) ?? path).replaceAll(/["\\]/g, '\\$&')}";`).join(' ');
    return [{ start: directive.start, end: directive.end, text }];
  });
  return splice(file.text, splices);
}

function includesIn(directives: readonly Directive[]): readonly Directive[] {
  return directives.flatMap(directive => [...(directive.name === 'include' ? [directive] : []), ...includesIn(directive.block?.directives ?? [])]);
}

function matchesOf(tree: ConfTree, directive: Directive): readonly string[] {
  return tree.matches.get(includePattern(tree, directive)) ?? [];
}
