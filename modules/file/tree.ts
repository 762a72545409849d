/** Directory trees with given content. */
import { live, mapLook, probe, resource, see, type Applied, type Look, type Probe, type Resource, type Touched } from '../../core/module';
import { attributeProblems } from './attributes';
import { unread } from './controller-files';
import { pathProblems, removalProblems } from './paths';
import { differencesOf, placeOf, type Difference, type TreeWish, type WantedTree } from './tree-compare';
import { foreseenTree, foretellTree } from './tree-foreseen';
import { parseTree, treeLookCommand, type TreeQuestion, type TreeState } from './tree-look';
import { sendTree, type TreeJob } from './tree-send';
import { scanTree, type SourceTree } from './tree-source';

export interface TreeParams extends TreeWish {
  /** A directory on the controller, absolute: `join(__dirname, 'files/site')` starts at the playbook's folder. */
  readonly from: string;
}

type Params = TreeParams & SourceTree;

const trees = resource<Params, TreeJob>({
  name: 'file.tree',
  subject: params => params.path,
  validate: problemsOf,
  inspect: look,
  diff: ({ differences }) => differences.map(({ change }) => change),
  apply: (on, { state: job }) => sendTree(on, job),
  foretell: (on, { state: job }) => foretellTree(on, job),
  touches: ({ wanted, differences }) => differences.map(difference => touched(wanted, difference)),
});

/**
 * A directory of the controller is on the host: the same files, directories and links. What is the same by its checksum is not sent; what differs is sent as
 * one stream, and each file is replaced by a rename once all have arrived: readers see the old file or the new one, and a new directory with all that is in it.
 * Of the files' modes only whether the owner may execute them counts, as with git: the others depend on who checked them out. Links are kept as links and need
 * not lead anywhere. Where the host has a directory in the place of a file, or anything else in that of a directory, it is refused. With `prune` the user is
 * asked, as for all that destroys. The host needs tar(1), GNU's or busybox's.
 *
 *     file.tree({ path: '/srv/site', from: join(__dirname, 'files/site'), owner: 'www-data', prune: true })
 */
export function tree(params: TreeParams): Resource<Applied> {
  return { ...trees({ ...params, ...scanTree(params.from) }), effect: params.prune === true ? 'destroy' : 'converge' };
}

function problemsOf({ path, prune = false, problems, directoryMode, mode, owner, group }: Params): string[] {
  const given = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  return [
    ...(prune ? removalProblems(path) : pathProblems(path)),
    ...attributeProblems({ ...given, ...(mode === undefined ? {} : { mode }) }),
    ...attributeProblems(directoryMode === undefined ? {} : { mode: directoryMode }),
    ...problems,
  ];
}

function look({ entries, ...rest }: Params): Look<TreeJob> {
  if (typeof entries !== 'function') return mapLook(lookAtTree(rest), state => compared(state, { ...rest, entries }));
  // Not before its turn: the host would not hash so much then either.
  return live(async on => {
    const hashing = entries().catch((error: unknown) => { throw unread('directory', error); });
    const [hashed, state] = await Promise.all([hashing, see(lookAtTree(rest), on)]);
    return compared(state, { ...rest, entries: hashed });
  });
}

function lookAtTree({ path, names, prune = false }: Omit<Params, 'entries'>): Probe<TreeState> {
  const question: TreeQuestion = { path, names, others: prune };
  const whole = probe(treeLookCommand(question), result => parseTree(path, question, result), [0], on => foreseenTree(on, question));
  return { ...whole, ahead: treeLookCommand({ ...question, most: MOST_AHEAD }) };
}

/** More bytes are not hashed before the task's turn. */
const MOST_AHEAD = 1024 * 1024;

function compared(state: TreeState, wanted: WantedTree): TreeJob {
  return { wanted, state, differences: differencesOf(state, wanted) };
}

/** A directory that comes or goes as a whole; otherwise the entry alone. */
function touched(wanted: WantedTree, { name, act }: Difference): Touched {
  const path = placeOf(wanted, name);
  const isWhole = act === 'remove' || (act === 'put' && (name === '' || wanted.entries.some(entry => entry.name === name && entry.kind === 'directory')));
  return isWhole ? path : { path, only: true };
}
