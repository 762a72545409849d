/** Is a running process what its unit's files say? Read from the process itself, never from what a run remembers to have changed. */
import { resolveTexts } from './effective';
import { flagName, type ExecArgument, type ExecCommand } from './exec';
import type { ProcessInfo } from './process';
import type { Unit } from './unit';
import type { PlacedChar } from './unit-file';

/** What else the process depends on. */
export interface StalenessOptions {
  /** Files that it read at its start, and when each was last written (seconds since 1970). */
  readonly files?: ReadonlyMap<string, number>;
  /** Files that had these times before the process was started: it read what is in them, however close the times are. */
  readonly before?: ReadonlyMap<string, number>;
  /** Flags and variables that may differ: `--initial-cluster`, `ETCD_INITIAL_CLUSTER`. */
  readonly ignoreFlags?: readonly string[];
}

/** The kernel stamps a file with the time of its last tick, so it may have been written that much later, in seconds. */
const TICK = 0.01;

/** Where a time has no fraction the file system may keep none (FAT only every other second). */
const WHOLE_SECONDS = 2;

/**
 * Why a process is not what its unit's files say, each a clause; empty when it is.
 *
 * Arguments and environment are compared with those of the process, so a file that was rewritten with the same flags, or whose change concerns
 * ignored flags alone, is no reason. Other settings of the unit, and the given files, count by their time against the start of the process; so do
 * arguments and variables where the process has rewritten its own (nginx).
 */
export function staleness(unit: Unit, process: ProcessInfo, options: StalenessOptions = {}): readonly string[] {
  const ignored = new Set((options.ignoreFlags ?? []).map(flagName));
  const { commands, variables } = resolveTexts(unit);
  const command = commands[0];
  const args = command === undefined ? { kind: 'unknown' as const, names: [] } : compareArgs(command, process.args, ignored);
  const newer = (files: readonly Written[]): readonly string[] => files.filter(file => isNewer(file, process, options)).map(file => `${file.path} is newer than its process`);
  // systemd always sets PATH; a process without it has overwritten its environment.
  const environmentKnown = process.environment.has('PATH');
  const differing = environmentKnown
    ? [...variables.values()].filter(({ name }) => /^[A-Za-z_]\w*$/.test(name) && !ignored.has(name))
      .filter(({ name, value }) => !matches(value, process.environment.get(name) ?? '')).map(({ name }) => name)
    : [];
  return [
    ...(args.kind === 'differs' ? [`it runs with other ${args.names.length === 0 ? 'arguments' : args.names.map(name => `--${name}`).join(', ')}`] : []),
    ...differing.map(name => `it runs with another ${name}`),
    ...(args.kind === 'same' && differing.length === 0 || args.kind === 'unknown' ? newer(unit.files) : []),
    ...(environmentKnown ? [] : newer(unit.environmentFiles)),
    ...newer([...options.files ?? []].map(([path, mtime]) => ({ path, mtime }))),
  ];
}

type Written = Pick<Unit['files'][number], 'path' | 'mtime'>;

/** May it have been written after the process was started? Where the clocks are too coarse to tell, it may. */
function isNewer({ path, mtime }: Written, { startedAt }: ProcessInfo, { before }: StalenessOptions): boolean {
  return before?.get(path) !== mtime && mtime + (Number.isInteger(mtime) ? WHOLE_SECONDS : TICK) >= startedAt;
}

interface Comparison {
  /** `ignored`: only ignored flags differ; `unknown`: the process shows other words than it was started with. */
  readonly kind: 'same' | 'ignored' | 'differs' | 'unknown';
  /** Names of the flags that differ. */
  readonly names: readonly string[];
}

function compareArgs(command: ExecCommand, actual: readonly string[], ignored: ReadonlySet<string>): Comparison {
  const [argv0, ...others] = command.args;
  const named = command.prefixes.includes('@') && argv0 !== undefined;
  const name = named ? argv0.text : command.program;
  // A script's process begins with its interpreter; a title like "nginx: master process /usr/sbin/nginx" is no row of arguments.
  const at = actual.slice(0, 3).findIndex(arg => !/\s/.test(arg) && lastName(arg) === lastName(name));
  if (at === -1) return { kind: 'unknown', names: [] };
  const wanted = named ? others : command.args;
  const got = actual.slice(at + 1);
  if (sameArgs(wanted, got)) return { kind: 'same', names: [] };
  const keptWanted = withoutFlags(wanted, arg => arg.text, ignored);
  const keptGot = withoutFlags(got, arg => arg, ignored);
  if (sameArgs(keptWanted, keptGot)) return { kind: 'ignored', names: [] };
  const lost = keptWanted.filter(arg => !keptGot.some(text => matches(arg.chars, text))).map(arg => arg.text);
  const extra = keptGot.filter(text => !keptWanted.some(arg => matches(arg.chars, text)));
  const names = [...lost, ...extra].flatMap(text => /^--?([^-=][^=]*)/.exec(text)?.[1] ?? []);
  return { kind: 'differs', names: [...new Set(names)] };
}

function sameArgs(wanted: readonly ExecArgument[], got: readonly string[]): boolean {
  return wanted.length === got.length && wanted.every((arg, i) => matches(arg.chars, got[i] ?? ''));
}

/** A specifier may stand for anything. */
function matches(chars: readonly PlacedChar[], text: string): boolean {
  const source = chars.map(placed => placed.specifier === true ? (placed.char === '%' ? '' : '.*') : placed.char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&'));
  return new RegExp(`^${source.join('')}$`, 's').test(text);
}

/** The arguments without some flags and their values, found as `flagsOf` finds them. */
function withoutFlags<T>(args: readonly T[], textOf: (arg: T) => string, names: ReadonlySet<string>): readonly T[] {
  const kept: T[] = [];
  let skip = false;
  for (const arg of args) {
    const text = textOf(arg);
    const isValue = skip && !text.startsWith('-');
    skip = false;
    if (isValue) continue;
    const flag = /^--?([^-=\s][^=\s]*)(=)?/.exec(text);
    if (flag?.[1] === undefined || !names.has(flag[1])) kept.push(arg);
    else skip = flag[2] === undefined;
  }
  return kept;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
