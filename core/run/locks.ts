/** The locks of a run: on every host, before its first change anywhere. */
import { isRunnerError, messageOf, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import type { HostLock } from '../transport/connection';
import { Gate } from '../transport/gate';
import { becomeUser } from './become';
import { tasksIn, type LaidTask } from './layout';
import { isLossOf } from './links';
import type { Run } from './state';

/** A selected task, with the hosts of its play. */
interface Selected { readonly step: LaidTask; readonly hosts: ReadonlySet<Host> }

/** Takes and gives back the locks of one run. */
export class Locks {
  #all: Promise<void> | undefined;
  readonly #each = new Map<Host, Promise<void>>();
  readonly #held: HostLock[] = [];
  readonly #hostsHeld = new Set<Host>();
  readonly #users = new Map<Host, string | undefined>();
  #work: readonly Selected[] | undefined;
  /** Counts how often they were given back in between: what was seen before is then older than what another run did. */
  #rounds = 0;

  constructor(private readonly run: Run) {}

  get rounds(): number {
    return this.#rounds;
  }

  /** Is this host's lock in hand? */
  holds(host: Host): boolean {
    return this.#hostsHeld.has(host);
  }

  /** Before a look that may lead to a change: takes the host's own, and begins to take all others. @throws RefusedError naming who holds one */
  async ensureOn(host: Host): Promise<void> {
    void this.#begin();
    const user = this.userOn(host);
    this.#openBeside(host, user).catch(() => undefined);
    // Where it was refused, it is waited for with all others.
    await this.#each.get(host)?.catch(() => this.#all);
    // Or it was given back to wait for another run's, which may be at work here until all are taken again.
    if (!this.#hostsHeld.has(host)) await this.#all;
    this.run.owed.prefetch(host);
  }

  /** The shell comes up beside the lock. The lock is asked for first: its guard starts with that question, and the shell behind sudo waits until the guard got in. */
  async #openBeside(host: Host, user: string | undefined): Promise<void> {
    await this.run.links.open(host);
    await this.run.links.connect(host, user);
  }

  /**
   * Before the first change anywhere: takes them all, once, and asks about handlers that are owed there. A host that cannot be reached gets none and no task
   * either. @throws RefusedError naming who holds one
   */
  async ensure(): Promise<void> {
    await this.#begin();
  }

  #begin(): Promise<void> {
    if (this.#all === undefined) {
      this.#all = this.#takeAll();
      // Once: it may be pending for long, and keeps all who listen to it.
      this.#all.catch(() => undefined);
    }
    return this.#all;
  }

  /** None is being taken any more; never throws. They are given back with their links. */
  async settled(): Promise<void> {
    // A cancelled wait for a lock ends with the transport.
    if (!this.run.signal.aborted) await this.#all?.catch(() => undefined);
  }

  async #takeAll(): Promise<void> {
    const hosts = this.#hosts();
    const { forks, lockWaitMs } = this.run.job.settings;
    try {
      await this.#takeEach(hosts, forks);
    } catch (error) {
      if (!isRefusal(error) || lockWaitMs <= 0) throw error;
      await this.#takeInTurn(hosts);
    }
    await this.run.owed.agreeOn(this.run.left(hosts));
  }

  /** At once for whoever waits for one of them: each has its promise from the beginning. */
  async #takeEach(hosts: readonly Host[], forks: number): Promise<void> {
    const gate = new Gate(forks);
    const all = hosts.map(host => {
      const taken = gate.within(() => this.#take(host, 0));
      this.#each.set(host, taken);
      return taken;
    });
    const refused = (await Promise.allSettled(all)).find(each => each.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
  }

  /**
   * Waits for the locks one after the other in one order for all runs, with none in hand from before: two runs that wait for each other's
   * hosts would wait in vain.
   */
  async #takeInTurn(hosts: readonly Host[]): Promise<void> {
    this.#hostsHeld.clear();
    await Promise.all(this.#held.splice(0).map(lock => lock.release()));
    this.#rounds += 1;
    const ordered = [...hosts].sort((a, b) => compare(keyOf(a), keyOf(b)));
    for (const host of ordered) await this.#take(host, this.run.job.settings.lockWaitMs);
    this.run.ahead.forgetAll();
    this.run.owed.forget();
  }

  async #take(host: Host, waitMs: number): Promise<void> {
    const { runId, playbook, holder } = this.run.job;
    try {
      const link = await this.run.links.open(host);
      const say = (line: string): void => this.run.events.notice('info', line, host.name);
      this.#held.push(await link.lock({ run: runId, playbook: playbook.name, holder, waitMs, say }, this.userOn(host)));
      this.#hostsHeld.add(host);
    } catch (error) {
      if (isLossOf(host, error)) this.run.links.lose(host, error);
      else if (isRefusal(error)) throw error;
      else throw new RefusedError(`${host.name}: its lock cannot be taken: ${messageOf(error)}`, isRunnerError(error) ? error.hint : undefined);
    }
  }

  /** The hosts of all plays that do something, and those that tasks are delegated to. */
  #hosts(): readonly Host[] {
    const delegates = this.#tasks().flatMap(({ step }) => step.task.options.delegateTo ?? []);
    return [...new Set([...this.run.left(this.run.hosts), ...delegates])];
  }

  /** Root where any task on this host becomes root, so that all runs meet at the same lock; else whoever it becomes. */
  userOn(host: Host): string | undefined {
    // Asked for each task of each host.
    if (!this.#users.has(host)) this.#users.set(host, this.#userOn(host));
    return this.#users.get(host);
  }

  #userOn(host: Host): string | undefined {
    const { become } = this.run.job.settings;
    const here = this.#tasks().filter(({ step, hosts }) => (step.task.options.delegateTo === undefined ? hosts.has(host) : step.task.options.delegateTo === host));
    const users = here.map(({ step }) => becomeUser(host, step.become, become)).filter(user => user !== undefined);
    return users.includes('root') ? 'root' : users[0];
  }

  /** All that is selected, handlers too. */
  #tasks(): readonly Selected[] {
    this.#work ??= this.run.plays.flatMap(({ steps, handlers, hosts }) => {
      const inPlay = new Set(hosts);
      return [...tasksIn(steps), ...handlers.map(({ step }) => step)].filter(step => this.run.isSelected(step)).map(step => ({ step, hosts: inPlay }));
    });
    return this.#work;
  }
}

function isRefusal(error: unknown): boolean {
  return isRunnerError(error) && error.kind === 'refused';
}

function keyOf(host: Host): string {
  return `${host.connection.address} ${host.connection.port}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
