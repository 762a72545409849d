/** Run state and boot state of a unit. */
import { RefusedError } from '../../core/errors';
import { type Change, resource, see, steps } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { foretellBoot, foretellStart, foretellStop } from './planned-units';
import { isUp, knownUnit, showUnit, type UnitState } from './show';
import { start, systemctl } from './up';
import { unitName, unitNameProblems } from './unit-name';

export interface ServiceParams {
  /** `kube-etcd` or `kube-etcd.service`. */
  readonly unit: string;
  /** Default: as it is. */
  readonly state?: 'started' | 'stopped';
  /** What happens at boot. `disabled` is also true of a unit that is masked or cannot be enabled. Default: as it is. */
  readonly boot?: 'enabled' | 'disabled' | 'masked';
}

/**
 * A unit runs or not, now and at boot. A unit counts as started when it stays up for two seconds. To stop it for good it is disabled first,
 * so that a reboot in between does not bring it back.
 *
 * Not for a restart: `systemd.restart` and `systemd.current`.
 * @see systemctl(1)
 */
export const service = resource<ServiceParams, UnitState>({
  name: 'systemd.service',
  subject: params => unitName(params.unit),
  validate: params => [
    ...unitNameProblems(params.unit),
    ...(params.state === undefined && params.boot === undefined ? ['say state, boot, or both'] : []),
    ...(params.state === 'started' && params.boot === 'masked' ? ['a masked unit cannot be started'] : []),
  ],
  inspect: params => steps(on => look(on, params)),
  diff: compare,
  apply,
  foretell: (_on, { params: { state: run, boot }, state, changes, foreseen }) => {
    const isChanged = (property: string): boolean => changes.some(change => change.property === property);
    if (run !== undefined && isChanged('state')) (run === 'started' ? foretellStart : foretellStop)(foreseen, state);
    if (boot !== undefined && isChanged('boot')) foretellBoot(foreseen, state, boot);
  },
  undo: (state, params) => {
    const boot = params.boot === undefined ? undefined : bootOf(state);
    const old: ServiceParams = {
      unit: params.unit, ...(params.state === undefined ? {} : { state: isUp(state) ? 'started' : 'stopped' }), ...(boot === undefined ? {} : { boot }),
    };
    return old.state === undefined && old.boot === undefined ? [] : [{ module: 'systemd.service', params: old }];
  },
});

async function look(on: Target, params: ServiceParams): Promise<UnitState> {
  const state = await see(showUnit(params.unit), on);
  // Where the unit shall run, a task before this one may be about to make it; check mode must get past that.
  if (params.state !== 'started' && params.boot !== 'enabled') await knownUnit(on, state, params.unit);
  return state;
}

function compare(state: UnitState, params: ServiceParams): Change[] {
  const resource = unitName(params.unit);
  const changes: Change[] = [];
  if (params.state === 'started' && !isUp(state)) changes.push({ resource, property: 'state', from: state.active, to: 'active' });
  if (params.state === 'stopped' && !isDown(state)) changes.push({ resource, property: 'state', from: state.active, to: 'inactive' });
  if (params.boot !== undefined && !isBoot(state, params.boot)) changes.push({ resource, property: 'boot', from: state.boot, to: params.boot });
  requirePossible(state, params, changes);
  return changes;
}

/** @throws RefusedError for what systemctl would not do */
function requirePossible(state: UnitState, params: ServiceParams, changes: readonly Change[]): void {
  if (params.state === 'started' && state.type === 'oneshot' && !state.remains) {
    throw new RefusedError(`${state.unit} does its work and ends (Type=oneshot), so it cannot be kept started`, 'Use systemd.restart to run it once.');
  }
  if (!changes.some(change => change.property === 'boot')) return;
  if (params.boot === 'enabled' && ['static', 'generated', 'transient'].includes(state.boot)) {
    throw new RefusedError(`${state.unit} cannot be enabled: it is ${state.boot}${state.boot === 'static' ? ', its file has no [Install] section' : ''}`);
  }
  if (params.boot === 'masked' && state.fragment.startsWith('/etc/systemd/system/')) {
    throw new RefusedError(`${state.unit} cannot be masked: its own file is ${state.fragment}, where the mask would go`, 'Say boot: "disabled".');
  }
}

async function apply(on: Target, { params, state }: { params: ServiceParams; state: UnitState }): Promise<void> {
  await bring(on, await knownUnit(on, state, params.unit), params);
}

async function bring(on: Target, state: UnitState, { state: run, boot }: Omit<ServiceParams, 'unit'>): Promise<void> {
  const { unit } = state;
  if (run === 'stopped' && boot !== undefined && boot !== 'enabled') await setBoot(on, state, boot);
  if (run === 'stopped' && !isDown(state)) await systemctl(on, 'stop', unit);
  if (run === 'started' && state.boot.startsWith('masked')) await on.run(cmd`systemctl unmask -- ${unit}`);
  if (run === 'started' && !isUp(state)) {
    // systemd reads all its files again for it: time that passes anyway. Another boot state could not simply be taken back.
    const enable = boot === 'enabled' && state.boot === 'disabled';
    await start(on, state, enable);
    if (enable) return;
  }
  if (boot !== undefined && (run !== 'stopped' || boot === 'enabled')) await setBoot(on, state, boot);
}

async function setBoot(on: Target, state: UnitState, boot: NonNullable<ServiceParams['boot']>): Promise<void> {
  if (isBoot(state, boot)) return;
  if (boot === 'enabled' && state.boot.startsWith('masked')) await on.run(cmd`systemctl unmask -- ${state.unit}`);
  const verb = boot === 'enabled' ? 'enable' : boot === 'disabled' ? 'disable' : 'mask';
  await on.run(cmd`systemctl ${verb} -- ${state.unit}`);
}

function isDown(state: UnitState): boolean {
  return state.active === 'inactive' || state.active === 'failed';
}

function isBoot({ boot }: UnitState, wanted: NonNullable<ServiceParams['boot']>): boolean {
  if (wanted === 'enabled') return boot === 'enabled' || boot === 'alias';
  if (wanted === 'masked') return boot === 'masked';
  return !boot.startsWith('enabled') && boot !== 'alias' && boot !== 'linked-runtime';
}

/** The boot state as a parameter; `undefined` for one that cannot be set (`static`). */
function bootOf({ boot }: UnitState): ServiceParams['boot'] {
  return boot === 'enabled' || boot === 'disabled' || boot === 'masked' ? boot : undefined;
}
