/** Units as systemd sees them, and the flags on their command lines. */
import { unforeseen } from '../../core/foreseen';
import { query, steps } from '../../core/module';
import type { Command } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';
import { effectiveOf, environmentFilesOf, resolveTexts, type Effective, type EnvironmentFileRef, type UnitTexts } from './effective';
import { flagName, flagsOf } from './exec';
import { startOf } from './planned-units';
import { readFiles, type HostFile } from './read-files';
import { readStateAndPath, type UnitState } from './show';
import { lineOf } from './text';
import { parseUnitFile, textOf, type UnitFile } from './unit-file';
import { dropInDirectories, templateOf, unitNameProblems } from './unit-name';

export interface UnitParams {
  /** `kube-apiserver` or `kube-apiserver.service`. */
  readonly unit: string;
}

/** Where something is written. */
export interface SourceLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** An argument of the program that a unit starts. */
export interface UnitArgument {
  /** As the program gets it, variables filled in; specifiers (`%i`) as they are written. */
  readonly text: string;
  readonly source: SourceLine;
}

/** A unit: what systemd has in memory, and what its files on disk say. */
export interface Unit extends UnitState, UnitTexts {
  /** The unit's file, then its drop-ins in the order in which systemd reads them. */
  readonly files: readonly HostFile[];
  /** The files named by `EnvironmentFile=` that are there. May hold secrets. */
  readonly environmentFiles: readonly HostFile[];
  /** The program of `ExecStart=`; empty where there is none. */
  readonly program: string;
  readonly args: readonly UnitArgument[];
  /** What is wrong with it, each a sentence. */
  readonly problems: readonly string[];
}

/** A flag as it is in force once the unit is started. */
export interface FlagReading {
  /** `undefined` for a flag without a value. */
  readonly value: string | undefined;
  readonly source: SourceLine;
  /** Where it is given a second time; which one counts depends on the program. */
  readonly again: readonly SourceLine[];
}

/**
 * A unit as `systemctl cat` and `systemctl show` see it: state, files, drop-ins, EnvironmentFiles, the arguments of ExecStart with file and line.
 * @throws RefusedError when there is no such unit
 * @see systemctl(1), systemd.unit(5)
 */
export const unit = query<UnitParams, Unit>({
  name: 'systemd.unit',
  subject: params => params.unit,
  validate: params => unitNameProblems(params.unit),
  inspect: params => steps(async on => {
    const found = await readUnit(on, params.unit);
    // Its process is another one then.
    if (startOf(on.foreseen, found.unit) !== undefined) throw unforeseen(found.unit);
    return found;
  }),
});

/** A unit read now. @throws RefusedError when there is no such unit */
export async function readUnit(on: Connection, name: string): Promise<Unit> {
  return (await readUnitAnd(on, name)).unit;
}

/** A unit, and what another command prints that goes with the first look at it. @param command see `readStateAndPath` @throws RefusedError when there is no such unit */
export async function readUnitAnd(on: Connection, name: string, command?: Command): Promise<{ readonly unit: Unit; readonly also: Buffer }> {
  const { state, directories, also } = await readStateAndPath(on, name, command);
  const files = await readUnitFiles(on, state, directories);
  const parsed = files.map(file => parseUnitFile(file.path, file.text));
  const wanted = environmentFilesOf(state.unit, parsed);
  const found = await readFiles(on, wanted.map(file => file.path));
  const environmentFiles = wanted.flatMap(({ path }) => found.get(path) ?? []);
  const effective = effectiveOf(state.unit, parsed, environmentFiles);
  const missing = wanted.filter(({ path, optional }) => !optional && found.get(path)?.length === 0);
  const problems = problemsOf(state, parsed, effective, missing);
  const needsReload = state.needsReload || !areRead(state, files);
  return { unit: { ...state, needsReload, files, environmentFiles, ...commandOf([...files, ...environmentFiles], effective), problems }, also };
}

