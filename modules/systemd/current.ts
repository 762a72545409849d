/** A unit runs with what its files say now. */
import { RefusedError } from '../../core/errors';
import { unforeseen } from '../../core/foreseen';
import { command, query, steps } from '../../core/module';
import { lines, raw } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { withPlannedTimes } from './planned-files';
import { foretellStart, startOf } from './planned-units';
import { parseProcess, PROCESS } from './process';
import { parseTimes, timesCommand } from './read-files';
import { verifyRestart } from './restart';
import { isUp } from './show';
import { staleness } from './staleness';
import { readUnitAnd, type Unit } from './unit';
import { unitName, unitNameProblems } from './unit-name';
import { relaunch, settling } from './up';

export interface CurrentParams {
  /** `kube-apiserver` or `kube-apiserver.service`. */
  readonly unit: string;
  /** Files that the program reads at its start only: a configuration file, keys that are not read again. Absolute paths. */
  readonly files?: readonly string[];
  /** Flags and variables that need no restart: `--initial-cluster`, `ETCD_INITIAL_CLUSTER`. */
  readonly ignoreFlags?: readonly string[];
  /**
   * An earlier task of this run changes what it runs from: check mode then foretells the restart also where that task cannot say what it will leave behind (a
   * command that writes the files). A run reads from the process alone whether to restart.
   */
  readonly pending?: boolean;
}

/** Whether the unit was restarted, and why; the reasons are clauses without the unit's name. */
export interface Current {
  readonly restarted: boolean;
  readonly reasons: readonly string[];
}

interface Reading {
  readonly unit: Unit;
  readonly reasons: readonly string[];
  /** When each file was last written that is compared. */
  readonly times: ReadonlyMap<string, number>;
}

interface Before extends Reading {
  /** Check mode: something is planned that cannot say all that it leaves behind, so that there may be reasons by then. */
  readonly unclear: boolean;
}

/**
 * Restarts a unit where the running process is not what the unit, its drop-ins, EnvironmentFiles and the given files say (see `staleness`), or
 * where it does not run. A run that was killed between an edit and the restart is so finished by the next one.
 * Verified as `systemd.restart`, and that no reason is left.
 */
export const current = command<CurrentParams, Before, Current>({
  name: 'systemd.current',
  subject: params => unitName(params.unit),
  validate: problemsOf,
  before: params => steps(async on => ({ ...await look(on, params), unclear: on.foreseen?.isWhole === false })),
  describe: ({ unit, reasons, unclear }, { pending = false }) => {
    if (reasons.length > 0) return `restart ${unit.unit}: ${reasons.join('; ')}`;
    return pending && unclear ? `restart ${unit.unit}: what it runs from changes` : undefined;
  },
  run: async (on, { before: { unit, reasons } }) => {
    await relaunch(on, unit);
    return { restarted: true, reasons };
  },
  verify: async (on, { params, before }) => {
    const first = await settling(on, before.unit.unit);
    const { unit: last, reasons } = await look(on, params, before.times);
    const restarted = await verifyRestart(on, before.unit, [first, last]);
    if (restarted !== true) return restarted;
    return reasons.length === 0 ? true : `${before.unit.unit} was restarted, and still: ${reasons.join('; ')}`;
  },
  predict: ({ reasons }) => (reasons.length === 0 ? undefined : { restarted: true, reasons }),
  foretell: (_on, { before: { unit }, foreseen }) => foretellStart(foreseen, unit),
  // Files that are put back are older than the process, so it would not see that they changed.
  again: ({ unit }) => ({ module: 'systemd.restart', params: { unit } }),
  idle: () => ({ restarted: false, reasons: [] }),
});

/**
 * Why the running process is not what the unit, its drop-ins, EnvironmentFiles and the given files say, each a clause; empty when it is, or when
 * none runs. The look of `systemd.current`, without the restart.
 */
export const stale = query<CurrentParams, readonly string[]>({
  name: 'systemd.stale',
  subject: params => unitName(params.unit),
  validate: problemsOf,
  inspect: params => steps(async on => {
    const { unit, reasons } = await look(on, params);
    return isUp(unit) ? reasons : [];
  }),
});

function problemsOf(params: CurrentParams): readonly string[] {
  const relative = (params.files ?? []).filter(path => !path.startsWith('/'));
  return [...unitNameProblems(params.unit), ...relative.map(path => `the path "${path}" must be absolute`)];
}

/** @param before times of files that were seen before the process was started */
async function look(on: Target, params: CurrentParams, before?: ReadonlyMap<string, number>): Promise<Reading> {
  const { files: paths = [], ignoreFlags = [] } = params;
  const { unit, also } = await readUnitAnd(on, params.unit, lines(timesCommand(paths), raw(`echo ${PROCESS_FOLLOWS}`), PROCESS));
  const end = also.indexOf(PROCESS_FOLLOWS);
  const given = parseTimes(paths, also.subarray(0, end).toString());
  const times = new Map([...[...unit.files, ...unit.environmentFiles].map(({ path, mtime }): [string, number] => [path, mtime]), ...given]);
  if (!isUp(unit)) return { unit, times, reasons: [`it is ${unit.active}`] };
  const files = await withPlannedTimes(on, paths, given);
  const startedAt = startOf(on.foreseen, unit.unit);
  if (startedAt !== undefined) return { unit, times, reasons: plannedReasons(unit, files, startedAt) };
  if (unit.mainPid === 0) throw new RefusedError(`${on.host.name}: ${unit.unit} has no main process to compare with its files`, 'Use systemd.restart.');
  const missing = paths.filter(path => !files.has(path));
  if (missing.length > 0) throw new RefusedError(`${on.host.name}: ${missing.join(', ')} is not there, so it cannot be compared with ${unit.unit}`);
  const process = parseProcess(unit.mainPid, also.subarray(end + PROCESS_FOLLOWS.length + 1));
  if (process === undefined) return { unit, times, reasons: ['its process is gone'] };
  return { unit, times, reasons: staleness(unit, process, { files, ignoreFlags, ...(before === undefined ? {} : { before }) }) };
}

/** Stands on a line of its own; before it there are nothing but numbers. */
const PROCESS_FOLLOWS = 'process';

/** Of a process that is only planned: its arguments will be those of the files at its start. @throws RefusedError where the unit changes once more after it */
function plannedReasons(unit: Unit, files: ReadonlyMap<string, number>, startedAt: number): readonly string[] {
  if ([...unit.files, ...unit.environmentFiles].some(file => file.mtime > startedAt)) throw unforeseen(unit.unit);
  return [...files].filter(([, mtime]) => mtime > startedAt).map(([path]) => `${path} is newer than its process`);
}
