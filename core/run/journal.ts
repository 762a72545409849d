/** The journal of a run: its events on disk as they happen. */
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors';
import type { Reporter, RunnerEvent } from '../report/events';

const KEPT_RUNS = 50;
const RUN_ID = /^\d{8}T\d{6}Z-/;

/** Takes events and writes them. */
export interface Journal extends Reporter {
  /** The file, `runs/<id>/events.jsonl` below `dir`. */
  readonly path: string;
  /** Why it is not complete, when it could not be written; the run goes on without it. */
  problem(): string | undefined;
}

/**
 * Opens the journal of a run and removes those of all but the newest 50 runs.
 *
 * One event is one line, written at once, so the file is valid after any end, SIGKILL too; a line that a full disk cut off is taken back. Lines about
 * progress are left out. Files are for the user alone, and git ignores the folder.
 * @param dir the folder `.runsheet`, made where it is missing
 * @throws what the file system throws when it cannot be made
 */
export function openJournal(dir: string, runId: string): Journal {
  const runs = join(dir, 'runs');
  const own = join(runs, runId);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, '.gitignore'), '*\n');
  removeOldRuns(runs, runId);
  const path = join(own, 'events.jsonl');
  const file = openSync(path, 'a', 0o600);
  let problem: string | undefined;
  let open = true;
  return {
    path,
    problem: () => problem,
    report(event: RunnerEvent): void {
      if (!open || problem !== undefined || event.type === 'progress') return;
      problem = appendLine(file, `${JSON.stringify(event)}\n`);
    },
    close(): Promise<void> {
      if (open) closeSync(file);
      open = false;
      return Promise.resolve();
    },
  };
}

/** Appends the whole line or nothing; never throws. @returns why it could not */
function appendLine(file: number, line: string): string | undefined {
  const bytes = Buffer.from(line);
  let size: number | undefined;
  try {
    ({ size } = fstatSync(file));
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    return undefined;
  } catch (error) {
    takeBack(file, size);
    return messageOf(error);
  }
}

function takeBack(file: number, size: number | undefined): void {
  try {
    if (size !== undefined) ftruncateSync(file, size);
  } catch {
    // Not even that: readers skip a last line that is cut off.
  }
}

/** Run ids begin with their time, so their order is that of the runs. */
function removeOldRuns(runs: string, current: string): void {
  const old = readdirSync(runs).filter(name => RUN_ID.test(name) && name !== current).sort();
  for (const name of old.slice(0, Math.max(0, old.length - (KEPT_RUNS - 1)))) rmSync(join(runs, name), { recursive: true, force: true });
}
