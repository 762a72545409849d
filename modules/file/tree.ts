/** Directory trees with given content. */
import { probe, resource, type Applied, type Probe, type Resource, type Touched } from '../../core/module';
import { attributeProblems } from './attributes';
import { pathProblems, removalProblems } from './paths';
import { differencesOf, placeOf, type Difference, type TreeWish } from './tree-compare';
import { foreseenTree, foretellTree } from './tree-foreseen';
import { parseTree, treeLookCommand, type TreeQuestion, type TreeState } from './tree-look';
import { sendTree } from './tree-send';
import { scanTree, type SourceTree } from './tree-source';

export interface TreeParams extends TreeWish {
  /** A directory on the controller, absolute: `join(__dirname, 'files/site')` starts at the playbook's folder. */
  readonly from: string;
}

type Wanted = TreeParams & SourceTree;

const trees = resource<Wanted, TreeState>({
  name: 'file.tree',
  subject: params => params.path,
  validate: problemsOf,
  inspect: look,
  diff: (state, wanted) => differences(state, wanted).map(({ change }) => change),
  apply: (on, { params: wanted, state }) => sendTree(on, { wanted, state, differences: differences(state, wanted) }),
  foretell: (on, { params: wanted, state }) => foretellTree(on, { wanted, state, differences: differences(state, wanted) }),
  touches: (state, wanted) => differences(state, wanted).map(difference => touched(wanted, difference)),
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

function problemsOf({ path, prune = false, problems, directoryMode, mode, owner, group }: Wanted): string[] {
  const given = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  return [
    ...(prune ? removalProblems(path) : pathProblems(path)),
    ...attributeProblems({ ...given, ...(mode === undefined ? {} : { mode }) }),
    ...attributeProblems(directoryMode === undefined ? {} : { mode: directoryMode }),
    ...problems,
  ];
}

function look({ path, entries, prune = false }: Wanted): Probe<TreeState> {
  const question: TreeQuestion = { path, names: entries.map(({ name }) => name), others: prune };
  const whole = probe(treeLookCommand(question), result => parseTree(path, question, result), [0], on => foreseenTree(on, question));
  return { ...whole, ahead: treeLookCommand({ ...question, most: MOST_AHEAD }) };
}

/** More bytes are not hashed before the task's turn. */
const MOST_AHEAD = 1024 * 1024;

/** Worked out once for each look. */
const known = new WeakMap<TreeState, readonly Difference[]>();

function differences(state: TreeState, wanted: Wanted): readonly Difference[] {
  const made = known.get(state) ?? differencesOf(state, wanted);
  known.set(state, made);
  return made;
}

/** A directory that comes or goes as a whole; otherwise the entry alone. */
function touched(wanted: Wanted, { name, act }: Difference): Touched {
  const path = placeOf(wanted, name);
  const isWhole = act === 'remove' || (act === 'put' && (name === '' || wanted.entries.some(entry => entry.name === name && entry.kind === 'directory')));
  return isWhole ? path : { path, only: true };
}
