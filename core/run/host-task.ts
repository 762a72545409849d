/** One task on one host, from its decision to how it ended. */
import { describeError, isRunnerError, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import { milliseconds } from '../duration';
import type { Action, Change } from '../module';
import type { Status } from '../report/events';
import type { Handler } from '../task';
import { unlessAborted } from './abort';
import { Actor } from './actor';
import { becomeUser } from './become';
import type { Decision } from './decide';
import { notifiedBy, type LaidTask } from './layout';
import { isLossOf } from './links';
import type { Doings } from './perform';
import { patienceOf, rounds, type Round } from './rounds';
import type { Run } from './state';
import { TaskTarget } from './target';
import { timed } from './timed';
import { known, UNKNOWN, type Outcome } from './values';
import { countsAsChange, type Given } from './verdict';

/** Which task on which host. */
export interface HostTask {
  readonly run: Run;
  readonly step: LaidTask;
  readonly host: Host;
  /** Check mode: something would have been changed before this task. */
  readonly planned: boolean;
  /** All hosts that the task runs on now. */
  readonly among: readonly Host[];
}

/** How it ended. */
export interface Ended {
  readonly status: Status;
  readonly value: Outcome;
  readonly changes: readonly Change[];
  /** Names of its modules; `null` when it did not come so far. */
  readonly module: string | null;
  readonly reason?: string;
  readonly willCheck?: boolean;
  /** A connection was lost, or the plan no longer fits: that is never ignored. */
  readonly lost?: boolean;
}

interface Work {
  readonly actions: readonly Action<unknown>[];
  readonly several: boolean;
  readonly given: Given;
  readonly doings: Doings;
  readonly actor: Actor;
  /** Handlers that this task wrote down as owed. */
  readonly noted: Handler[];
}

const LEFT_OUT = 'left out at --step';
const NOTHING = { changes: [], module: null } as const;

/** Carries the decision out; what goes wrong is in the result. */
export async function endOf(decision: Decision, job: HostTask): Promise<Ended> {
  switch (decision.kind) {
    case 'skip': return { ...NOTHING, status: 'skipped', reason: decision.reason, value: decision.withBlock === true ? none(`it was skipped: ${decision.reason}`) : known(undefined) };
    case 'unknown': return { ...NOTHING, status: 'unknown', reason: decision.reason, value: UNKNOWN };
    case 'fail': return { ...NOTHING, status: 'failed', reason: decision.reason, value: none(decision.reason) };
    case 'lost': return { ...NOTHING, ...ofLoss(describeError(decision.error)) };
    case 'go': return await carryOut(workOf(decision, job), job);
    default: return decision satisfies never;
  }
}

function workOf(decision: Extract<Decision, { kind: 'go' }>, job: HostTask): Work {
  const { run, step, host } = job;
  const noted: Handler[] = [];
  const before = async (): Promise<void> => {
    await agreeToDestroy(decision.actions, job);
    noted.push(...await run.owed.note(host, notifiedBy(step.task)));
  };
  return { ...decision, noted, doings: { changes: [], acting: undefined, before }, actor: new Actor(run, step, host) };
}

/** Right before something is destroyed the user is asked, once for all hosts of the task; not where a `confirm` of this run was agreed to. @throws RefusedError */
async function agreeToDestroy(actions: readonly Action<unknown>[], { run, step, among }: HostTask): Promise<void> {
  const destroying = actions.filter(action => action.effect === 'destroy');
  if (destroying.length === 0 || run.isConfirmed) return;
  const what = [...new Set(destroying.map(action => action.module))].join(', ');
  try {
    const question = `"${step.name}" destroys what cannot be put back (${what}) on ${among.map(host => host.name).join(', ')}. Go on?`;
    if (!await unlessAborted(run.signal, () => run.ask(question))) throw new RefusedError(`not confirmed: ${question}`);
  } catch (error) {
    if (!run.signal.aborted) run.stop({ kind: 'refused', text: describeError(error) });
    throw error;
  }
}

async function carryOut(work: Work, job: HostTask): Promise<Ended> {
  const { run, host, step } = job;
  const { actions, doings } = work;
  const base = { changes: doings.changes, module: [...new Set(actions.map(action => action.module))].join(', ') || null };
  const place = step.task.options.delegateTo ?? host;
  try {
    if (!await unlessAborted(run.signal, () => run.stepper.allows(step))) return { ...base, status: 'skipped', reason: LEFT_OUT, value: none(LEFT_OUT) };
    const refusal = await refusalOf(run, actions);
    if (refusal !== undefined) return { ...base, status: 'skipped', reason: refusal, value: none(refusal) };
    // Hosts that change something on the same delegate would meet each other's half-done work.
    const apart = place !== host && actions.some(changesSomething);
    endIfAsked(run, actions);
    const round = apart ? await run.turns.take(place, () => onPlace(job, place, work)) : await onPlace(job, place, work);
    const end = endOfRound(round, work, job);
    if (end.status === 'ok') await run.owed.withdraw(host, work.noted);
    return { ...base, ...end };
  } catch (error) {
    return { ...base, ...endOfError(error, job, { place, work }) };
  }
}

/** Asks what is to be asked and takes the locks. @returns why the task, and with it the run, goes no further */
async function refusalOf(run: Run, actions: readonly Action<unknown>[]): Promise<string | undefined> {
  const { signal } = run;
  if (run.check) return undefined;
  try {
    for (const action of actions) {
      if (action.kind !== 'confirm') continue;
      if (!await unlessAborted(signal, () => run.ask(action.text))) throw new RefusedError(`not confirmed: ${action.text}`);
      run.isConfirmed = true;
    }
    if (actions.some(changesSomething)) await unlessAborted(signal, () => run.locks.ensure());
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    const text = describeError(error);
    run.stop({ kind: 'refused', text });
    return text;
  }
}

/** An action that says that nothing is left to do ends the run for all hosts. */
function endIfAsked(run: Run, actions: readonly Action<unknown>[]): void {
  for (const action of actions) {
    if (action.kind === 'end') run.stop({ kind: 'done', text: action.text });
  }
}

async function onPlace({ run, step, host, planned }: HostTask, place: Host, { actions, several, given, doings, actor }: Work): Promise<Round> {
  const { settings, runId } = run.job;
  const { options } = step.task;
  const answers = actions.flatMap(action => (action.kind === 'confirm' || action.kind === 'end' ? [action.value] : []));
  if (answers.length === actions.length) return { value: known(several ? answers : answers[0]), willCheck: false, unknown: undefined };
  const connection = await unlessAborted(run.signal, () => run.links.connect(place, becomeUser(place, step.become, settings.become)));
  const limitMs = options.timeout === undefined ? settings.timeoutMs + patienceOf(step.task, actions) : milliseconds(options.timeout);
  const progress = run.events.progress(step.id, host.name);
  try {
    const round = await timed({ limitMs, atWork: run.atWork }, (signal, deadline) => rounds({
      task: step.task, actions, several, given, check: run.check, planned, isHandler: step.isHandler, doings, actor,
      on: new TaskTarget(connection, { runId, signal, deadline, say: progress.say, print: text => run.events.notice('info', text, host.name), foreseen: run.check ? run.foreseen(place) : undefined }),
    }));
    actor.settle();
    return round;
  } finally {
    progress.end();
  }
}

const BY_ITS_VALUE = 'whether it counts as a change is known only when it runs';

function endOfRound({ value, willCheck, unknown }: Round, { actions, given, doings, actor }: Work, { run: { check }, step: { task } }: HostTask): Pick<Ended, 'status' | 'value' | 'reason' | 'willCheck'> & Partial<Ended> {
  if (unknown !== undefined) return { status: 'unknown', value: UNKNOWN, reason: unknown };
  const acted = doings.changes.length > 0;
  if (check && acted && typeof task.options.changedWhen === 'function') return { status: 'unknown', value: UNKNOWN, reason: BY_ITS_VALUE };
  if (check && actions.length > 0 && actions.every(action => action.kind === 'confirm')) return { status: 'skipped', value, reason: 'check mode asks nothing' };
  const reason = willCheck ? checksOf(actions) : doings.changes.length > 0 ? undefined : actor.reason;
  const isChange = acted && countsAsChange(task, value.kind === 'value' ? value.value : undefined, given);
  return { status: isChange ? 'changed' : 'ok', value, ...(isChange ? {} : { changes: [] }), ...(willCheck ? { willCheck } : {}), ...(reason === undefined ? {} : { reason }) };
}

function checksOf(actions: readonly Action<unknown>[]): string {
  return actions.map(action => `${action.module} ${action.subject}`).join(', ');
}

interface Failing { readonly place: Host; readonly work: Work }

function endOfError(error: unknown, { run, host }: HostTask, { place, work }: Failing): Pick<Ended, 'status' | 'value' | 'reason' | 'lost'> {
  const { acting } = work.doings;
  const halfDone = acting === undefined ? '' : `\nThis was while ${acting} was being changed: how far that came is not known, and the next run looks at it again.`;
  if (run.signal.aborted) {
    const reason = `interrupted${halfDone}`;
    return { status: 'unknown', value: none(reason), reason };
  }
  const reason = `${describeError(error)}${whichOf(work)}${halfDone}`;
  if (isRunnerError(error) && error.kind === 'plan') return offPlan(reason, run, host);
  if (isRunnerError(error) && error.kind === 'refused' && run.halt?.kind === 'refused') return { status: 'skipped', value: none(reason), reason };
  if (!isLossOf(place, error)) return { status: 'failed', value: none(reason), reason };
  run.links.lose(place, error);
  if (place === host) return ofLoss(reason);
  const delegated = `it is delegated to ${place.name}, which cannot be reached: ${reason}`;
  return { status: 'failed', value: none(delegated), reason: delegated, lost: true };
}

function ofLoss(reason: string): Pick<Ended, 'status' | 'value' | 'reason' | 'lost'> {
  return { status: 'unreachable', value: none(reason), reason, lost: true };
}

/** Which of several actions failed. */
function whichOf({ actions, actor: { index } }: Work): string {
  const action = actions[index ?? -1];
  return index === undefined || action === undefined || actions.length === 1 ? '' : `\nThis was number ${index + 1} of ${actions.length}: ${action.module} ${action.subject}`;
}

/** The host takes no part in what follows, whatever a `rescue` does for it. */
function offPlan(reason: string, run: Run, host: Host): Pick<Ended, 'status' | 'value' | 'reason' | 'lost'> {
  run.offPlan = true;
  run.failed.set(host, `it was stopped: ${reason.split('\n')[0] ?? ''}`);
  return { status: 'failed', value: none(reason), reason, lost: true };
}

function changesSomething(action: Action<unknown>): boolean {
  return action.kind === 'resource' || action.kind === 'command';
}

function none(reason: string): Outcome {
  return { kind: 'none', reason };
}
