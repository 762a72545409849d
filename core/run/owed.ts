/**
 * Handlers that a run owes: written on the host before the change that calls for them and struck out when they have run, so that a failure, a kill
 * or another controller never loses a restart.
 */
import { messageOf, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import type { Handler } from '../task';
import { unlessAborted } from './abort';
import { isLossOf } from './links';
import { clearOwed, readOwed, writeOwed, type OwedHandler } from './owed-files';
import { mapLimited } from './pool';
import type { Run } from './state';

export class Owed {
  /** What hosts owed when they were first asked; a promise, so that all who ask share one look. */
  readonly #before = new Map<Host, Promise<readonly OwedHandler[]>>();
  /** What this run has written down, by host. */
  readonly #noted = new Map<Host, Set<string>>();
  readonly #done = new Map<Host, Set<string>>();

  constructor(private readonly run: Run) {}

  /** Asks a host what it is owed, so that whoever wants to know finds the answer there. */
  prefetch(host: Host): void {
    void this.#read(host);
  }

  /** Another run may have been at work: hosts are asked anew. */
  forget(): void {
    this.#before.clear();
  }

  /** Names of this playbook's handlers that earlier runs owe a host and this one has not run yet. */
  async earlier(host: Host): Promise<ReadonlySet<string>> {
    const owed = await this.#read(host);
    return new Set(owed.filter(each => each.playbook === this.#playbook && this.#done.get(host)?.has(each.handler) !== true).map(each => each.handler));
  }

  /**
   * Writes down what a change on a host calls for, once; before the change.
   * @returns those that were not written down before
   * @throws CommandError or ConnectionError, and nothing may be changed
   */
  async note(host: Host, handlers: readonly Handler[]): Promise<readonly Handler[]> {
    const noted = this.#noted.get(host) ?? new Set();
    const fresh = handlers.filter(handler => !noted.has(handler.name));
    if (fresh.length === 0) return fresh;
    const connection = await this.#connect(host);
    const since = new Date().toISOString();
    await unlessAborted(this.run.signal, () => writeOwed(connection, fresh.map(({ name: handler }) => ({ playbook: this.#playbook, handler, run: this.run.job.runId, since }))));
    this.#noted.set(host, new Set([...noted, ...fresh.map(handler => handler.name)]));
    return fresh;
  }

  /** What was noted for a change that turned out to be none (`changedWhen`). What an earlier run owes stays. Never throws. */
  async withdraw(host: Host, handlers: readonly Handler[]): Promise<void> {
    const earlier = handlers.length === 0 ? new Set() : await this.earlier(host);
    for (const handler of handlers) if (!earlier.has(handler.name)) await this.done(host, handler);
  }

  /** It has run, or has found nothing to do: strikes it out. Never throws: at worst it runs once more. */
  async done(host: Host, handler: Handler): Promise<void> {
    if (this.#noted.get(host)?.delete(handler.name) !== true && !(await this.earlier(host)).has(handler.name)) return;
    this.#done.set(host, (this.#done.get(host) ?? new Set()).add(handler.name));
    try {
      const connection = await this.#connect(host);
      await unlessAborted(this.run.signal, () => clearOwed(connection, { playbook: this.#playbook, handler: handler.name }));
    } catch (error) {
      this.#lost(host, error, `the handler "${handler.name}" has run, but is not struck out of what is owed, so the next run does it again`);
    }
  }

  /**
   * Before the first change: handlers that hosts owe and that no selected play of this run would run are told, and the user is asked.
   * @throws RefusedError when the user does not agree
   */
  async agreeOn(hosts: readonly Host[]): Promise<void> {
    const found = await mapLimited(hosts, this.run.job.settings.forks, async host => (await this.#read(host)).filter(each => !this.#willRun(host, each)).map(each => sentence(host, each)));
    const foreign = found.flat();
    if (foreign.length === 0) return;
    for (const text of foreign) this.run.events.notice('warning', text);
    const question = `${foreign.length === 1 ? 'A handler is' : `${foreign.length} handlers are`} owed that this run does not do (${foreign.join('; ')}). Go on?`;
    if (!await unlessAborted(this.run.signal, () => this.run.ask(question))) throw new RefusedError('not confirmed: handlers are owed that this run does not do', 'Run the playbook that owes them, or see `runsheet owed`.');
  }

  get #playbook(): string {
    return this.run.job.playbook.name;
  }

  #willRun(host: Host, owed: OwedHandler): boolean {
    return owed.playbook === this.#playbook && this.run.plays.some(play => play.hosts.includes(host)
      && play.handlers.some(({ handler, step }) => handler.name === owed.handler && this.run.isSelected(step)));
  }

  #read(host: Host): Promise<readonly OwedHandler[]> {
    const known = this.#before.get(host) ?? this.#ask(host);
    this.#before.set(host, known);
    return known;
  }

  async #ask(host: Host): Promise<readonly OwedHandler[]> {
    try {
      const connection = await this.#connect(host);
      return await unlessAborted(this.run.signal, () => readOwed(connection));
    } catch (error) {
      this.#lost(host, error, 'what earlier runs owe it is not known');
      return [];
    }
  }

  #lost(host: Host, error: unknown, what: string): void {
    if (isLossOf(host, error)) this.run.links.lose(host, error);
    if (!this.run.signal.aborted) this.run.events.notice('warning', `${what}: ${messageOf(error)}`, host.name);
  }

  /** As whoever changes things there: the user of the host's lock. */
  async #connect(host: Host): ReturnType<Run['links']['connect']> {
    return await unlessAborted(this.run.signal, () => this.run.links.connect(host, this.run.locks.userOn(host)));
  }
}

function sentence(host: Host, { playbook, handler, run, since }: OwedHandler): string {
  return `${host.name} is owed the handler "${handler}" of the playbook "${playbook}" since ${since} (run ${run})`;
}
