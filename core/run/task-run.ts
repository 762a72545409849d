/** One task on the hosts of a batch: on all of them side by side, or once for the run. */
import type { Host } from '../inventory/host';
import { decide, type Decision } from './decide';
import type { Ended } from './ended';
import type { Notified } from './handlers';
import { endOf } from './host-task';
import type { HostTask } from './host-work';
import { notifiedBy, type LaidPlay, type LaidTask } from './layout';
import { mapLimited } from './pool';
import type { Run } from './state';
import type { Tally } from './tally';

/** Where a task stands while it runs. */
export interface Frame {
  readonly run: Run;
  readonly play: LaidPlay;
  readonly notified: Notified;
  /** What the batch has lost so far. */
  readonly tally: Tally;
  /** A `rescue` waits for its failure. */
  readonly rescued: boolean;
  /** It belongs to a `rescue` or `always`, which go on after a fatal failure of another host or a refusal. */
  readonly cleanUp: boolean;
}

/** Hosts that failed and the name of the task, not ignored ones and not unreachable ones. */
export type Failures = ReadonlyMap<Host, string>;

/** Runs it. @param doubtful check mode: hosts of a handler that may not be notified at all */
export async function runTask(frame: Frame, step: LaidTask, hosts: readonly Host[], doubtful?: ReadonlySet<Host>): Promise<Failures> {
  const { run } = frame;
  const reports = step.task.options.runOnce === true ? await runOnce(frame, step, hosts) : await runOnAll(frame, step, { hosts, doubtful });
  if (frame.play.anyErrorsFatal) {
    const fatal = reports.filter(report => report.isFatal).map(report => report.host.name);
    if (fatal.length > 0) run.stop({ kind: 'fatal', text: `"${step.name}" failed on ${fatal.join(', ')}, and errors are fatal here: no further task was started on any host` });
  }
  return new Map(reports.filter(report => report.hasFailed).map(report => [report.host, step.name]));
}

/** What became of a task on a host, as the steps around it see it. */
interface Report { readonly host: Host; readonly ended: Ended; readonly hasFailed: boolean; readonly isFatal: boolean }

const IN_DOUBT: Decision = { kind: 'unknown', reason: 'whether it is notified is known only when it runs' };

async function runOnAll(frame: Frame, step: LaidTask, { hosts, doubtful }: { hosts: readonly Host[]; doubtful: ReadonlySet<Host> | undefined }): Promise<readonly Report[]> {
  const { run } = frame;
  const { planned } = run;
  start(frame, step, hosts);
  const { throttle } = step.task.options;
  const onHost = async (host: Host): Promise<readonly Report[]> => {
    // A fatal failure or a refusal on another host ends the run only before the next task.
    if (run.ends(true)) return [];
    const decision = doubtful?.has(host) === true ? IN_DOUBT : await decided(run, step, host);
    return [await runOn(frame, { step, host, planned, among: hosts }, decision)];
  };
  const reports = await mapLimited(hosts, run.job.settings.forks, host => (throttle === undefined ? onHost(host) : run.turns.take(step, () => onHost(host), throttle)));
  return reports.flat();
}

async function runOnce(frame: Frame, step: LaidTask, hosts: readonly Host[]): Promise<readonly Report[]> {
  const { run } = frame;
  const { planned } = run;
  const [first] = hosts;
  if (run.done.has(step) || first === undefined) return [];
  const runHere = async (host: Host, decision: Decision): Promise<Report> => {
    start(frame, step, [host]);
    return await runOn(frame, { step, host, planned, among: [host] }, decision);
  };
  const reports: Report[] = [];
  for (const host of hosts) {
    if (run.ends(true)) return reports;
    const decision = await decided(run, step, host);
    if (decision.kind === 'skip') continue;
    const report = await runHere(host, decision);
    reports.push(report);
    const { status } = report.ended;
    if (status === 'failed' && step.task.options.delegateTo !== undefined) return [...reports, ...failAll(frame, step, { report, hosts })];
    if (status !== 'failed' && status !== 'unreachable') {
      if (status !== 'skipped') run.done.add(step);
      return reports;
    }
    if (frame.play.anyErrorsFatal) return reports;
  }
  return reports.length > 0 ? reports : [await runHere(first, await decided(run, step, first))];
}

