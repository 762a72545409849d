/** Whole unit files and drop-ins. */
import { isRunnerError, messageOf } from '../../core/errors';
import { type Applied, type Change, type Resource, resource, see, steps } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { backup, backupPath, touchedFiles } from '../file/backup';
import { foretellText } from '../file/foretell';
import { renderTemplateFile, type TemplateValues } from '../file/template';
import { textDiff } from '../file/text-diff';
import { foretellNew, foretellReload } from './planned-units';
import { readFiles, type HostFile } from './read-files';
import { readAgain } from './restart';
import { knownUnit, showUnit, type UnitState } from './show';
import { encodeText } from './text';
import { unitName, unitNameProblems } from './unit-name';
import { requireValidUnit } from './verify';

interface FileBase {
  /** `kube-etcd` or `kube-etcd.service`. */
  readonly unit: string;
  /** The name of a drop-in, `limits` for `/etc/systemd/system/kube-etcd.service.d/limits.conf`. Default: the unit's file itself. */
  readonly dropIn?: string;
  /** Copy the old file to `<path>-bak-<run>` before it changes. Default: no. */
  readonly backup?: boolean;
}

/** The text itself, or a Handlebars template on the controller (absolute path) and its values. */
export type FileParams = FileBase & (
  | { readonly content: string; readonly template?: undefined; readonly values?: undefined }
  | { readonly template: string; readonly values: TemplateValues; readonly content?: undefined }
);

interface Rendered {
  readonly unit: string;
  readonly path: string;
  readonly text: string;
  readonly backup: boolean;
  readonly problems: readonly string[];
}

interface State {
  readonly state: UnitState;
  /** The unit's file and drop-ins as systemd knows them. */
  readonly files: readonly HostFile[];
  readonly old: HostFile | undefined;
}

const DIRECTORY = '/etc/systemd/system';

/**
 * A unit's file in /etc/systemd/system, or one of its drop-ins, holds this text. systemd checks it before it is put in place and has read it
 * afterwards, by a daemon-reload where it takes one; a restart is not part of it (`systemd.current`).
 * @see systemd.unit(5), systemd-analyze(1)
 */
export function file(params: FileParams): Resource<Applied> {
  return place(render(params));
}

const place = resource<Rendered, State>({
  name: 'systemd.file',
  subject: params => params.path,
  validate: params => params.problems,
  inspect: params => steps(on => look(on, params)),
  diff: compare,
  apply,
  foretell: async (on, { params: { unit, path, text, backup: keep }, state: { state }, changes, foreseen }) => {
    const isWritten = changes.some(change => change.property === 'content');
    if (isWritten) await foretellText(on, path, { content: Buffer.from(text), copy: keep ? backupPath(path, on.runId) : undefined });
    if (isNew(state, path)) foretellNew(foreseen, unit);
    else foretellReload(foreseen, unit);
  },
  touches: (_state, { path, backup: keep }, runId) => touchedFiles([path], keep, runId),
  undo: (_state, { unit }) => [readAgain({ unit })],
});

function render(params: FileParams): Rendered {
  const unit = unitName(params.unit);
  const { dropIn } = params;
  const path = dropIn === undefined ? `${DIRECTORY}/${unit}` : `${DIRECTORY}/${unit}.d/${dropIn.replace(/\.conf$/, '')}.conf`;
  const badName = dropIn !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(dropIn) ? [`"${dropIn}" is not a drop-in's name`] : [];
  const base = { unit, path, backup: params.backup ?? false, problems: [...unitNameProblems(params.unit), ...badName] };
  if (params.template === undefined) return { ...base, text: params.content };
  try {
    return { ...base, text: renderTemplateFile(params.template, params.values) };
  } catch (error) {
    if (!isRunnerError(error)) throw error;
    return { ...base, text: '', problems: [...base.problems, messageOf(error)] };
  }
}

async function look(on: Target, { unit, path }: Rendered): Promise<State> {
  // Asked as other tasks ask for the unit: one answer serves them all.
  const [state, own] = await Promise.all([see(showUnit(unit), on), readFiles(on, [path])]);
  const known = [state.fragment, ...state.dropIns].filter(each => each !== '');
  const others = await readFiles(on, known.filter(each => each !== path));
  return { state, files: known.flatMap(each => (each === path ? own : others).get(each) ?? []), old: own.get(path)?.[0] };
}

function compare({ state, old }: State, { unit, path, text }: Rendered): Change[] {
  const changes: Change[] = [];
  if (old?.text !== text) {
    const diff = textDiff(path, old === undefined ? undefined : encodeText(old.text, old.encoding), Buffer.from(text));
    const change = { resource: path, property: 'content', from: old === undefined ? null : 'other text', to: 'the wanted text' };
    changes.push(diff === undefined ? change : { ...change, diff });
  }
  // Also what an earlier run that was killed left to do; systemd does not notice the first drop-in of a unit by itself.
  const unread = old !== undefined && (state.load === 'not-found' || (isDropIn(path) && !state.dropIns.includes(path)));
  if (changes.length === 0 && (state.needsReload || unread)) changes.push({ resource: unit, property: 'daemon-reload', from: 'needed', to: 'done' });
  return changes;
}

async function apply(on: Target, { params, state, changes }: { params: Rendered; state: State; changes: readonly Change[] }): Promise<void> {
  const { unit, path, text } = params;
  if (changes.some(change => change.property === 'content')) {
    const dropIn = isDropIn(path);
    if (dropIn) await knownUnit(on, state.state, unit);
    const others = state.files.filter(each => each.path !== path && (dropIn || each.path !== state.state.fragment));
    const after = dropIn ? [...others, { path, text }] : [{ path, text }, ...others];
    await requireValidUnit(on, { unit, before: state.files, after });
    if (dropIn) await on.run(cmd`mkdir -p -- ${path.slice(0, path.lastIndexOf('/'))}`, { goesOn: true });
    if (params.backup) await backup(on, path);
    const isFirst = isNew(state.state, path);
    await on.write(path, text, { goesOn: !isFirst });
    if (isFirst && isRead(await see(showUnit(unit), on), path)) return;
  }
  await on.run(cmd`systemctl daemon-reload`);
}

/** The file of a unit that systemd did not know. */
function isNew({ load }: UnitState, path: string): boolean {
  return load === 'not-found' && !isDropIn(path);
}

/**
 * Since 246 systemd looks for a unit that it did not find once more when a directory has changed, and loads it alone. A daemon-reload reads every unit and runs all
 * generators, half a second's work, so it is only done where systemd does not say that it has this very file.
 */
function isRead({ load, fragment, needsReload }: UnitState, path: string): boolean {
  return load === 'loaded' && fragment === path && !needsReload;
}

function isDropIn(path: string): boolean {
  return path.endsWith('.conf');
}
