/** How much to measure. */
export interface Limits {
  /** Runs of a peer in one case. */
  readonly repeat: number;
  /** A peer gets no further run in a case when its runs there would take longer than that together. */
  readonly caseSeconds: number;
  /** So many it gets however slow it is where a ratio is asked of the case: one run is no median. */
  readonly least: number;
  /** Nothing new begins after that moment of `performance.now()`. */
  readonly deadline: number;
}

/** A run that takes longer than that is killed, and counts as failed. */
export const RUN_LIMIT_MS = 5 * 60_000;

/** A first run on many addresses of one host takes about one second for each. */
const ADDRESS_LIMIT_MS = 2000;

/** The time limit of a run on so many addresses of one host. */
export function crowdLimitMs(addresses: number): number {
  return Math.max(RUN_LIMIT_MS, addresses * ADDRESS_LIMIT_MS);
}

/** So many addresses of one host at the same time (`--forks`): fifty handshakes with one machine take so long that some are given up. */
export const AT_ONCE = 20;

/** Why something was not measured. */
export const OVER = 'the time of this sitting was over';

/** Is there time for something that will take about so many seconds? */
export function hasTime({ deadline }: Pick<Limits, 'deadline'>, seconds: number): boolean {
  return performance.now() + seconds * 1000 < deadline;
}

/** May a peer have one more run, after runs that took so long? @param least so many it may have in any case */
export function mayGoOn({ caseSeconds }: Pick<Limits, 'caseSeconds'>, before: readonly number[], least = 1): boolean {
  return before.length < least || before.reduce((sum, each) => sum + each, before.at(-1) ?? 0) <= caseSeconds;
}
