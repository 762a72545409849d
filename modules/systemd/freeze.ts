/** A unit's main process stopped for a moment, and let go on. */
import { milliseconds, spoken, type Duration } from '../../core/duration';
import { command, live } from '../../core/module';
import { cmd, type Command } from '../../core/transport/command';
import type { Connection, Target } from '../../core/transport/connection';
import { readState, type UnitState } from './show';
import type { UnitParams } from './unit';
import { unitName, unitNameProblems } from './unit-name';

/** Longer than this a client's patience, or a leader lock's, may end. */
const LONGEST_MS = 10_000;

/**
 * One process stops it, waits and lets it go on, in this order however slow the host is; a timer that was set beforehand could be over before the stop came.
 * Whoever ends this process gets it going, too, by any signal that can be heard.
 */
const STAND_STILL = `trap : HUP INT TERM
systemctl kill --kill-who=main --signal=STOP -- "$1" && sleep "$2"
systemctl kill --kill-who=main --signal=CONT -- "$1" || :`;

export interface FreezeParams extends UnitParams {
  /** After this time systemd on the host lets it go on, whatever became of the controller. At most 10s. */
  readonly thawAfter: Duration;
}

/** Whether a main process stands still. */
export interface Frozen { readonly frozen: boolean }

interface Seen extends Frozen { readonly state: UnitState }

/**
 * The main process of a service stands still: what it was asked waits and is answered later, connections are accepted by the kernel meanwhile, and what it
 * has asked of others comes to rest. It goes on with `thaw`, at the latest after `thawAfter`: whoever stops it is a unit of the host's own systemd, which lets it go on itself. What does
 * not run is left alone. Signals, not `systemctl freeze`, which systemd has since 246 only, with the unified cgroup hierarchy, and without a limit in time.
 * @see systemctl(1), "kill"; systemd-run(1)
 */
export const freeze = command<FreezeParams, Seen, Frozen>({
  name: 'systemd.freeze',
  subject: params => unitName(params.unit),
  validate: ({ unit, thawAfter }) => [
    ...unitNameProblems(unit),
    ...(milliseconds(thawAfter) > LONGEST_MS || milliseconds(thawAfter) <= 0 ? [`thawAfter: ${thawAfter} is not more than 0 and at most ${spoken(LONGEST_MS)}`] : []),
  ],
  before: params => live(on => readFrozen(on, params.unit)),
  describe: ({ state, frozen }, { thawAfter }) => state.active !== 'active' || frozen ? undefined : `freeze ${state.unit} for at most ${spoken(milliseconds(thawAfter))}`,
  run: async (on, { params, before: { state } }) => {
    await on.run(cmd`systemd-run --quiet sh -c ${STAND_STILL} sh ${state.unit} ${String(milliseconds(params.thawAfter) / 1000)} && { ${stopped(state.mainPid)}; }`);
    return { frozen: true };
  },
  verify: async (on, { before: { state } }) => (await standsStill(on, state.mainPid)) ? true : `${state.unit} goes on: process ${state.mainPid} is not stopped`,
  idle: ({ frozen }) => ({ frozen }),
  predict: () => ({ frozen: true }),
  // A process that stands still looks to every other look of ours as it does when it runs.
  foretell: () => undefined,
  undo: () => [],
});

/** Lets a unit's main process go on after `freeze`, also where its time is up already: it may not have been seen to stand still. */
export const thaw = command<UnitParams, UnitState, Frozen>({
  name: 'systemd.thaw',
  subject: params => unitName(params.unit),
  validate: params => unitNameProblems(params.unit),
  before: params => live(on => readState(on, params.unit)),
  describe: state => state.active !== 'active' ? undefined : `let ${state.unit} go on`,
  run: async (on, { before }) => {
    await on.run(cmd`systemctl kill --kill-who=main --signal=CONT -- ${before.unit}`);
    return { frozen: false };
  },
  verify: async (on, { before }) => (await standsStill(on, before.mainPid)) ? `${before.unit} still stands still: process ${before.mainPid} is stopped` : true,
  idle: () => ({ frozen: false }),
  predict: () => ({ frozen: false }),
  foretell: () => undefined,
  undo: () => [],
});

/** Waits until a process is stopped, or gone; some ten seconds on a host that is slow to stop it. */
function stopped(pid: number): Command {
  return cmd`i=0; until grep -q '^State:.T' ${`/proc/${pid}/status`} 2>/dev/null || [ ! -e ${`/proc/${pid}`} ] || [ $i -ge 100 ]; do sleep 0.1; i=$((i + 1)); done`;
}

async function readFrozen(on: Target, unit: string): Promise<Seen> {
  const state = await readState(on, unit);
  return { state, frozen: await standsStill(on, state.mainPid) };
}

/** Is it stopped by a signal? The state stands behind the name, which may hold blanks and parentheses. @see proc(5), /proc/pid/stat */
async function standsStill(on: Pick<Connection, 'run'>, pid: number): Promise<boolean> {
  const { stdout } = await on.run(cmd`cat /proc/${pid}/stat 2>/dev/null`, { expect: 'any' });
  return /^T/.test(stdout.slice(stdout.lastIndexOf(')') + 2));
}
