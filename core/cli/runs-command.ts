/** `runsheet runs`: the runs that were started in this folder. */
import type { HostCounts } from '../report/events';
import { countsOf } from './past-counts';
import { readRun, runIds, tasksOf, type PastRun } from './past-runs';

/** One run in a few figures; the shape of `--json`. */
export interface RunSummary {
  readonly run: string;
  /** ISO time. */
  readonly at: string | null;
  /** The playbook's file. */
  readonly playbook: string | null;
  readonly hosts: number;
  readonly ended: string;
  readonly exit: number | null;
  readonly check: boolean;
  /** Tasks that changed something, and hosts on which they did; in a check, would have. */
  readonly changed: { readonly tasks: number; readonly hosts: number };
  readonly resumes: string | null;
}

/** Prints them, the newest first. @returns the exit code */
export function runsCommand({ json }: { readonly json: boolean }): number {
  const runs = runIds().map(id => summaryOf(readRun(id)));
  if (json) process.stdout.write(`${JSON.stringify(runs, undefined, 2)}\n`);
  else if (runs.length === 0) process.stdout.write('No run was started in this folder.\n');
  else process.stdout.write(`${table(runs).join('\n')}\n`);
  return 0;
}

/** A run in a few figures. */
export function summaryOf(run: PastRun): RunSummary {
  const { id, job, begun, recap, ending } = run;
  const counts = Object.values(recap?.hosts ?? countsOf(tasksOf(run)));
  const changed = counts.map((count: HostCounts) => count.changed).filter(number => number > 0);
  return {
    run: id, at: job?.at ?? begun?.at ?? null, playbook: job?.args.playbook ?? begun?.playbook ?? null, hosts: begun?.hosts.length ?? 0,
    ended: ending, exit: recap?.exit ?? null, check: job?.args.check ?? begun?.check ?? false,
    changed: { tasks: changed.reduce((sum, number) => sum + number, 0), hosts: changed.length }, resumes: job?.resumes ?? null,
  };
}

function table(runs: readonly RunSummary[]): readonly string[] {
  const rows = [
    ['RUN', 'WHEN (UTC)', 'PLAYBOOK', 'HOSTS', 'ENDED', 'CHANGED'],
    ...runs.map(run => [run.run, whenOf(run.at), run.playbook ?? '?', String(run.hosts), run.check ? `${run.ended} (check)` : run.ended, changedText(run)]),
  ];
  const widths = rows.reduce<readonly number[]>((most, row) => row.map((cell, i) => Math.max(cell.length, most[i] ?? 0)), []);
  return rows.map(row => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd());
}

function changedText({ changed: { tasks, hosts }, check }: RunSummary): string {
  if (tasks === 0) return 'nothing';
  return `${check ? 'would be ' : ''}${tasks} ${tasks === 1 ? 'task' : 'tasks'} on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`;
}

/** To the second, without what people do not read. */
export function whenOf(at: string | null): string {
  return at === null ? '?' : at.slice(0, 19).replace('T', ' ');
}
