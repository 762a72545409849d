/** A playbook: plain data, or a function of its variables and the inventory that returns plain data. */
import type { z } from 'zod';
import type { HostVars } from './host-vars';
import type { Inventory } from './inventory/host';
import type { Play } from './play';
import { siteHere, type Site } from './site';

/** What a playbook's function of plays gets. */
export interface PlaybookContext<V> {
  /** The variables, parsed by the playbook's schema. */
  readonly vars: V;
  readonly inventory: Inventory;
  /** Id of the run, for names of backups: UTC, `20260822T101500Z-1a2b`. */
  readonly runId: string;
}

/**
 * A function of the playbook's context. As a method's type, so that a `Playbook<V>` is a `Playbook`: the runner only ever passes what the
 * playbook's own schema parsed.
 */
type FromContext<C, R> = { from(context: C): R }['from'];

export interface PlaybookOptions<V> {
  readonly name: string;
  /** One paragraph for `run PLAYBOOK --help`. */
  readonly description?: string;
  /** A zod object, strict; `describe()` on each field is its help text. */
  readonly vars?: z.core.$ZodType<V>;
  /** Variables that differ by host; a name is either here or in `vars`. */
  readonly hostVars?: HostVars<unknown> | readonly HostVars<unknown>[];
  readonly plays: readonly Play[] | FromContext<PlaybookContext<V>, readonly Play[]>;
  /** Every play: one host's failure ends the run for all. */
  readonly anyErrorsFatal?: boolean;
  /**
   * Problems with what the command line selected, each a sentence; the run is refused with all of them. `selected` are the hosts left by `--limit`.
   */
  readonly refuse?: FromContext<PlaybookContext<V> & { readonly selected: Inventory['hosts'] }, readonly string[]>;
}

export interface Playbook<V = unknown> extends PlaybookOptions<V> { readonly kind: 'playbook'; readonly site: Site }

/** Declares a playbook; `export default` it and end the file with `runIfMain(module)`. */
export function playbook<V = Record<string, never>>(options: PlaybookOptions<V>): Playbook<V> {
  return { ...options, kind: 'playbook', site: siteHere(playbook) };
}
