/** What a run was asked for, as it stands in its job.json and in a plan. */
import { z } from 'zod';
import { UsageError } from '../errors';
import { redactData } from '../secret';
import type { CheckedSources } from './check-memory';
import { ownMark } from './process-mark';
import { runArgs, type RunArgs } from './run-args';
import { changedSources, fileList, sourcesOf } from './sources';

export const JOB_VERSION = 1;

/** Public, versioned: everything that is needed to do the same run again, but no secret. */
export const jobRecord = z.strictObject({
  v: z.literal(JOB_VERSION),
  run: z.string(),
  at: z.string(),
  /** The playbook's own name. */
  name: z.string(),
  /** Where the run was started; paths in `args` and `sources` are seen from there. */
  cwd: z.string(),
  args: runArgs,
  /** Variables whose values are secret and not here. */
  notKept: z.array(z.string()).readonly(),
  /** sha256 of each file that the run is made from. */
  sources: z.record(z.string(), z.string()).readonly(),
  process: z.strictObject({ pid: z.number(), host: z.string(), start: z.string() }).readonly(),
  /** The run that this one goes on after. */
  resumes: z.string().exactOptional(),
  /** The plan that it applies, a path. */
  applies: z.string().exactOptional(),
  /** The run that it takes back. */
  rollsBack: z.string().exactOptional(),
}).readonly();

export type JobRecord = z.infer<typeof jobRecord>;

/** What a record is made from. */
export interface RecordOf {
  readonly runId: string;
  readonly name: string;
  readonly args: RunArgs;
  readonly notKept: readonly string[];
  /** See `sourcesOf`. */
  readonly checked: CheckedSources;
  readonly resumes?: string;
  readonly applies?: string;
  readonly rollsBack?: string;
}

/** The record of a run that starts now, in this process. */
export function recordOf({ runId, checked, ...rest }: RecordOf): JobRecord {
  return redactData({ v: JOB_VERSION, run: runId, at: new Date().toISOString(), cwd: process.cwd(), sources: sourcesOf(checked, rest.args), process: ownMark(), ...rest });
}

/** @throws UsageError naming the files that changed since. @param what it stands in, `run 2026...` or `the plan p.json`. @param instead what to do then */
export function requireSameSources({ args, sources, cwd }: JobRecord, { what, instead }: { readonly what: string; readonly instead: string }): void {
  const changed = changedSources(sources, args);
  if (changed.length === 0) return;
  const elsewhere = cwd === process.cwd() ? '' : ` (it was made in ${cwd}, this is ${process.cwd()})`;
  throw new UsageError(`${what} was made from other sources${elsewhere}: ${fileList(changed)} changed since`, instead);
}
