/** Starting, and seeing that what was started stays up. */
import { CheckError, CommandError } from '../../core/errors';
import { see } from '../../core/module';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { CommandResult, Target } from '../../core/transport/connection';
import { isUp, knownUnit, parseShow, showCommand, showUnit, type UnitState } from './show';

/** How long a unit must stay up after a start to count as started, in seconds, in steps: what fails early is told early, while its log still ends with the reason. */
const SETTLE = [0.25, 0.75, 1];

/** The same for a reload, after which the process is the one that ran before. */
const SETTLE_RELOADED = [0.25, 0.25];

/**
 * Runs `systemctl VERB UNIT` in the open shell: it only talks to systemd, which is what starts processes, and leaves nothing behind; killed at its time limit like any
 * other command. Other looks at the host wait behind it.
 * @throws CommandError with the unit's last log lines
 */
export async function systemctl(on: Target, verb: string, unit: string): Promise<void> {
  const command = systemctlCommand(verb, unit);
  const result = await on.run(command, { expect: 'any' });
  if (result.code !== 0) throw await failure(on, { result, command, unit });
}

/** Restarts a unit with what its files say now: systemd is told to read them again where it has not. @param then goes with it @throws CommandError */
export async function relaunch(on: Target, state: UnitState, then: Command = raw(':')): Promise<CommandResult> {
  const { unit } = state;
  const command = systemctlCommand('restart', unit);
  const result = await on.run(lines(reloadFirst(state), cmd`${command} >&2 || exit`, then), { expect: 'any' });
  if (result.code !== 0) throw await failure(on, { result, command, unit });
  return result;
}

/**
 * Starts a unit with what its files say now, and looks whether it stays up, all in one command.
 * @param enable enable it while it settles; where it does not stay up that is taken back
 * @throws CommandError, CheckError with the unit's last log lines
 */
export async function start(on: Target, state: UnitState, enable: boolean): Promise<void> {
  const { unit } = state;
  const [command, enabling] = [systemctlCommand('start', unit), systemctlCommand('enable', unit)];
  const result = await on.run(lines(reloadFirst(state), cmd`${command} >&2 || exit`, lookFirst(unit), wait(SETTLE, enable ? enabling : undefined), raw('exit "$code"')), { expect: 'any' });
  const [first] = statesIn(result);
  if (first === undefined) throw await failure(on, { result, command, unit });
  // The look that proves the change comes behind this command anyway, so its answer is there.
  const why = whyDown(first, isUp(first) ? await see(showUnit(unit), on) : first);
  if (why === undefined && result.code !== 0) throw await failure(on, { result, command: enabling, unit });
  if (why === undefined) return;
  const said = `${on.host.name}: ${why}${await lastLines(on, unit)}`;
  if (enable && isUp(first)) await on.run(systemctlCommand('disable', unit), { expect: 'any' });
  throw new CheckError(said);
}

/** What was seen when a unit began to settle, and when its time was over; the same where it was not up at first. */
export type Settled = readonly [first: UnitState, last: UnitState];

/** Looks at a unit, waits a while and looks again, in one command. @throws RefusedError when there is no such unit */
export async function settled(on: Target, unit: string, after: 'start' | 'reload'): Promise<Settled> {
  const result = await on.run(settle(unit, after === 'start' ? SETTLE : SETTLE_RELOADED));
  const [first, last = first] = statesIn(result);
  if (first === undefined || last === undefined) throw new CommandError(on.host.name, result);
  await knownUnit(on, first, unit);
  return [first, last];
}

/** Looks at a unit and then waits until it must have settled: the next look tells. @throws RefusedError when there is no such unit */
export async function settling(on: Target, unit: string): Promise<UnitState> {
  return await knownUnit(on, parseShow(await on.run(lines(lookFirst(unit), wait(SETTLE)))), unit);
}

/** Stayed it active in one and the same process, or succeeded, being a oneshot? @returns `true`, or a sentence with the unit's last log lines */
export async function staysUp(on: Target, seen: Settled): Promise<true | string> {
  const why = whyDown(...seen);
  return why === undefined ? true : `${why}${await lastLines(on, seen[0].unit)}`;
}

