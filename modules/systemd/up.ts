/** Starting, and seeing that what was started stays up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { readState, type UnitState } from './show';

/** How long a unit must stay up after a start to count as started, in milliseconds. */
export const SETTLE_MS = 2000;

/** When it is looked at meanwhile: what fails at once is told at once. systemd counts restarts, so none between two looks is missed. */
const LOOKS_MS = [250, 1000];

/** Runs `systemctl VERB UNIT`. @throws CommandError with the unit's last log lines */
export async function systemctl(on: Target, verb: string, unit: string): Promise<void> {
  const result = await on.run(cmd`systemctl --no-pager ${verb} -- ${unit}`, { channel: 'own', expect: 'any' });
  if (result.code !== 0) throw new CommandError(on.host.name, result, await lastLines(on, unit));
}

/** Starts or restarts a unit with what its files say now: systemd is told to read them again where it has not. @throws CommandError */
export async function launch(on: Target, verb: 'start' | 'restart', state: UnitState): Promise<void> {
  if (state.needsReload) await on.run(cmd`systemctl daemon-reload`);
  await systemctl(on, verb, state.unit);
}

/**
 * Waits a while and looks whether the unit stays active in one and the same process; a oneshot must have succeeded.
 * @returns `true`, or a sentence with the unit's last log lines
 */
export async function staysUp(on: Target, unit: string, settleMs = SETTLE_MS): Promise<true | string> {
  const first = await readState(on, unit);
  if (first.type === 'oneshot' && !first.remains && first.active === 'inactive' && first.result === 'success') return true;
  const started = performance.now();
  const looks = [...LOOKS_MS.filter(ms => ms < settleMs), settleMs];
  for (let now = first; ; now = await readState(on, unit)) {
    const why = whyDown(first, now);
    if (why !== undefined) return `${why}${await lastLines(on, unit)}`;
    const next = looks.shift();
    if (next === undefined) return true;
    await sleep(Math.max(0, started + next - performance.now()), undefined, { signal: on.signal });
  }
}

function whyDown(first: UnitState, now: UnitState): string | undefined {
  if (now.active !== 'active' && now.active !== 'reloading') return `${now.unit} does not stay up: it is ${now.active} (${now.sub}, ${now.result})`;
  if (now.mainPid === first.mainPid && now.restarts === first.restarts) return undefined;
  return `${now.unit} does not stay up: systemd restarted it (process ${first.mainPid} became ${now.mainPid})`;
}

/** The end of a unit's log, for messages. */
async function lastLines(on: Target, unit: string): Promise<string> {
  const { stdout } = await on.run(cmd`journalctl -u ${unit} -n 5 --no-pager -o cat`, { expect: 'any' });
  const lines = stdout.trim();
  return lines === '' || lines === '-- No entries --' ? '' : `\nIts last log lines:\n${lines}`;
}
