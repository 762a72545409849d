/** What systemd says of a unit, in a few words of ours. @see systemctl(1), "show"; org.freedesktop.systemd1(5) */
import { RefusedError } from '../../core/errors';
import { probe, type Probe } from '../../core/module';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { CommandResult, Connection } from '../../core/transport/connection';
import { withPlannedUnit } from './planned-units';
import { unitName } from './unit-name';

/** A unit as systemd has it in memory. */
export interface UnitState {
  /** The full name, `kube-etcd.service`; for an alias the name of the unit itself. */
  readonly unit: string;
  /** All its names. */
  readonly names: readonly string[];
  readonly description: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
  readonly active: string;
  /** `running`, `dead`, `auto-restart`, ... */
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `masked`, ...; empty where there is no unit file. */
  readonly boot: string;
  /** Path of its file; empty where there is none. */
  readonly fragment: string;
  readonly dropIns: readonly string[];
  /** Its files changed since systemd read them, as far as systemd noticed. */
  readonly needsReload: boolean;
  readonly type: string;
  readonly restart: string;
  /** `User=`; empty for root. */
  readonly user: string;
  /** 0 where none runs. */
  readonly mainPid: number;
  /** Differs after every start; empty before systemd 232 and for a unit that was never started. */
  readonly invocationId: string;
  /** Microseconds since the host's boot at which its main process started; 0 where none did. */
  readonly mainStart: number;
  /** How often systemd restarted it by itself. */
  readonly restarts: number;
  readonly canReload: boolean;
  /** It stays active although its processes end (`RemainAfterExit=`). */
  readonly remains: boolean;
  /** `success`, or why it ended: `exit-code`, `signal`, `start-limit-hit`, ... */
  readonly result: string;
}

const PROPERTIES = [
  'Id', 'Names', 'Description', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'FragmentPath', 'DropInPaths', 'NeedDaemonReload', 'Type',
  'Restart', 'User', 'MainPID', 'InvocationID', 'ExecMainStartTimestampMonotonic', 'NRestarts', 'CanReload', 'RemainAfterExit', 'Result',
];

/** A look at a unit's state. A unit that does not exist is `load: 'not-found'`. @param name with or without its type */
export function showUnit(name: string): Probe<UnitState> {
  return probe(showCommand(name), parseShow, [0], on => stateOf(on, name));
}

async function stateOf(on: Connection, name: string): Promise<UnitState> {
  return await withPlannedUnit(on, parseShow(await on.run(showCommand(name))));
}

/** A unit's state now. @throws RefusedError when there is no such unit */
export async function readState(on: Connection, name: string): Promise<UnitState> {
  return knownUnit(on, await stateOf(on, name), name);
}

/** A unit's state and what was asked with it. */
export interface StateAndPath {
  readonly state: UnitState;
  /** Where systemd looks for units, the most important directory first. */
  readonly directories: readonly string[];
  /** What the other command printed. */
  readonly also: Buffer;
}

/**
 * A unit's state now, and the directories in which systemd looks for units, in one round trip.
 * @param also a command that goes with it; `$pid` is the unit's main process. What it prints may be secret.
 * @throws RefusedError when there is no such unit
 */
export async function readStateAndPath(on: Connection, name: string, also: Command = raw(':')): Promise<StateAndPath> {
  const { bytes } = await on.run(lines(cmd`said=$(${showCommand(name)}) || exit`, STATE_AND_PID, also), { secretOutput: true });
  // What the other command printed may hold anything, also such lines.
  const end = bytes.indexOf('\n', bytes.indexOf(UNIT_PATH) + 1);
  const stdout = bytes.subarray(0, end).toString();
  const directories = stdout.slice(stdout.indexOf(UNIT_PATH) + UNIT_PATH.length).split(' ');
  return { state: await knownUnit(on, await withPlannedUnit(on, parseShow({ stdout })), name), directories, also: bytes.subarray(end + 1) };
}

const UNIT_PATH = '\nUnitPath=';

const STATE_AND_PID = raw(`nl='
'
printf '%s\\n' "$said"
systemctl show --no-pager -p UnitPath || exit
pid=$nl$said$nl pid=\${pid#*"$nl"MainPID=} pid=\${pid%%"$nl"*}`);

/** Is it running, or does it count as if it were? */
export function isUp({ active }: Pick<UnitState, 'active'>): boolean {
  return active === 'active' || active === 'reloading';
}

/** @throws RefusedError with names that come near when the unit does not exist */
export async function knownUnit(on: Connection, state: UnitState, name: string): Promise<UnitState> {
  if (state.load !== 'not-found') return state;
  const type = unitName(name).split('.').at(-1) ?? 'service';
  const { stdout } = await on.run(cmd`systemctl list-unit-files --no-legend --no-pager --type=${type}`, { expect: 'any' });
  const near = nearNames(unitName(name), stdout.split('\n').map(line => line.split(' ')[0] ?? ''));
  const hint = near.length === 0 ? undefined : `Did you mean ${near.join(' or ')}?`;
  throw new RefusedError(`${on.host.name}: there is no unit ${unitName(name)}`, hint);
}

/** Prints a unit's properties, a line each. */
export function showCommand(name: string): Command {
  return cmd`systemctl show --no-pager -p ${PROPERTIES.join(',')} -- ${unitName(name)}`;
}

/** Names that hold the wanted one's stem, or its last part: `kube-scheduler` for `scheduler`. */
function nearNames(wanted: string, names: readonly string[]): readonly string[] {
  const stem = wanted.replace(/\.[a-z]+$/, '');
  const last = stem.split('-').at(-1) ?? stem;
  return names.filter(name => name !== '' && (name.includes(stem) || (last.length > 2 && name.includes(last)))).slice(0, 4);
}

/** Reads the `Key=value` lines of `systemctl show`. */
export function parseShow({ stdout }: Pick<CommandResult, 'stdout'>): UnitState {
  const said = new Map(stdout.split('\n').map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const text = (key: string): string => said.get(key) ?? '';
  const list = (key: string): readonly string[] => text(key).split(' ').filter(part => part !== '');
  return {
    unit: text('Id'), names: list('Names'), description: text('Description'), load: text('LoadState'), active: text('ActiveState'), sub: text('SubState'),
    boot: text('UnitFileState'), fragment: text('FragmentPath'), dropIns: list('DropInPaths'), needsReload: text('NeedDaemonReload') === 'yes',
    type: text('Type'), restart: text('Restart'), user: text('User'), mainPid: Number(text('MainPID')), invocationId: text('InvocationID'),
    mainStart: Number(text('ExecMainStartTimestampMonotonic')), restarts: Number(text('NRestarts')), canReload: text('CanReload') === 'yes',
    remains: text('RemainAfterExit') === 'yes', result: text('Result'),
  };
}
