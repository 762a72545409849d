/** Which of some paths are there, and what runs have put beside them. */
import { probe, query, type Query } from '../../core/module';
import { cmd } from '../../core/transport/command';
import { pathProblems } from './paths';

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
  inspect: ({ paths, copies = false }) => probe(
    cmd`copies=${copies ? 'yes' : 'no'}
for p in ${paths}; do
  [ ! -e "$p" ] || printf '%s\n' "$p"
  [ "$copies" = yes ] || continue
  for c in "$p"-bak-* "$p".removed-*; do [ ! -e "$c" ] || printf '%s\n' "$c"; done
done`,
    ({ stdout }) => stdout.split('\n').filter(line => line !== ''),
  ),
});

/** Those of the paths that exist, in their order; with `copies`, each followed by what runs have put beside it. */
export function existing(params: ExistingParams): Query<readonly string[]> {
  return look(params);
}