/** What it is to do on a host, the facts for that looked up. */
async function decided(run: Run, step: LaidTask, host: Host): Promise<Decision> {
  const error = await run.facts.gather(step, host);
  if (run.signal.aborted) return { kind: 'unknown', reason: 'interrupted' };
  return error === undefined ? decide(step, host, run.values) : { kind: 'lost', error };
}

/** The one host that was to do it for all has failed: there is no other to try. */
function failAll(frame: Frame, step: LaidTask, { report, hosts }: { report: Report; hosts: readonly Host[] }): readonly Report[] {
  const others = hosts.filter(host => host !== report.host);
  if (others.length === 0) return [];
  start(frame, step, others);
  return others.map(host => settle(frame, { step, host, ms: 0 }, { ...report.ended, changes: [], reason: `it is done once for all hosts and failed: ${report.ended.reason ?? ''}` }));
}

function start({ run, play }: Frame, step: LaidTask, hosts: readonly Host[]): void {
  run.events.emit({ type: 'start', play: play.id, task: step.id, name: step.name, hosts: hosts.map(host => host.name), handler: step.isHandler });
}

async function runOn(frame: Frame, job: Omit<HostTask, 'run' | 'play'>, decision: Decision): Promise<Report> {
  const { step, host } = job;
  const started = performance.now();
  const ended = await endOf(decision, { run: frame.run, play: frame.play, ...job });
  const now = performance.now();
  frame.run.job.meter?.cost(step, host).worked({ from: started, to: now });
  return settle(frame, { step, host, ms: Math.round(now - started) }, ended);
}

interface Finished { readonly step: LaidTask; readonly host: Host; readonly ms: number }

/** Remembers how it ended and says so. */
function settle(frame: Frame, { step, host, ms }: Finished, ended: Ended): Report {
  const { run, play } = frame;
  const { status, value, changes, module, reason } = ended;
  const { ignoreErrors, delegateTo } = step.task.options;
  const ignored = status === 'failed' && ended.lost !== true ? ignoreErrors : undefined;
  const tolerated = ignored ?? (status === 'failed' && frame.rescued ? 'rescued' : undefined);
  remember(frame, { step, host, ms }, { ...ended, value: value.kind === 'none' && ignored !== undefined ? { ...value, tolerated: true } : value });
  run.count(host, status, tolerated !== undefined);
  run.events.emit({
    type: 'task', play: play.id, task: step.id, name: step.name, host: host.name, module, status, changes, ms, handler: step.isHandler,
    ...(reason === undefined ? {} : { reason }),
    ...(tolerated === undefined ? {} : { tolerated }),
    ...(ended.willCheck === true ? { willCheck: true } : {}),
    ...(delegateTo === undefined ? {} : { delegate: delegateTo.name }),
  });
  const isFatal = status === 'unreachable' || (status === 'failed' && tolerated === undefined);
  if (isFatal) frame.tally.lose(host);
  return { host, ended, hasFailed: status === 'failed' && ignored === undefined, isFatal };
}

function remember({ run, notified }: Frame, { step, host }: Finished, { status, value, changes, reason }: Ended): void {
  if (step.task.options.runOnce === true) run.values.setOnce(step.task, value);
  else run.values.set(step.task, host, value);
  if (status === 'failed') run.lastFailure.set(host, (reason ?? '').split('\n')[0] ?? '');
  if (status === 'unreachable') run.unreachable.set(host, `it is unreachable: ${reason ?? ''}`);
  if (status === 'changed' || (run.check && status === 'unknown')) notified.add(notifiedBy(step.task), host, status === 'changed');
  if (run.check) run.previewed(step.id, { unknown: status === 'unknown', changes: changes.length > 0 });
  if (run.check && status === 'unknown') run.foreseen(step.task.options.delegateTo ?? host).lose();
}