/** A look, a wait, another look. Whatever happens in between shows in the second one: it is not active, or has another process, invocation or count of restarts. */
function settle(unit: string, steps: readonly number[]): Command {
  return lines(lookFirst(unit), wait(steps), raw(String.raw`look; printf '\n%s\n' "$state"`));
}

/** Ends the script where the unit is not up, a moment later: by then journald has what it said. */
function lookFirst(unit: string): Command {
  return lines(cmd`show() { ${showCommand(unit)}; }`, FUNCTIONS, raw(String.raw`look; printf '%s\n' "$state"; is_up || { pause 0.25; exit 0; }
first=$pid watched=; [ ! -e "/proc/$first/stat" ] || watched=yes`));
}

/** `lives`: does the same process run? That it is gone is seen in /proc without starting one; systemd is asked only then. Not every sleep(1) knows fractions. */
const FUNCTIONS = raw(String.raw`nl='
'
look() { state=$(show) || exit; pid=$nl$state$nl; pid=\${pid#*"$nl"MainPID=}; pid=\${pid%%"$nl"*}; }
is_up() { case $nl$state$nl in *"$nl"ActiveState=active"$nl"*|*"$nl"ActiveState=reloading"$nl"*) ;; *) return 1 ;; esac; }
lives() { [ ! "$watched" ] || [ -e "/proc/$first/stat" ] || { look; is_up && [ "$pid" = "$first" ]; }; }
pause() { sleep "$1" 2>/dev/null || sleep 1; }`.replaceAll('\\$', '$'));

/** @param meanwhile is done while it waits, once the first step is over; `code` is its exit code */
function wait([step = 0, ...steps]: readonly number[], meanwhile?: Command): Command {
  const rest = steps.map(seconds => `lives && pause ${seconds}`).join(' && ');
  if (meanwhile === undefined) return raw(`code=0; pause ${step}; ${rest} || :`);
  return cmd`code=0; pause ${step}
if lives; then
  { ${raw(rest)}; } &
  ${meanwhile} >&2 || code=$?
  wait
fi`;
}

function statesIn({ stdout }: CommandResult): readonly UnitState[] {
  return stdout.trimEnd().split('\n\n').filter(text => text !== '').map(text => parseShow({ stdout: text }));
}

function systemctlCommand(verb: string, unit: string): Command {
  return cmd`systemctl --no-pager ${verb} -- ${unit}`;
}

function reloadFirst({ needsReload }: UnitState): Command {
  return needsReload ? raw('systemctl daemon-reload || exit') : raw(':');
}

function whyDown(first: UnitState, now: UnitState): string | undefined {
  if (now.type === 'oneshot' && !now.remains && now.active === 'inactive' && now.result === 'success') return undefined;
  if (!isUp(now)) return `${now.unit} does not stay up: it is ${now.active} (${now.sub}, ${now.result})`;
  if (now.mainPid === first.mainPid && now.restarts === first.restarts && now.invocationId === first.invocationId) return undefined;
  return `${now.unit} does not stay up: systemd restarted it (process ${first.mainPid} became ${now.mainPid})`;
}

/** The error of one command of a script. */
async function failure(on: Target, { result, command, unit }: { readonly result: CommandResult; readonly command: Command; readonly unit: string }): Promise<CommandError> {
  return new CommandError(on.host.name, { ...result, command: command.text }, await lastLines(on, unit));
}

/** The end of a unit's log, for messages: more than what systemd itself says of a restart and of the last one, so that the program's own words are among it. */
async function lastLines(on: Target, unit: string): Promise<string> {
  const { stdout } = await on.run(cmd`journalctl -u ${unit} -n 10 --no-pager -o cat`, { expect: 'any' });
  const lines = stdout.trim();
  return lines === '' || lines === '-- No entries --' ? '' : `\nIts last log lines:\n${lines}`;
}
