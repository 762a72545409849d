/** The journal of a run: what was asked for, its events and the values of its commands, on disk as they happen. */
import { mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors';
import type { Reporter, RunnerEvent } from '../report/events';
import type { Done } from './ledger';
import { LineFile } from './line-file';

const KEPT_RUNS = 50;

/** Run ids begin with their time, so their order is that of the runs. */
export const RUN_ID = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

/** Takes events and values and writes them. */
export interface Journal extends Reporter {
  /** The file of the events, `runs/<id>/events.jsonl` below `dir`. */
  readonly path: string;
  /** Keeps a command that finished well, in `values.jsonl`. */
  done(entry: Done): void;
  /** Why it is not complete, when it could not be written; the run goes on without it. */
  problem(): string | undefined;
}

/**
 * Opens the journal of a run and removes those of all but the newest 50 runs.
 *
 * `job.json`, what the run was asked for, is there whole or not at all. Of the rest one entry is one line, written at once, so the files are valid
 * after any end, SIGKILL too; a line that a full disk cut off is taken back. Lines about progress are left out. Files are for the user alone, and git
 * ignores the folder.
 * @param dir the folder `.runsheet`, made where it is missing
 * @param job what the run was asked for, plain JSON without secrets
 * @throws what the file system throws when the folder cannot be made
 */
export function openJournal(dir: string, runId: string, job?: object): Journal {
  const runs = join(dir, 'runs');
  const own = join(runs, runId);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const path = join(own, 'events.jsonl');
  // Where a run cannot even have this file, it does not start.
  closeSync(openSync(path, 'a', 0o600));
  removeOldRuns(runs, runId);
  const problems = [attempt(() => writeFileSync(join(dir, '.gitignore'), '*\n')), job === undefined ? undefined : attempt(() => writeWhole(join(own, 'job.json'), job))];
  const events = new LineFile(path);
  const values = new LineFile(join(own, 'values.jsonl'));
  return {
    path,
    problem: () => problems.find(problem => problem !== undefined) ?? events.problem ?? values.problem,
    report: (event: RunnerEvent) => { if (event.type !== 'progress') events.append(event); },
    done: entry => values.append(entry),
    close: () => {
      events.close();
      values.close();
      return Promise.resolve();
    },
  };
}

/** Written beside it and renamed: a reader sees the whole file or none. @throws what the file system throws */
function writeWhole(path: string, value: object): void {
  const temporary = `${path}.new`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** @returns why it did not work */
function attempt(write: () => void): string | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function removeOldRuns(runs: string, current: string): void {
  const old = readdirSync(runs).filter(name => RUN_ID.test(name) && name !== current).sort();
  for (const name of old.slice(0, Math.max(0, old.length - (KEPT_RUNS - 1)))) rmSync(join(runs, name), { recursive: true, force: true });
}
