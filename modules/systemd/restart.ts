/** Restart, reload and daemon-reload, each verified by its effect. */
import { RefusedError } from '../../core/errors';
import { type Applied, type Call, command, live, see, steps } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { foretellReload, foretellStart, unreadUnits, willBeRead } from './planned-units';
import { parseShow, readState, showCommand, showUnit, type UnitState } from './show';
import { relaunch, settled, staysUp, systemctl, type Settled } from './up';
import { readUnit, type UnitParams } from './unit';
import { unitName, unitNameProblems } from './unit-name';

const base = { subject: (params: UnitParams): string => unitName(params.unit), validate: (params: UnitParams): readonly string[] => unitNameProblems(params.unit) };

/** What a restart did. */
export interface Restarted {
  readonly mainPid: number;
  readonly invocationId: string;
}

/**
 * Restarts a unit, or starts it. Verified: another main process and invocation id, and it stays up for two seconds. Where its files changed, systemd
 * reads them first. To restart only where something changed, use `systemd.current`.
 * @see systemctl(1), "restart"
 */
export const restart = command<UnitParams, UnitState, Restarted>({
  name: 'systemd.restart',
  ...base,
  before: params => live(on => readUnit(on, params.unit)),
  describe: state => `restart ${state.unit}`,
  run: async (on, { before }) => identity(parseShow(await relaunch(on, before, showCommand(before.unit)))),
  verify: async (on, { before }) => verifyRestart(on, before, await settled(on, before.unit, 'start')),
  foretell: (_on, { before, foreseen }) => foretellStart(foreseen, before),
  again: true,
  idle: identity,
});

/** Runs something else than before, and does it stay? */
export async function verifyRestart(on: Target, before: UnitState, seen: Settled): Promise<true | string> {
  const [now] = seen;
  const sameRun = now.invocationId !== '' && now.invocationId === before.invocationId;
  const sameProcess = now.mainPid !== 0 && now.mainPid === before.mainPid && now.mainStart === before.mainStart;
  if (sameRun || sameProcess) return `${now.unit} was not restarted: it is still process ${now.mainPid}`;
  return await staysUp(on, seen);
}

/**
 * Reloads a unit's configuration by its `ExecReload=`. Verified: that command succeeded and the unit is still active in the same process. Whether the
 * new configuration is in force only the program knows: for nginx use `nginx.reload`.
 * @see systemctl(1), "reload"
 */
export const reload = command<UnitParams, UnitState, Applied>({
  name: 'systemd.reload',
  ...base,
  before: params => live(on => readState(on, params.unit)),
  describe: state => {
    if (state.load === 'loaded' && !state.canReload && !state.needsReload) {
      throw new RefusedError(`${state.unit} cannot be reloaded: it has no ExecReload=`, 'Use systemd.restart.');
    }
    return `reload ${state.unit}`;
  },
  run: async (on, { before }) => {
    await systemctl(on, 'reload', before.unit);
    return { changed: true };
  },
  verify: async (on, { before }) => {
    const seen = await settled(on, before.unit, 'reload');
    const [now] = seen;
    if (now.mainPid !== before.mainPid) return `${now.unit} was restarted instead of reloaded: process ${before.mainPid} became ${now.mainPid}`;
    return await staysUp(on, seen);
  },
  // The same process with what its program makes of its files: nothing that a look of ours would see.
  foretell: () => undefined,
  predict: () => ({ changed: true }),
  again: true,
  idle: () => ({ changed: false }),
});

export interface DaemonReloadParams extends Partial<UnitParams> {
  /** Also where systemd sees no change: it does not when a file has gone, or is older than before. Default: no. */
  readonly always?: boolean;
}

/** The call that has systemd read a unit's files again after old ones are back. */
export function readAgain({ unit }: Partial<UnitParams>): Call {
  const params: DaemonReloadParams = { ...(unit === undefined ? {} : { unit }), always: true };
  return { module: 'systemd.daemonReload', params };
}

/** Has systemd read its unit files again, where one changed since it read it: of this unit, or of any. @see systemctl(1), "daemon-reload" */
export const daemonReload = command<DaemonReloadParams, readonly string[], Applied>({
  name: 'systemd.daemonReload',
  subject: params => params.unit === undefined ? 'all units' : unitName(params.unit),
  validate: params => params.unit === undefined ? [] : unitNameProblems(params.unit),
  before: params => steps(on => changedUnits(on, params.unit)),
  describe: (units, { unit, always = false }) => {
    if (units.length > 0) return `have systemd read ${units.join(', ')} again`;
    return always ? `have systemd read ${unit ?? 'its unit files'} again` : undefined;
  },
  run: async on => {
    await on.run(cmd`systemctl daemon-reload`);
    return { changed: true };
  },
  verify: async (on, { params }) => {
    const units = await changedUnits(on, params.unit);
    return units.length === 0 ? true : `systemd still has old versions of ${units.join(', ')}`;
  },
  foretell: (_on, { foreseen }) => foretellReload(foreseen),
  predict: () => ({ changed: true }),
  again: readAgain,
  idle: () => ({ changed: false }),
  effect: 'converge',
});

async function changedUnits(on: Target, unit: string | undefined): Promise<readonly string[]> {
  if (unit !== undefined) {
    const state = await see(showUnit(unit), on);
    return state.needsReload ? [state.unit] : [];
  }
  const { stdout } = await on.run(cmd`systemctl show --no-pager -p Id,NeedDaemonReload ${'*'}`);
  const now = stdout.split('\n\n').filter(block => block.includes('NeedDaemonReload=yes')).map(block => /^Id=(.*)$/m.exec(block)?.[1] ?? '');
  const { foreseen } = on;
  if (foreseen?.isEmpty !== false) return now;
  const planned = await Promise.all(unreadUnits(foreseen).map(async name => await changedUnits(on, name)));
  return [...new Set([...now.filter(name => !willBeRead(foreseen, name)), ...planned.flat()])];
}

function identity({ mainPid, invocationId }: UnitState): Restarted {
  return { mainPid, invocationId };
}
