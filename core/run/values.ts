/** The values that tasks gave, for the whole run: a later play may use those of an earlier one. */
import type { Host } from '../inventory/host';
import type { Fact, Task, Unreachable, Use } from '../task';

/** What a task left behind on a host. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  /** Check mode: only the run itself would learn it. */
  | { readonly kind: 'unknown' }
  /** It failed, or never ran. `tolerated`: `ignoreErrors` lets the value be `undefined`. */
  | { readonly kind: 'none'; readonly reason: string; readonly tolerated?: boolean };

/** Only the run itself would learn it. */
export const UNKNOWN: Outcome = { kind: 'unknown' };

/** A value that is there. */
export function known(value: unknown): Outcome {
  return { kind: 'value', value };
}

/** There is none. @param reason why, as part of a sentence */
export function none(reason: string): Outcome {
  return { kind: 'none', reason };
}

/** What each task gave on each host. */
export class Values {
  readonly #perHost = new Map<Task<unknown>, Map<Host, Outcome>>();
  readonly #once = new Map<Task<unknown>, Outcome>();
  readonly #facts = new Map<Fact<unknown>, Map<Host, Outcome>>();
  readonly #expected = new Map<Task<unknown>, Set<Host>>();

  /** @param whyNone why a host has no value: where it left the run, say */
  constructor(private readonly whyNone: (host: Host) => string) {}

  /** These hosts will run the task, so `all(task)` has an entry for each. */
  expect(task: Task<unknown>, hosts: readonly Host[]): void {
    const expected = this.#expected.get(task) ?? new Set();
    for (const host of hosts) expected.add(host);
    this.#expected.set(task, expected);
  }

  /** A later run of the same task replaces its value. */
  set(task: Task<unknown>, host: Host, outcome: Outcome): void {
    const perHost = this.#perHost.get(task) ?? new Map<Host, Outcome>();
    this.#perHost.set(task, perHost.set(host, outcome));
  }

  /** The one value of a `runOnce` task. */
  setOnce(task: Task<unknown>, outcome: Outcome): void {
    this.#once.set(task, outcome);
  }

  setFact(fact: Fact<unknown>, host: Host, outcome: Outcome): void {
    const perHost = this.#facts.get(fact) ?? new Map<Host, Outcome>();
    this.#facts.set(fact, perHost.set(host, outcome));
  }

  /** The value behind a use, as a task on `host` sees it. */
  resolve(use: Use, host: Host): Outcome {
    switch (use.kind) {
      case 'task': return orMissing(this.#on(use, host));
      case 'from': return orMissing(this.#on(use.task, use.host));
      case 'once': return orMissing(this.#once.get(use.task) ?? { kind: 'none', reason: 'it ran on no host' });
      case 'all': return this.#all(use.task);
      case 'fact': return this.#facts.get(use)?.get(host) ?? { kind: 'none', reason: 'it was not looked up' };
      default: return use satisfies never;
    }
  }

  #on(task: Task<unknown>, host: Host): Outcome {
    return this.#perHost.get(task)?.get(host) ?? { kind: 'none', reason: `on ${host.name} ${this.whyNone(host)}` };
  }

  #all(task: Task<unknown>): Outcome {
    const found = new Map<Host, unknown>();
    for (const host of this.#expected.get(task) ?? []) {
      const outcome = this.#on(task, host);
      if (outcome.kind === 'unknown') return outcome;
      found.set(host, outcome.kind === 'value' ? outcome.value : { unreachable: true, reason: outcome.reason } satisfies Unreachable);
    }
    return known(found);
  }
}

function orMissing(outcome: Outcome): Outcome {
  return outcome.kind === 'none' && outcome.tolerated === true ? known(undefined) : outcome;
}
