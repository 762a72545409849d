/** Facts: looks that no task stands for, done when a task first needs them and kept for the run. */
import { describeError, isRunnerError, type ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import { see, type Query } from '../module';
import type { Fact } from '../task';
import { unlessAborted } from './abort';
import { becomeUser } from './become';
import { factsOf, type LaidTask } from './layout';
import { isLossOf } from './links';
import { waitFor, type Cost } from './meter';
import type { Run } from './state';
import { TaskTarget } from './target';
import { timed } from './timed';
import { known, UNKNOWN, type Outcome } from './values';

/** Who wants to know: a task on a host, which becomes this user. */
interface Asker {
  readonly host: Host;
  readonly user: string | undefined;
  readonly cost: Cost | undefined;
}

export class Facts {
  /** Looks by host and what they would send, so that two handles on the same look share it. */
  readonly #looks = new Map<Host, Map<unknown, Promise<Outcome>>>();

  constructor(private readonly run: Run) {}

  /**
   * Looks up what the task uses and is not known yet, on its host and as its user; whatever goes wrong becomes the fact's outcome.
   * @returns how the host was lost, if it was
   */
  async gather(step: LaidTask, host: Host): Promise<ConnectionError | undefined> {
    const facts = factsOf(step);
    if (facts.length === 0) return undefined;
    const user = becomeUser(host, step.become, this.run.job.settings.become);
    const cost = this.run.job.meter?.cost(step, host);
    const from = performance.now();
    try {
      await Promise.all(facts.map(async fact => this.run.values.setFact(fact, host, await this.#find(fact, { host, user, cost }))));
      return undefined;
    } catch (error) {
      if (!isLossOf(host, error)) throw error;
      this.run.links.lose(host, error);
      return error;
    } finally {
      cost?.worked({ from, to: performance.now() });
    }
  }

  async #find({ query }: Fact<unknown>, asker: Asker): Promise<Outcome> {
    const { host, user, cost } = asker;
    const looks = this.#looks.get(host) ?? new Map<unknown, Promise<Outcome>>();
    this.#looks.set(host, looks);
    const key = query.look.kind === 'probe' ? `${query.module} ${user ?? ''} ${query.look.command.text}` : query;
    const look = looks.get(key) ?? this.#look(query, asker);
    looks.set(key, look);
    try {
      return await waitFor(look, cost);
    } catch (error) {
      // Another task may have more luck.
      looks.delete(key);
      if (isLossOf(host, error)) throw error;
      // A planned change may be the cause.
      return this.run.check && this.run.planned && isRunnerError(error) ? UNKNOWN : { kind: 'none', reason: describeError(error) };
    }
  }

  async #look(query: Query<unknown>, { host, user, cost }: Asker): Promise<Outcome> {
    const { run } = this;
    const connection = await unlessAborted(run.signal, () => run.links.connect(host, user));
    return await timed({ limitMs: run.job.settings.timeoutMs, atWork: run.atWork }, async (signal, deadline) => known(await see(
      query.look, new TaskTarget(connection, { runId: run.job.runId, signal, deadline, say: () => undefined, print: text => run.events.notice('info', text, host.name), foreseen: run.check ? run.foreseen(host) : undefined, cost }))));
  }
}
