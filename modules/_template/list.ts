/** The releases of a program. */
import { probe, query, type Query } from '../../core/module';
import { cmd } from '../../core/transport/command';

export interface ListParams {
  /** The program's folder, absolute. */
  readonly root: string;
}

const releases = query<ListParams, readonly string[]>({
  name: 'release.list',
  subject: ({ root }) => root,
  validate: ({ root }) => (root.startsWith('/') ? [] : [`the folder "${root}" must be absolute`]),
  inspect: ({ root }) => probe(cmd`ls -1 -- ${root}/releases`, ({ stdout }) => stdout.split('\n').filter(name => name !== '')),
});

/** The names of a program's releases that are on the host, in alphabetical order. */
export function list(params: ListParams): Query<readonly string[]> {
  return releases(params);
}
