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
  /** How many hosts go through all tasks before the next ones start; all at once unless said. */
  readonly serial?: number;
  readonly become?: boolean | string;
  readonly tags?: readonly string[];
  /** One host's failure ends the run for all hosts, before the next task. */
  readonly anyErrorsFatal?: boolean;
}

export interface Play extends PlayOptions { readonly kind: 'play'; readonly site: Site }

/** Declares a play. */
export function play(options: PlayOptions): Play {
  return { ...options, kind: 'play', site: siteHere(play) };
}
