/** Which release of a program is the current one. */
import { resource, probe, type Applied, type Change, type Probe, type Resource } from '../../core/module';
import { RefusedError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { CommandResult, Target } from '../../core/transport/connection';

export interface CurrentParams {
  /** The program's folder, absolute: releases are in `<root>/releases/<version>`, the link is `<root>/current`. */
  readonly root: string;
  /** The release that shall be the current one, the name of its folder. */
  readonly version: string;
}

/** What the host has. */
interface State {
  /** The version that the link names; `undefined` where there is no link. */
  readonly current: string | undefined;
  /** Is the wanted release there? */
  readonly isThere: boolean;
}

const release = resource<CurrentParams, State>({
  name: 'release.current',
  subject: params => params.root,
  validate: problemsOf,
  inspect: look,
  diff: compare,
  apply: (on, { params }) => pointTo(on, params.root, params.version),
  touches: (_state, { root }) => [{ path: `${root}/current`, only: true }],
});

/** The link `current` of a program points to this release. It is changed by a rename, so it is never missing. @see symlink(7) */
export function current(params: CurrentParams): Resource<Applied> {
  return release(params);
}

function problemsOf({ root, version }: CurrentParams): string[] {
  const problems: string[] = [];
  if (!root.startsWith('/')) problems.push(`the folder "${root}" must be absolute`);
  if (!/^[\w.+-]+$/.test(version) || /^\.+$/.test(version)) problems.push(`"${version}" is no version: it is the name of a folder`);
  return problems;
}

/** One command prints all that is compared; its exit code is 0 whatever the state is, so any other is a failure. */
function look({ root, version }: CurrentParams): Probe<State> {
  return probe(cmd`cd -- ${root} || exit 1
if [ -L current ]; then readlink -- current; else echo; fi
if [ -d releases/${version} ]; then echo there; fi`, parseState);
}

function parseState({ stdout }: CommandResult): State {
  const [target = '', isThere = ''] = stdout.split('\n');
  return { current: target === '' ? undefined : target.replace(/^releases\//, ''), isThere: isThere === 'there' };
}

/** Pure: no host is asked here, so it is tested with plain values. */
function compare(state: State, { root, version }: CurrentParams): Change[] {
  if (!state.isThere) throw new RefusedError(`${root}/releases/${version} does not exist`, 'unpack the release first');
  return state.current === version ? [] : [{ resource: root, property: 'current', from: state.current ?? null, to: version }];
}

async function pointTo(on: Target, root: string, version: string): Promise<void> {
  await on.run(cmd`cd -- ${root} && ln -sfn -- releases/${version} .current.runsheet-${on.runId} && mv -fT -- .current.runsheet-${on.runId} current`);
}
