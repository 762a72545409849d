/** A plan on disk: every change that a check found, by task and host, and the arguments of the run that would make them. */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError, messageOf } from '../errors';
import type { Change } from '../module';
import type { TaskEvent } from '../report/events';
import { writeWhole } from './cache';
import { jobRecord, type JobRecord } from './job-record';
import { changeRecord } from './journal-lines';
import { isRecord } from './schema';

const PLAN_VERSION = 1;
const KIND = 'runsheet plan';

const planned = z.strictObject({
  task: z.string(),
  name: z.string(),
  host: z.string(),
  handler: z.boolean(),
  module: z.string().nullable(),
  /** `unknown`: only the run itself can tell what it changes. */
  status: z.enum(['changed', 'unknown']),
  /** With the values that were there; ids of runs in them are `<run>`. */
  changes: z.array(changeRecord).readonly(),
  /** Why it is unknown. */
  reason: z.string().exactOptional(),
  /** sha256 over status and changes, by which an altered plan is known. */
  hash: z.string(),
}).readonly();

/** What one task would do on one host. */
export type Planned = z.infer<typeof planned>;

const planFile = z.strictObject({ v: z.literal(PLAN_VERSION), kind: z.literal(KIND), job: jobRecord, hosts: z.array(z.string()).readonly(), tasks: z.array(planned).readonly() }).readonly();

export type PlanFile = z.infer<typeof planFile>;

/** Makes one. Events are redacted, so it holds no secret. */
export function planOf(job: JobRecord, hosts: readonly string[], events: readonly TaskEvent[]): PlanFile {
  return { v: PLAN_VERSION, kind: KIND, job, hosts, tasks: plannedIn(events, job.run) };
}

/** The tasks that would do something or could, in the order of the check. @param runId of the check: what is named after the run will be named after another one */
export function plannedIn(events: readonly TaskEvent[], runId: string): readonly Planned[] {
  return events.filter(event => event.status === 'changed' || event.status === 'unknown').map(event => {
    const { task, name, host, handler, module, reason } = event;
    const status = event.status === 'unknown' ? 'unknown' : 'changed';
    const changes = z.array(changeRecord).readonly().parse(JSON.parse(JSON.stringify(event.changes).replaceAll(runId, '<run>')));
    return { task, name, host, handler, module, status, changes, ...(reason === undefined ? {} : { reason }), hash: hashOf({ status, changes }) };
  });
}

/** For maps. */
export function keyOf({ task, host }: Pick<Planned, 'task' | 'host'>): string {
  return JSON.stringify([task, host]);
}

/** Writes it whole, for the user alone. @throws UsageError */
export function writePlan(path: string, plan: PlanFile): void {
  try {
    writeWhole(resolve(path), `${JSON.stringify(plan, undefined, 2)}\n`);
  } catch (error) {
    throw new UsageError(`the plan ${path} cannot be written: ${messageOf(error)}`);
  }
}

/** Before a check that may take minutes: could a plan be written there? @throws UsageError */
export function requireWritable(path: string | undefined): string {
  if (path === undefined) throw new UsageError('where is the plan to be written? Add -o plan.json (for a look without a plan: runsheet run PLAYBOOK --check)');
  const folder = dirname(resolve(path));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`-o ${path}: there is no folder ${folder}`);
  if (existsSync(path) && !isPlan(path)) throw new UsageError(`-o ${path}: this file is there and is no plan; it is left as it is`);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new UsageError(`-o ${path}: you may not write in ${folder}`);
  }
  return path;
}

/** Reads one. @throws UsageError when it is none, or was altered */
export function readPlan(path: string): PlanFile {
  if (!existsSync(path)) throw new UsageError(`there is no plan ${path}; runsheet plan PLAYBOOK -i INVENTORY -o ${path} makes one`);
  const parsed = parseJson(path);
  if (!isRecord(parsed) || parsed['kind'] !== KIND) throw new UsageError(`${path} is no plan of runsheet`);
  if (parsed['v'] !== PLAN_VERSION) throw new UsageError(`the plan ${path} was made by another version of runsheet; make a new one`);
  const read = planFile.safeParse(parsed);
  const wrong = read.success ? read.data.tasks.find(task => hashOf(task) !== task.hash) : undefined;
  if (!read.success || wrong !== undefined) {
    const where = read.success ? `"${wrong?.task ?? ''}" on ${wrong?.host ?? ''}` : read.error.issues[0]?.path.join('.') ?? '';
    throw new UsageError(`the plan ${path} was altered after it was made (${where}); make a new one`);
  }
  return read.data;
}

/** Is this file meant to be one? */
export function isPlan(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const parsed = parseJson(path);
  return isRecord(parsed) && parsed['kind'] === KIND;
}

function hashOf({ status, changes }: Pick<Planned, 'status'> & { readonly changes: readonly Change[] }): string {
  const plain = changes.map(({ resource, property, from, to, diff = null }) => [resource, property, from, to, diff]);
  return createHash('sha256').update(JSON.stringify([status, plain])).digest('hex');
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
