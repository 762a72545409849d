/** A process as the kernel shows it. @see proc(5) */
import { raw } from '../../core/transport/command';

/** A running process. */
export interface ProcessInfo {
  readonly pid: number;
  /** Its arguments, program first; a program may have rewritten them (nginx does). */
  readonly args: readonly string[];
  /** The earliest moment at which it may have started, in seconds since 1970: some hundredths before it did, a second where date(1) knows no fractions. */
  readonly startedAt: number;
  /** Its environment; a program may have rewritten it. Holds secrets at times: never print it. */
  readonly environment: ReadonlyMap<string, string>;
}

/** Ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture that systemd runs on today. */
const TICKS = 100;

/** Stands on a line of its own between the arguments and the environment. */
const BETWEEN = '-- environment --';

/** Prints what `parseProcess` reads of the process `$pid`, in the least number of processes; nothing where it is gone. Its start is compared with that of cat(1) itself. */
export const PROCESS = raw(`if cd "/proc/$pid" 2>/dev/null; then
date +%s.%N; cat /proc/self/stat stat cmdline - environ 2>/dev/null <<'END'

${BETWEEN}
END
fi`);

/** The process that `PROCESS` printed; `undefined` when it is gone. */
export function parseProcess(pid: number, said: Buffer): ProcessInfo | undefined {
  const [now = '', self = ''] = said.toString('latin1').split('\n', 2);
  const rest = said.subarray(now.length + self.length + 2).toString();
  // The name in the second field may hold blanks, parentheses and line breaks.
  const stat = /^\d+ \([^]*?\) [A-Za-z](?: -?\d+)+\n/.exec(rest)?.[0];
  if (stat?.startsWith(`${pid} (`) !== true) return undefined;
  const [args = '', environment = ''] = rest.slice(stat.length).split(`\n${BETWEEN}\n`, 2);
  const pairs = stringsOf(environment).filter(text => text.includes('=')).map((text): [string, string] => {
    const equals = text.indexOf('=');
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return { pid, args: stringsOf(args), startedAt: earliestStart(now, self, stat), environment: new Map(pairs) };
}

/** When a process started, in seconds since 1970. @param now `date +%s.%N` @param uptime /proc/uptime @param stat /proc/PID/stat, all read together */
export function startOf(now: string, uptime: string, stat: string): number {
  return secondsOf(now) - Number(uptime.split(' ')[0]) + ticksOf(stat) / TICKS;
}

/**
 * The earliest moment at which a process may have started. Another one that was started after the time was read stands for the present: both starts are on one
 * clock, also in a container that has an uptime of its own.
 * @param now `date +%s.%N` @param later /proc/PID/stat of a process that was started right after it @param stat that of the process
 */
export function earliestStart(now: string, later: string, stat: string): number {
  // A start is rounded down to a tick.
  return secondsOf(now) - (ticksOf(later) + 1 - ticksOf(stat)) / TICKS;
}

/** Where date(1) does not know nanoseconds, the second that has begun. */
function secondsOf(now: string): number {
  return Number(now.replace(/\.\D.*$/, ''));
}

/** The start of a process: the 22nd field, the 20th behind its name. */
function ticksOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

/** NUL-terminated strings. */
function stringsOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}
