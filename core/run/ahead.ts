/**
 * Sends the looks of coming tasks before their turn, together with that of the task which begins, so that an unchanged host costs a few round trips however
 * many tasks there are. What they print is remembered by command; each task then looks in its turn as ever, and finds its answers there.
 *
 * An answer is forgotten before anything on its host is changed, also when another host's task does it there, after whatever waits, and 5 seconds after its
 * question; a change of a cluster, and whatever a task does once for all hosts, makes all of them forget. A look that fails here counts for nothing: it is done once more when its task's turn comes.
 */
import type { Host } from '../inventory/host';
import { see, type Action, type Look } from '../module';
import type { OpenConnection } from '../transport/connection';
import { AheadTarget } from './ahead-target';
import { becomeUser } from './become';
import { decide } from './decide';
import { changesSomething, waits, type HostTask } from './host-work';
import { taskOf } from '../task';
import { tasksAhead, usesOf, type LaidPlay, type LaidTask } from './layout';
import type { Making } from './making';
import { FRESH_MS, Memory } from './memory';
import type { Run } from './state';

/** Looks of more tasks than that are not sent at once: what comes last would be old before its turn. */
const MOST_TASKS = 50;

/** What was sent for one host. */
interface Window {
  readonly covered: Set<LaidTask>;
  /** On the clock of `performance.now()`. */
  since: number;
  /** How many tasks began while it was fresh. */
  served: number;
  /** For how many tasks it is: few after a change, since another one may follow, and no more than come before they are too old. */
  width: number;
}

/** A task of a host whose actions are known. */
interface Coming { readonly step: LaidTask; readonly actions: readonly Action<unknown>[] }

export class Ahead {
  readonly #memories = new Map<Host, Map<string, Memory>>();
  readonly #windows = new Map<Host, Window>();
  readonly #orders = new Map<LaidPlay, readonly LaidTask[]>();

  constructor(private readonly run: Run) {}

  /** What is remembered of a host as one user saw it. */
  memory({ host, user }: Pick<OpenConnection, 'host' | 'user'>): Memory {
    const users = this.#memories.get(host) ?? new Map<string, Memory>();
    const memory = users.get(user) ?? new Memory();
    this.#memories.set(host, users.set(user, memory));
    return memory;
  }

  /** Sends the looks of a task that begins and of those behind it, unless that was done. @returns whether they were sent now */
  send(job: HostTask, actions: readonly Action<unknown>[], on: OpenConnection): boolean {
    const window = this.#window(job.host);
    const isOld = performance.now() - window.since >= FRESH_MS;
    if (window.covered.has(job.step) && !isOld) {
      window.served += 1;
      return false;
    }
    // With many hosts a task's turn may come so late that nothing of the last one was of use.
    if (isOld && window.served > 0) window.width = Math.min(window.width, window.served);
    // What would be seen behind a wait is of no use, and the wait would wait for it.
    const most = waits(job.step.task, actions) ? 0 : window.width - 1;
    this.#sendAll([{ step: job.step, actions }, ...this.#behind(job, most)], job, this.#target(on));
    window.served = 1;
    window.width = Math.min(MOST_TASKS, window.width * 2);
    return true;
  }

  /** Sends the looks behind a change that was sent just now, and those of the next task: they see what the change leaves behind. */
  sendBehind(job: HostTask, { action, then }: Pick<Making<unknown>, 'action' | 'then'>, on: OpenConnection): void {
    const target = this.#target(on);
    this.#look(action, target);
    then?.(target).catch(() => undefined);
    this.#sendAll(this.#behind(job, 1), job, target);
  }

  /** Something was waited for: the host may look otherwise by now, but another change is no likelier than before. */
  expire(host: Host): void {
    for (const memory of this.#memories.get(host)?.values() ?? []) memory.forget();
    this.#window(host).covered.clear();
  }

  /** The host is about to change, or may have. @param but a user whose answers came after it */
  forget(host: Host, but?: string): void {
    for (const [user, memory] of this.#memories.get(host) ?? []) if (user !== but) memory.forget();
    if (but !== undefined) return;
    const window = this.#window(host);
    window.covered.clear();
    window.width = 1;
  }

  /** Any host may look otherwise. */
  forgetAll(): void {
    for (const host of this.#memories.keys()) this.forget(host);
  }

  #window(host: Host): Window {
    const window = this.#windows.get(host) ?? { covered: new Set(), since: 0, served: 0, width: MOST_TASKS };
    this.#windows.set(host, window);
    return window;
  }

  #sendAll(coming: readonly Coming[], { host }: HostTask, target: AheadTarget): void {
    const window = this.#window(host);
    window.since = performance.now();
    for (const { step, actions } of coming) {
      window.covered.add(step);
      for (const action of actions) this.#look(action, target);
    }
  }

  #look(action: Action<unknown>, target: AheadTarget): void {
    const look = lookAhead(action);
    if (look !== undefined) see(look, target).catch(() => undefined);
  }

  #target(on: OpenConnection): AheadTarget {
    const { run } = this;
    return new AheadTarget({ on, memory: this.memory(on), runId: run.job.runId, signal: run.signal, foreseen: run.check ? run.foreseen(on.host) : undefined });
  }

  /** The tasks behind one, as far as it can be said what they will do, up to one that surely waits or acts. */
  #behind({ play, step, host }: HostTask, most: number): readonly Coming[] {
    const { run } = this;
    const order = this.#orders.get(play) ?? tasksAhead(play.steps);
    this.#orders.set(play, order);
    const at = order.indexOf(step);
    const rest = at < 0 ? [] : order.slice(at);
    const open = new Set(rest.map(({ task }) => task));
    const found: Coming[] = [];
    // What may lead to a change is looked at under the lock.
    const isLocked = run.check || run.locks.holds(host);
    for (const next of rest.slice(1)) {
      if (found.length >= most || next.task.options.until !== undefined) break;
      if (!run.isSelected(next) || !this.#isHere(next, step, host) || usesOf(next).some(use => open.has(taskOf(use)))) continue;
      const decision = decide(next, host, run.values);
      if (decision.kind !== 'go') continue;
      if (waits(next.task, decision.actions) || decision.actions.some(isBarrier) || (!isLocked && decision.actions.some(changesSomething))) break;
      found.push({ step: next, actions: decision.actions });
    }
    return found;
  }

  /** On this very host, over the same connection. */
  #isHere({ task: { options: { delegateTo, runOnce } }, become }: LaidTask, step: LaidTask, host: Host): boolean {
    const byDefault = this.run.job.settings.become;
    return delegateTo === undefined && runOnce !== true && becomeUser(host, become, byDefault) === becomeUser(host, step.become, byDefault);
  }
}

/** Its look, where that may be sent before its turn. */
function lookAhead(action: Action<unknown>): Look<unknown> | undefined {
  if (action.kind !== 'query' && action.kind !== 'resource' && action.kind !== 'command') return undefined;
  const look: Look<unknown> = action.look;
  return look.kind === 'probe' || look.ahead === true ? look : undefined;
}

/** Behind it nothing is as it was: it ends the run, or does something without looking first. */
function isBarrier(action: Action<unknown>): boolean {
  return action.kind === 'end' || (action.kind === 'command' && lookAhead(action) === undefined);
}
