/** What a run knows about itself while it runs: who has left it, what was counted, why it ends early. */
import { setMaxListeners } from 'node:events';
import { InterruptedError } from '../errors';
import { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import type { HostCounts, Status } from '../report/events';
import type { RunJob } from './job';
import { tasksIn, type LaidPlay, type LaidTask, type Layout } from './layout';
import { Emitter } from './emit';
import { Ahead } from './ahead';
import { Facts } from './facts';
import { Links } from './links';
import { Locks } from './locks';
import { Owed } from './owed';
import { Stepper } from './stepper';
import { Turns } from './turns';
import { Values } from './values';

/** Why no further task starts. */
export interface Halt {
  /** `cancelled`: by the user or a signal. `refused`: the playbook is wrong, or a lock or a confirmation is not given. `fatal`: a failure where errors are fatal. `broken`: a defect of ours. `done`: nothing is left to do. */
  readonly kind: 'cancelled' | 'refused' | 'fatal' | 'broken' | 'done';
  readonly text: string;
}

type Counts = { -readonly [K in keyof HostCounts]: number };

/** One run of a playbook. */
export class Run {
  /** The plays in which something is selected. */
  readonly plays: readonly LaidPlay[];
  /** Their hosts, in the order of the inventory. */
  readonly hosts: readonly Host[];
  readonly events: Emitter;
  readonly links: Links;
  readonly locks: Locks;
  readonly ahead = new Ahead(this);
  readonly owed = new Owed(this);
  readonly facts = new Facts(this);
  /** For changes on hosts that tasks are delegated to, and for tasks with `throttle`. */
  readonly turns = new Turns<Host | LaidTask>();
  readonly values = new Values(host => this.whyGone(host) ?? 'it has not run');
  readonly counts = new Map<Host, Counts>();
  readonly unreachable = new Map<Host, string>();
  readonly failed = new Map<Host, string>();
  /** Why the last task that failed on a host failed, in one line. */
  readonly lastFailure = new Map<Host, string>();
  /** Names of plays that were skipped, not told yet. */
  readonly skipped: string[] = [];
  /** Hosts that wait in vain: an earlier portion of a `serial` play failed. */
  readonly heldBack = new Map<Host, string>();
  /** `runOnce` tasks that are done. */
  readonly done = new Set<LaidTask>();
  /** A task was stopped, since it would have made a change that is not planned. */
  offPlan = false;
  readonly stepper: Stepper;
  /** The user agreed to a `confirm` of this run. */
  isConfirmed = false;
  /** Check mode: something would have been changed before now. */
  planned = false;
  readonly #foreseen = new Map<Host, Foreseen>();
  /** Check mode: ids of all tasks seen, and of those that it could not work out. */
  readonly seen = new Set<string>();
  readonly unknown = new Set<string>();
  /** Tasks at work; aborted when the run is cancelled. */
  readonly atWork = new Set<AbortController>();
  readonly #cancel = new AbortController();
  readonly #answers = new Map<string, Promise<boolean>>();
  #halt: Halt | undefined;

  constructor(readonly job: RunJob, readonly layout: Layout) {
    // Every host at work listens.
    setMaxListeners(0, this.signal);
    this.events = new Emitter(job.runId, job.emit);
    this.links = new Links(job.transport, this.signal);
    this.locks = new Locks(this);
    this.stepper = new Stepper(job.step);
    this.plays = layout.plays.filter(play => tasksIn(play.steps).some(task => this.isSelected(task)));
    const hosts = new Set(this.plays.flatMap(play => play.hosts));
    this.hosts = layout.hosts.filter(host => hosts.has(host));
    for (const host of this.hosts) this.counts.set(host, { ok: 0, changed: 0, skipped: 0, failed: 0, unreachable: 0, unknown: 0, ignored: 0 });
  }

  get check(): boolean {
    return this.job.settings.check;
  }

  /** Aborted when the run is cancelled. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  get halt(): Halt | undefined {
    return this.#halt;
  }

  /** Cancels it: no further task starts, and what is at work is killed. */
  cancel(text: string): void {
    this.stop({ kind: 'cancelled', text });
    this.#cancel.abort(new InterruptedError());
    for (const controller of this.atWork) controller.abort(new InterruptedError());
  }

  /** Ends the run early; the first reason stays, but a cancel goes over all. */
  stop(halt: Halt): void {
    if (this.#halt === undefined || (halt.kind === 'cancelled' && this.#halt.kind !== 'cancelled')) this.#halt = halt;
  }

  /** Is it over for new tasks? Cleaning up (`rescue`, `always`) goes on after a fatal failure or a refusal. */
  ends(cleanUp: boolean): boolean {
    return this.#halt !== undefined && !(cleanUp && (this.#halt.kind === 'fatal' || this.#halt.kind === 'refused'));
  }

  /** The user's answer; each question is asked once in a run. */
  async ask(text: string): Promise<boolean> {
    const answer = this.#answers.get(text) ?? this.job.ask(text);
    this.#answers.set(text, answer);
    return await answer;
  }

  count(host: Host, status: Status, tolerated: boolean): void {
    const counts = this.counts.get(host);
    if (counts !== undefined) counts[status === 'failed' && tolerated ? 'ignored' : status] += 1;
  }

  /** Check mode: what is planned so far on a host. */
  foreseen(host: Host): Foreseen {
    const foreseen = this.#foreseen.get(host) ?? new Foreseen();
    this.#foreseen.set(host, foreseen);
    return foreseen;
  }

  /** Check mode found out what a task would do on a host. */
  previewed(task: string, { unknown, changes }: { readonly unknown: boolean; readonly changes: boolean }): void {
    this.seen.add(task);
    if (unknown) this.unknown.add(task);
    // What cannot be worked out may well change something.
    if (unknown || changes) this.planned = true;
  }

  /** Why the host takes no further part, if so. */
  whyGone(host: Host): string | undefined {
    return this.unreachable.get(host) ?? this.failed.get(host) ?? this.heldBack.get(host);
  }

  /** Those that still take part. */
  left(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter(host => this.whyGone(host) === undefined);
  }

  isSelected(task: LaidTask): boolean {
    return this.layout.selected.has(task);
  }
}
