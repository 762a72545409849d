/** Names a process so that it is not mistaken for a later one with the same number. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly pid: number;
  /** The controller. */
  readonly host: string;
  /** When it started and in which boot, as Linux counts; empty elsewhere. */
  readonly start: string;
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, host: hostname(), start: startOf(process.pid) };
}

/** Does it live? `undefined` where only the other controller could tell. */
export function isAlive({ pid, host, start }: ProcessMark): boolean | undefined {
  if (host !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return startOf(pid) === start;
}

/** @see proc(5): the 22nd field of /proc/PID/stat; the second one may hold spaces and brackets */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return `${fields[19] ?? ''} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return '';
  }
}
