/** Which of some paths are there, and what runs have put beside them. */
import { posix } from 'node:path';
import { probe, query, type Query } from '../../core/module';
import { realPath } from '../../core/real-path';
import { cmd, type Command } from '../../core/transport/command';
import type { CommandResult, Target } from '../../core/transport/connection';
import { foreseenExists } from './foreseen';
import { baseOf, parentOf, pathProblems } from './paths';

export interface ExistingParams {
  /** Absolute; a symbolic link counts as what it points to. */
  readonly paths: readonly string[];
  /** Also tell of the copies beside them, `<path>-bak-<run>`, and of what was put aside, `<path>.removed-<run>`, of any run. Default: no. */
  readonly copies?: boolean;
}

const look = query<ExistingParams, readonly string[]>({
  name: 'file.existing',
  subject: ({ paths }) => paths.join(', ') || 'no paths',
  validate: ({ paths }) => paths.flatMap(pathProblems),
  inspect: ({ paths, copies = false }) => probe(listing(paths, copies), parseNames, [0], on => foreseenNames(on, paths, copies)),
});

/** Those of the paths that exist, in their order; with `copies`, each followed by what runs have put beside it. */
export function existing(params: ExistingParams): Query<readonly string[]> {
  return look(params);
}

function listing(paths: readonly string[], copies: boolean): Command {
  return cmd`copies=${copies ? 'yes' : 'no'}
for p in ${paths}; do
  [ ! -e "$p" ] || printf '%s\n' "$p"
  [ "$copies" = yes ] || continue
  for c in "$p"-bak-* "$p".removed-*; do [ ! -e "$c" ] || printf '%s\n' "$c"; done
done`;
}

function parseNames({ stdout }: Pick<CommandResult, 'stdout'>): string[] {
  return stdout.split('\n').filter(line => line !== '');
}

/** In check mode: those on the host and those that are planned, less those that will be gone. */
async function foreseenNames(on: Target, paths: readonly string[], copies: boolean): Promise<readonly string[]> {
  const found = parseNames(await on.run(listing(paths, copies)));
  const names: string[] = [];
  for (const path of paths) {
    const directory = parentOf(path);
    const real = (await realPath(on, directory, true)).path;
    const planned = (on.foreseen?.paths ?? []).filter(each => parentOf(each) === real).map(each => posix.join(directory, baseOf(each)));
    const beside = ['-bak-', '.removed-'].flatMap(kind => [...new Set([...found, ...planned])].filter(each => each.startsWith(`${path}${kind}`)).sort());
    for (const name of [path, ...(copies ? beside : [])]) {
      if (await foreseenExists(on, name) ?? found.includes(name)) names.push(name);
    }
  }
  return names;
}
