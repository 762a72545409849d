/** What is known of a proof so far, kept between calls. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const attempt = z.strictObject({
  case: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** Short id of the commit that was checked out. */
  commit: z.string(),
  figures: z.record(z.string(), z.union([z.string(), z.number()])),
  problems: z.array(z.string()),
  notes: z.array(z.string()).default([]),
});
const record = z.strictObject({ attempts: z.array(attempt) });

/** One time that a case was carried out. */
export type Attempt = z.output<typeof attempt>;

/** Everything that was tried, in order. */
export type ProofRecord = z.output<typeof record>;

const FOLDER = join(__dirname, '../../.runsheet/proof');

/** The record of a proof; an empty one when there is none. */
export async function loadRecord(proof: string): Promise<ProofRecord> {
  try {
    return record.parse(JSON.parse(await readFile(fileOf(proof), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { attempts: [] };
    throw new Error(`${fileOf(proof)} is no record of a proof; start anew with --fresh.`, { cause: error });
  }
}

/** Keeps it, by a rename: a kill leaves the old one or the new one. */
export async function saveRecord(proof: string, kept: ProofRecord): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${fileOf(proof)}.new`, `${JSON.stringify(kept, null, 2)}\n`);
  await rename(`${fileOf(proof)}.new`, fileOf(proof));
}

/** The newest attempt at a case. */
export function lastAttempt({ attempts }: ProofRecord, name: string): Attempt | undefined {
  return attempts.findLast(each => each.case === name);
}

/** A case is done when its newest attempt found no problem. */
export function isDone(kept: ProofRecord, name: string): boolean {
  return lastAttempt(kept, name)?.problems.length === 0;
}

/** Short id of the commit that is checked out, `+` after it where files differ from it; `unknown` without git. */
export async function currentCommit(): Promise<string> {
  try {
    const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', args, { cwd: __dirname })).stdout.trim();
    const changed = await git('status', '--porcelain', '--untracked-files=no', '--', ':/core', ':/modules', ':/playbooks', ':/bin');
    return `${await git('rev-parse', '--short=7', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

function fileOf(proof: string): string {
  return join(FOLDER, `${proof}.json`);
}