/** The flag of a unit's program, wherever it is written; `undefined` where it is not given. @param spelled `--etcd-servers`; one dash or two are the same */
export function flagOf(unit: UnitTexts, spelled: string): FlagReading | undefined {
  const sources = [...unit.files, ...unit.environmentFiles];
  const uses = resolveTexts(unit).commands.flatMap(flagsOf).filter(use => use.name === flagName(spelled));
  const [first, ...others] = uses.map(use => ({ value: use.value, source: placeIn(sources, use.valueChars[0] ?? use.nameArg.chars[0] ?? use.nameArg.word) }));
  return first === undefined ? undefined : { ...first, again: others.map(other => other.source) };
}

/** A variable that a unit sets for its program, by `Environment=` or `EnvironmentFile=`: etcd takes `ETCD_INITIAL_CLUSTER` for `--initial-cluster`. */
export function variableOf(unit: UnitTexts, name: string): { readonly value: string; readonly source: SourceLine } | undefined {
  const variable = resolveTexts(unit).variables.get(name);
  return variable === undefined ? undefined : { value: textOf(variable.value), source: { file: variable.file, line: variable.line } };
}

/**
 * The files as systemd would read them now. It does not notice a drop-in in a directory that is new since it last read its files
 * (NeedDaemonReload stays `no`), so drop-ins are looked for on disk.
 */
async function readUnitFiles(on: Connection, state: UnitState, directories: readonly string[]): Promise<readonly HostFile[]> {
  if (state.load === 'masked') return [];
  const names = [state.unit, templateOf(state.unit)].flatMap(name => directories.map(directory => `${directory}/${name ?? state.unit}`));
  const fragments = state.needsReload || state.fragment === '' ? [...names, state.fragment] : [state.fragment];
  const dropIns = dropInDirectories(state.names).flatMap(name => directories.map(directory => `${directory}/${name}/*.conf`));
  const found = await readFiles(on, [...fragments.filter(path => path !== ''), ...dropIns]);
  const fragment = fragments.flatMap(path => found.get(path) ?? []).slice(0, 1);
  const byName = new Map<string, HostFile>();
  for (const file of dropIns.flatMap(pattern => found.get(pattern) ?? [])) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    if (!byName.has(name)) byName.set(name, file);
  }
  return [...fragment, ...[...byName].sort(([a], [b]) => a < b ? -1 : 1).map(([, file]) => file)];
}

function areRead(state: UnitState, files: readonly HostFile[]): boolean {
  // /lib and /usr/lib are one directory on most systems; a drop-in that says nothing (a link to /dev/null hides one) is not listed.
  const short = (path: string): string => path.split('/').slice(-2).join('/');
  const known = [state.fragment, ...state.dropIns].map(short);
  return files.every(file => file.text === '' || known.includes(short(file.path)));
}

function commandOf(sources: readonly HostFile[], { commands }: Effective): Pick<Unit, 'program' | 'args'> {
  const command = commands[0];
  const args = command?.args.map(arg => ({ text: arg.text, source: placeIn(sources, arg.chars[0] ?? arg.word) })) ?? [];
  return { program: command?.program ?? '', args };
}

function placeIn(sources: readonly { readonly path: string; readonly text: string }[], at: { readonly file: string; readonly start: number }): SourceLine {
  return { file: at.file, line: lineOf(sources.find(source => source.path === at.file)?.text ?? '', at.start) };
}

function problemsOf(state: UnitState, files: readonly UnitFile[], effective: Effective, missing: readonly EnvironmentFileRef[]): readonly string[] {
  const twice = effective.commands.flatMap(flagsOf).map(use => use.name).filter((name, i, all) => all.indexOf(name) < i);
  const unread = files.flatMap(file => file.entries.filter(entry => entry.kind === 'other').map(entry => `${file.path}:${entry.line}: systemd ignores this line`));
  return [
    ...(state.load === 'loaded' ? [] : [`${state.unit} is ${state.load}`]),
    ...unread,
    ...missing.map(({ path }) => `${state.unit}: the EnvironmentFile ${path} is missing`),
    ...[...new Set(twice)].map(name => `${state.unit}: the flag --${name} is given twice`),
  ];
}
