/** The journals of earlier runs, read. They may end anywhere: a run can be killed. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors';
import type { RecapEvent, RunEvent, TaskEvent } from '../report/events';
import { RUN_ID } from '../run/journal';
import type { Done } from '../run/ledger';
import { nearest } from '../suggest';
import { jobRecord, type JobRecord } from './job-record';
import { parseDone, parseEvent } from './journal-lines';
import { isAlive } from './process-mark';

/** The folder of all journals, below the folder that runs are started in. */
export const JOURNALS = '.runsheet';

/** How a run ended; `killed`: it wrote no end, and its process is gone. */
export type Ending = 'ok' | 'refused' | 'failed' | 'off plan' | 'unreachable' | 'interrupted' | 'running' | 'killed' | 'killed or running';

/** One earlier run. Everything but the id may be missing, where it was killed early or its disk was full. */
export interface PastRun {
  readonly id: string;
  readonly dir: string;
  readonly job: JobRecord | undefined;
  readonly begun: RunEvent | undefined;
  readonly recap: RecapEvent | undefined;
  readonly ending: Ending;
}

/** Ids of the runs that have a journal here, the newest first. */
export function runIds(dir = JOURNALS): readonly string[] {
  const folder = join(dir, 'runs');
  return existsSync(folder) ? readdirSync(folder).filter(name => RUN_ID.test(name)).sort().reverse() : [];
}

/** Reads what a run was and how it ended. */
export function readRun(id: string, dir = JOURNALS): PastRun {
  const own = join(dir, 'runs', id);
  const lines = linesOf(join(own, 'events.jsonl'));
  const begun = parseEvent(lines[0]);
  const last = parseEvent(lines.at(-1));
  const job = readJob(own);
  const recap = last?.type === 'recap' ? last : undefined;
  return { id, dir: own, job, begun: begun?.type === 'run' ? begun : undefined, recap, ending: endingOf(recap, job) };
}

/** How the tasks ended, in the order in which they did. */
export function tasksOf({ dir }: PastRun): readonly TaskEvent[] {
  return linesOf(join(dir, 'events.jsonl')).map(parseEvent).filter(event => event?.type === 'task');
}

/** The commands that had finished well. */
export function doneIn({ dir }: PastRun): readonly Done[] {
  return linesOf(join(dir, 'values.jsonl')).map(parseDone).filter(done => done !== undefined);
}

/**
 * The run that is meant.
 * @param given an id, the beginning of one that no other has, or `last`
 * @throws UsageError with "did you mean"
 */
export function findRun(given: string, dir = JOURNALS): PastRun {
  const ids = runIds(dir);
  const [newest] = ids;
  if (newest === undefined) throw new UsageError(`no run was started in this folder: ${join(resolve('.'), dir, 'runs')} holds none`);
  if (given === 'last') return readRun(newest, dir);
  const [found, ...others] = ids.includes(given) ? [given] : ids.filter(id => id.startsWith(given));
  if (given === '' || found === undefined) {
    const near = nearest(given, ids) ?? ids.find(id => given.length >= 4 && id.endsWith(given));
    throw new UsageError(`there is no run ${given}${near === undefined ? '; runsheet runs lists them' : `; did you mean "${near}"?`}`);
  }
  if (others.length > 0) throw new UsageError(`${others.length + 1} runs begin with ${given}: ${[found, ...others].slice(0, 5).join(', ')}; write more of the id`);
  return readRun(found, dir);
}

/** The newest run of a playbook, checks and rollbacks left out. @param playbook absolute. @throws UsageError when there is none */
export function lastRunOf(playbook: string, dir = JOURNALS): PastRun {
  for (const id of runIds(dir)) {
    const run = readRun(id, dir);
    if (run.job !== undefined && !run.job.args.check && run.job.rollsBack === undefined && resolve(run.job.args.playbook) === playbook) return run;
  }
  throw new UsageError('no run of this playbook was started in this folder');
}

function endingOf(recap: RecapEvent | undefined, job: JobRecord | undefined): Ending {
  if (recap !== undefined) return ENDINGS.get(recap.exit) ?? 'failed';
  const alive = job === undefined ? undefined : isAlive(job.process);
  return alive === undefined ? 'killed or running' : alive ? 'running' : 'killed';
}

const ENDINGS: ReadonlyMap<number, Ending> = new Map([[0, 'ok'], [1, 'refused'], [2, 'failed'], [3, 'off plan'], [4, 'unreachable'], [130, 'interrupted']]);

/** Whole lines only: the last one of a full disk may be cut off. */
function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

function readJob(dir: string): JobRecord | undefined {
  try {
    return jobRecord.parse(JSON.parse(readFileSync(join(dir, 'job.json'), 'utf8')));
  } catch {
    // None, or one of another version.
    return undefined;
  }
}
