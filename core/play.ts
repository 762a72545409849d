/** A play: which hosts, which tasks, how many hosts at a time, in which order. */
import type { Host } from './inventory/host';
import { siteHere, type Site } from './site';
import type { Handler, Step } from './task';

/** A number of hosts, or a percentage of the play's hosts that `--limit` leaves, rounded down, at least one. */
export type BatchSize = number | `${number}%`;

/**
 * Hosts in turn: `drain`, the play's tasks, `gate`, `undrain`; each of these lists ends with the handlers that it notified. A host on which anything
 * failed goes no further, so whatever fails before `undrain`, the host stays out of service; the run says so and names it. Where a host may go
 * back all the same, put the way back into a block's `rescue`.
 */
export interface Rolling {
  /** Hosts at a time; 1 unless said. */
  readonly batch?: BatchSize;
  /** Takes the host out of service, often delegated to a balancer. */
  readonly drain?: readonly Step[];
  /** What must hold before the host serves again and the next one starts: checks and waits, here or delegated. If it does not, the roll stops, whatever `maxFailures` says. */
  readonly gate?: readonly Step[];
  /** Puts the host back into service. */
  readonly undrain?: readonly Step[];
  /** How many hosts may fail or be unreachable, over all batches, before no other batch starts; 0 unless said. */
  readonly maxFailures?: number;
}

export interface PlayOptions {
  readonly name: string;
  /** An Ansible host pattern, or hosts. */
  readonly hosts: string | Host | readonly Host[];
  readonly tasks: readonly Step[];
  /** Handlers that its tasks notify, in the order in which they run; those notified but not listed run after them, in the order of definition. */
  readonly handlers?: readonly Handler[];
  /**
   * How many hosts go through all tasks and handlers before the next ones start; all at once unless said. A batch in which a host failed or was
   * unreachable is the last one, unless `maxFailPercent` says otherwise: the others are left as they are and take no part in later plays.
   */
  readonly serial?: BatchSize | readonly BatchSize[];
  /**
   * How many hosts of a batch may be lost, in percent: from this share on, itself included, no host of the play starts another task and no other
   * batch starts; 0 is "none". Failed hosts count, unreachable ones as well, rescued and ignored failures do not. Handlers of what was changed
   * still run. Not together with `anyErrorsFatal`. One host of one is all of them: for a number of hosts over all batches take `rolling.maxFailures`.
   */
  readonly maxFailPercent?: number;
  /**
   * `linear` (default): each task on all hosts of the batch before the next one. `free`: each host goes through tasks and handlers at its own pace.
   * `rolling`: a few hosts at a time, taken out of service before and proved healthy after; see `rolling`.
   */
  readonly strategy?: 'linear' | 'free' | 'rolling';
  /** How hosts take turns, for `strategy: 'rolling'`. */
  readonly rolling?: Rolling;
  /** The play does not run on all of its hosts by accident: without `--limit` the run is refused. */
  readonly requireLimit?: boolean;
  readonly become?: boolean | string;
  readonly tags?: readonly string[];
  /**
   * One host's failure, or its loss, ends the run for all hosts before the next task. A failure that a `rescue` takes care of does not; `rescue`
   * and `always` of blocks that were entered still run, handlers do not, and are named as owed. Default: the playbook's.
   */
  readonly anyErrorsFatal?: boolean;
}

export interface Play extends PlayOptions { readonly kind: 'play'; readonly site: Site }

/** Declares a play. */
export function play(options: PlayOptions): Play {
  return { ...options, kind: 'play', site: siteHere(play) };
}
