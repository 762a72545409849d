/** One task on one host, from its decision to how it ended. */
import { describeError } from '../errors';
import type { Host } from '../inventory/host';
import { milliseconds } from '../duration';
import type { Action } from '../module';
import type { Handler } from '../task';
import { unlessAborted } from './abort';
import { Actor } from './actor';
import { becomeUser } from './become';
import { agreeToDestroy, refusalOf, requireLocks } from './consent';
import type { Decision } from './decide';
import { endOfError, endOfLoss, endOfRound, type Ended } from './ended';
import { changesSomething, costOf, type HostTask, type Work } from './host-work';
import { notifiedBy } from './layout';
import { making, outdate } from './making';
import { FRESH_MS } from './memory';
import { waitFor } from './meter';
import { patienceOf, rounds, type Round } from './rounds';
import type { Run } from './state';
import { TaskTarget } from './target';
import { timed } from './timed';
import { known, none, UNKNOWN } from './values';

const LEFT_OUT = 'left out at --step';
const NOTHING = { changes: [], module: null } as const;

/** Carries the decision out; what goes wrong is in the result. */
export async function endOf(decision: Decision, job: HostTask): Promise<Ended> {
  switch (decision.kind) {
    case 'skip': return { ...NOTHING, status: 'skipped', reason: decision.reason, value: decision.withBlock === true ? none(`it was skipped: ${decision.reason}`) : known(undefined) };
    case 'unknown': return { ...NOTHING, status: 'unknown', reason: decision.reason, value: UNKNOWN };
    case 'fail': return { ...NOTHING, status: 'failed', reason: decision.reason, value: none(decision.reason) };
    case 'lost': return { ...NOTHING, ...endOfLoss(describeError(decision.error)) };
    case 'go': return await carryOut(workOf(decision, job), job);
    default: return decision satisfies never;
  }
}

function workOf(decision: Extract<Decision, { kind: 'go' }>, job: HostTask): Work {
  const { run, step, host } = job;
  const noted: Handler[] = [];
  let { rounds: seen } = run.locks;
  const before = async (): Promise<boolean> => {
    const begun = performance.now();
    await waitFor(requireLocks(run), costOf(job));
    const stands = run.locks.rounds === seen;
    seen = run.locks.rounds;
    if (!stands) return false;
    await agreeToDestroy(decision.actions, job);
    // Where a lock or an answer took its time, somebody may have been at work on the host meanwhile.
    if (performance.now() - begun >= FRESH_MS) return false;
    noted.push(...await waitFor(run.owed.note(host, notifiedBy(step.task)), costOf(job)));
    return true;
  };
  return { ...decision, noted, doings: { changes: [], acting: undefined, before, making: async (_action, make) => await make() }, actor: new Actor(run, step, host) };
}

async function carryOut(work: Work, job: HostTask): Promise<Ended> {
  const { run, host, step } = job;
  const { actions, doings } = work;
  const base = { changes: doings.changes, module: [...new Set(actions.map(action => action.module))].join(', ') || null };
  const place = step.task.options.delegateTo ?? host;
  try {
    if (!await unlessAborted(run.signal, () => run.stepper.allows(step))) return { ...base, status: 'skipped', reason: LEFT_OUT, value: none(LEFT_OUT) };
    const refusal = await refusalOf(job, place, actions);
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

/** An action that says that nothing is left to do ends the run for all hosts. */
function endIfAsked(run: Run, actions: readonly Action<unknown>[]): void {
  for (const action of actions) {
    if (action.kind === 'end') run.stop({ kind: 'done', text: action.text });
  }
}

async function onPlace(job: HostTask, place: Host, { actions, several, given, doings, actor }: Work): Promise<Round> {
  const { run, step, host, planned } = job;
  const { settings, runId } = run.job;
  const { options } = step.task;
  const answers = actions.flatMap(action => (action.kind === 'confirm' || action.kind === 'end' ? [action.value] : []));
  if (answers.length === actions.length) return { value: known(several ? answers : answers[0]), willCheck: false, unknown: undefined };
  const cost = costOf(job);
  const connection = await waitFor(unlessAborted(run.signal, () => run.links.connect(place, becomeUser(place, step.become, settings.become))), cost);
  const limitMs = options.timeout === undefined ? settings.timeoutMs + patienceOf(step.task, actions) : milliseconds(options.timeout);
  const progress = run.events.progress(step.id, host.name);
  const memory = settings.ahead && place === host ? run.ahead.memory(connection) : undefined;
  if (memory !== undefined && run.ahead.send(job, actions, connection)) cost?.looksSent();
  try {
    const round = await timed({ limitMs, atWork: run.atWork }, (signal, deadline) => {
      const foreseen = run.check ? run.foreseen(place) : undefined;
      const on = new TaskTarget(connection, { runId, signal, deadline, say: progress.say, print: text => run.events.notice('info', text, host.name), foreseen, memory, cost });
      if (settings.ahead) doings.making = (action, make, then) => making({ job, place, connection, target: on }, { action, make, then });
      return rounds({ task: step.task, actions, several, given, check: run.check, planned, isHandler: step.isHandler, doings, actor, on });
    });
    actor.settle();
    return round;
  } finally {
    progress.end();
    outdate(job, place, { actions, hasChanged: doings.changes.length > 0 });
  }
}
