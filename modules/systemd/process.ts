/** A process as the kernel shows it. @see proc(5) */
import { cmd, raw } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';

/** A running process. */
export interface ProcessInfo {
  readonly pid: number;
  /** Its arguments, program first; a program may have rewritten them (nginx does). */
  readonly args: readonly string[];
  /** When it started, in seconds since 1970, to about a hundredth. */
  readonly startedAt: number;
  /** Its environment; a program may have rewritten it. Holds secrets at times: never print it. */
  readonly environment: ReadonlyMap<string, string>;
}

/** Ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture that systemd runs on today. */
const TICKS = 100;

/** The process, `undefined` when it is gone. @throws CommandError when it may not be looked at */
export async function readProcess(on: Pick<Connection, 'run'>, pid: number): Promise<ProcessInfo | undefined> {
  const script = cmd`cd /proc/${pid} 2>/dev/null || exit 3
date +%s.%N; cat /proc/uptime; cat stat 2>/dev/null || exit 3
${raw(String.raw`base64 < cmdline | tr -d '\n'; echo; base64 < environ | tr -d '\n'; echo`)}`;
  const { code, stdout } = await on.run(script, { expect: [0, 3], secretOutput: true });
  return code === 3 ? undefined : parseProcess(pid, stdout);
}

/** When a process started, in seconds since 1970. @param now `date +%s.%N` @param uptime /proc/uptime @param stat /proc/PID/stat, all read together */
export function startOf(now: string, uptime: string, stat: string): number {
  // The name in the second field may hold blanks and parentheses; the start is the 22nd field, the 20th behind it.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number(now.replace(/\.\D.*$/, '')) - Number(uptime.split(' ')[0]) + ticks / TICKS;
}

function parseProcess(pid: number, stdout: string): ProcessInfo {
  const [now = '', uptime = '', stat = '', cmdline, environ] = stdout.split('\n');
  const pairs = parseStrings(environ).filter(text => text.includes('=')).map((text): [string, string] => {
    const equals = text.indexOf('=');
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return { pid, args: parseStrings(cmdline), startedAt: startOf(now, uptime, stat), environment: new Map(pairs) };
}

/** NUL-terminated strings in base64. */
function parseStrings(base64 = ''): readonly string[] {
  const text = Buffer.from(base64, 'base64').toString();
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}
