/** Carries a proof out: the cases that are not done yet, as many as time allows. */
import { messageOf } from '../../core/errors';
import { labDown, listLabs } from '../lab';
import type { CaseContext, CaseResult, Proof, ProofCase } from './proof';
import { currentCommit, isDone, loadRecord, saveRecord, type ProofRecord } from './record';
import { writeSection } from './section';

export interface CarryOutOptions {
  /** No case begins that would not be done by then, judged by the longest so far; milliseconds. No limit unless said. */
  readonly limitMs?: number;
  /** Forget what was done before. */
  readonly fresh: boolean;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How far it came. */
export interface Progress { readonly done: number; readonly total: number; readonly problems: readonly string[] }

/** Carries out what is not done. Its record and its section are written after each case. */
export async function carryOut(proof: Proof, options: CarryOutOptions): Promise<Progress> {
  const { limitMs = Infinity, fresh, progress, signal } = options;
  let record: ProofRecord = fresh ? { attempts: [] } : await loadRecord(proof.name);
  const context: CaseContext = { lab: `proof-${proof.name}`, progress, signal };
  const started = performance.now();
  const problems: string[] = [];
  let longestMs = 0;
  for (const each of proof.cases.filter(({ name }) => !isDone(record, name))) {
    const begun = performance.now();
    if (begun - started + longestMs > limitMs) break;
    progress(`== ${proof.name}: ${each.name}`);
    const result = await attempt(each, context);
    if (signal.aborted) break;
    record = { attempts: [...record.attempts, { case: each.name, at: new Date().toISOString(), commit: await currentCommit(), ...plain(result) }] };
    await saveRecord(proof.name, record);
    await writeSection(proof, record);
    problems.push(...result.problems.map(problem => `${each.name}: ${problem}`));
    longestMs = Math.max(longestMs, performance.now() - begun);
    progress(`   ${Object.entries(result.figures).map(([name, value]) => `${name} ${value}`).join(', ')}${result.problems.map(problem => `\n   PROBLEM ${problem}`).join('')}`);
  }
  return { done: proof.cases.filter(({ name }) => isDone(record, name)).length, total: proof.cases.length, problems };
}

async function attempt(each: ProofCase, context: CaseContext): Promise<CaseResult> {
  // What a proof that was killed left.
  if ((await listLabs()).includes(context.lab)) await labDown(context.lab);
  try {
    return await each.run(context);
  } catch (error) {
    return { figures: {}, problems: [`it could not be carried out: ${messageOf(error)}`] };
  }
}

function plain({ figures, problems, notes = [] }: CaseResult): { figures: Record<string, string | number>; problems: string[]; notes: string[] } {
  return { figures: { ...figures }, problems: [...problems], notes: [...notes] };
}
