/** A whole run, from the playbook's layout to the recap. */
import { describeError, isRunnerError } from '../errors';
import { EVENT_VERSION, type RecapEvent } from '../report/events';
import { redactData } from '../secret';
import type { RunJob } from './job';
import { layOut } from './plan';
import { runPlay, tellSkipped } from './play-run';
import { Run, type Halt } from './state';

/**
 * Runs the playbook and returns its recap, which is also the last event, on every way out. It never throws: what is wrong with the playbook is
 * in `stopped`, with exit code 1. Afterwards no command of the run is at work, no lock is held, and the transport is closed.
 *
 * When `job.signal` is aborted no further task starts, not even of a `rescue` or `always`; commands at work are killed and their outcome is
 * reported as unknown.
 */
export async function runPlaybook(job: RunJob): Promise<RecapEvent> {
  const started = performance.now();
  let run: Run | undefined;
  let broken: Halt | undefined;
  try {
    run = new Run(job, layOut(job));
    await runPlays(run);
  } catch (error) {
    broken = { kind: isPlaybookError(error) ? 'refused' : 'broken', text: describeError(error) };
  }
  await run?.locks.settled();
  // Each link lets its lock go once nothing is at work there.
  await job.transport.close();
  const halt = broken ?? run?.halt;
  const recap = redactData<RecapEvent>({
    v: EVENT_VERSION, run: job.runId, at: new Date().toISOString(), type: 'recap', exit: exitOf(run, halt), check: job.settings.check,
    hosts: Object.fromEntries([...run?.counts ?? []].map(([host, counts]) => [host.name, { ...counts }])),
    ms: Math.round(performance.now() - started),
    ...(run !== undefined && job.settings.check ? { planned: plannedOf(run) } : {}),
    ...(halt === undefined || halt.kind === 'done' ? {} : { stopped: halt.text }),
  });
  job.emit(recap);
  return recap;
}

async function runPlays(run: Run): Promise<void> {
  const { job } = run;
  const cancel = (): void => run.cancel('interrupted: no further task was started; what was at work was killed, and its outcome is unknown until the next run looks at it');
  run.events.emit({
    type: 'run', playbook: job.playbook.name, check: run.check, hosts: run.hosts.map(host => host.name),
    plays: run.plays.map(({ id, play, hosts }) => ({ id, name: play.name, hosts: hosts.map(host => host.name) })),
  });
  job.signal.addEventListener('abort', cancel, { once: true });
  try {
    if (job.signal.aborted) cancel();
    for (const play of run.plays) {
      if (run.ends(false)) break;
      await runPlay(run, play);
    }
    tellSkipped(run);
  } finally {
    job.signal.removeEventListener('abort', cancel);
  }
}

/** 0 fine, 1 the playbook or a refusal, 2 a task failed, 3 the plan no longer fits, 4 only unreachable hosts, 130 interrupted. */
function exitOf(run: Run | undefined, halt: Halt | undefined): number {
  if (halt?.kind === 'cancelled') return 130;
  if (run?.offPlan === true) return 3;
  const counts = [...run?.counts.values() ?? []];
  if (halt?.kind === 'broken' || (run?.failed.size ?? 0) > 0 || counts.some(count => count.failed > 0)) return 2;
  if (halt?.kind === 'refused') return 1;
  return counts.some(count => count.unreachable > 0) ? 4 : 0;
}

function plannedOf(run: Run): { exact: number; total: number; unknown: readonly string[] } {
  return { exact: run.seen.size - run.unknown.size, total: run.seen.size, unknown: [...run.unknown] };
}

function isPlaybookError(error: unknown): boolean {
  return isRunnerError(error) && (error.kind === 'playbook' || error.kind === 'inventory' || error.kind === 'usage');
}
