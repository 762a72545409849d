/** The locks of a run: on every host, before its first change anywhere. */
import { isRunnerError, messageOf, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import type { HostLock } from '../transport/connection';
import { becomeUser } from './become';
import { tasksIn, type LaidTask } from './layout';
import { isLossOf } from './links';
import { mapLimited } from './pool';
import type { Run } from './state';

/** Takes and gives back the locks of one run. */
export class Locks {
  #all: Promise<void> | undefined;
  readonly #held: HostLock[] = [];

  constructor(private readonly run: Run) {}

  /** Takes them all, once, and asks about handlers that are owed there. A host that cannot be reached gets none and no task either. @throws RefusedError naming who holds one */
  async ensure(): Promise<void> {
    this.#all ??= this.#takeAll();
    await this.#all;
  }

  /** Gives them all back; never throws. */
  async release(): Promise<void> {
    // A cancelled wait for a lock ends with the transport.
    if (!this.run.signal.aborted) await this.#all?.catch(() => undefined);
    await Promise.all(this.#held.splice(0).map(lock => lock.release()));
  }

  async #takeAll(): Promise<void> {
    const hosts = this.#hosts();
    const { forks, lockWaitMs } = this.run.job.settings;
    try {
      await mapLimited(hosts, forks, host => this.#take(host, 0));
    } catch (error) {
      if (!isRefusal(error) || lockWaitMs <= 0) throw error;
      await this.#takeInTurn(hosts);
    }
    await this.run.owed.agreeOn(this.run.left(hosts));
  }

  /**
   * Waits for the locks one after the other in one order for all runs, with none in hand from before: two runs that wait for each other's
   * hosts would wait in vain.
   */
  async #takeInTurn(hosts: readonly Host[]): Promise<void> {
    await Promise.all(this.#held.splice(0).map(lock => lock.release()));
    const ordered = [...hosts].sort((a, b) => compare(keyOf(a), keyOf(b)));
    for (const host of ordered) await this.#take(host, this.run.job.settings.lockWaitMs);
  }

  async #take(host: Host, waitMs: number): Promise<void> {
    const { runId, playbook, holder } = this.run.job;
    try {
      const link = await this.run.links.open(host);
      const say = (line: string): void => this.run.events.notice('info', line, host.name);
      this.#held.push(await link.lock({ run: runId, playbook: playbook.name, holder, waitMs, say }, this.userOn(host)));
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
    const { become } = this.run.job.settings;
    const here = this.#tasks().filter(({ step, hosts }) => (step.task.options.delegateTo === undefined ? hosts.includes(host) : step.task.options.delegateTo === host));
    const users = here.map(({ step }) => becomeUser(host, step.become, become)).filter(user => user !== undefined);
    return users.includes('root') ? 'root' : users[0];
  }

  /** All that is selected, handlers too, with the hosts of its play. */
  #tasks(): readonly { readonly step: LaidTask; readonly hosts: readonly Host[] }[] {
    return this.run.plays.flatMap(({ steps, handlers, hosts }) => [...tasksIn(steps), ...handlers.map(({ step }) => step)].map(step => ({ step, hosts })))
      .filter(({ step }) => this.run.isSelected(step));
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
