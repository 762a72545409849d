/** A play: which hosts, which tasks, how many hosts at a time. */
import type { Host } from './inventory/host';
import { siteHere, type Site } from './site';
import type { Handler, Step } from './task';

export interface PlayOptions {
  readonly name: string;
  /** An Ansible host pattern, or hosts. */
  readonly hosts: string | Host | readonly Host[];
  readonly tasks: readonly Step[];
  /** Handlers that its tasks notify, in the order in which they run; those notified but not listed run after them, in the order of definition. */
  readonly handlers?: readonly Handler[];
  /**
   * How many hosts go through all tasks and handlers before the next ones start; all at once unless said. A batch in which a host failed or was
   * unreachable is the last one: the others are left as they are and take no part in later plays.
   */
  readonly serial?: number;
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
