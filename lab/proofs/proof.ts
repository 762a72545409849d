/** What a proof is: cases that are carried out one after the other, each on a lab of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labDown, type Lab } from '../lab';
import { upCluster, type ScenarioOptions } from '../scenario';

/** What a case measured. */
export interface CaseResult {
  /** A column each. */
  readonly figures: Readonly<Record<string, string | number>>;
  /** Why the case did not hold, one line for each; empty when it did. */
  readonly problems: readonly string[];
  /** What else is worth knowing. */
  readonly notes?: readonly string[];
}

export interface CaseContext {
  /** The name for its lab; nothing else has it. */
  readonly lab: string;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ProofCase {
  readonly name: string;
  /** Carries it out; its lab is down when this settles. */
  readonly run: (context: CaseContext) => Promise<CaseResult>;
}

export interface Proof {
  readonly name: string;
  /** Heading of its section. */
  readonly title: string;
  /** What is done and what must hold, a paragraph. */
  readonly about: string;
  readonly cases: readonly ProofCase[];
}

/** A cluster without its lab's name. */
export type CaseCluster = Pick<ScenarioOptions, 'masters' | 'nodes' | 'cluster' | 'user'>;

/** A cluster that is whole, and a folder for the runs on it. */
export interface Bench { readonly lab: Lab; readonly cwd: string }

/** Boots a cluster, does the work on it, and takes it down again whatever happens. */
export async function onCluster<T>(cluster: CaseCluster, { lab: name, progress, signal }: CaseContext, work: (bench: Bench) => Promise<T>): Promise<T> {
  return inFolder(async cwd => {
    try {
      return await work({ lab: await upCluster({ ...cluster, name, progress, signal }), cwd });
    } finally {
      await labDown(name);
    }
  });
}

/** Does the work in a folder of its own, which is then removed. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'runsheet-proof-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
