/** What all kinds of modules say, and what all actions are made from. */
import type { ActionBase, Effect } from './action';

/** What a module says about itself. */
export interface ModuleBase<P> {
  /** `subject.verb-or-noun`, unique. */
  readonly name: string;
  /** What the call is about, in a few words. */
  readonly subject: (params: P) => string;
  /** `cluster`: what it changes is no state of its host alone, but of what several hosts share. Default: the host's. */
  readonly reach?: 'cluster';
  /** What types cannot say; each a sentence. */
  readonly validate?: (params: P) => readonly string[];
}

/** The part of an action that does not depend on its kind. */
export function base<P>(def: ModuleBase<P>, params: P, effect: Effect): ActionBase {
  const problems = (def.validate?.(params) ?? []).map(problem => `${def.name}: ${problem}`);
  return { module: def.name, subject: def.subject(params), effect, problems, ...(def.reach === undefined ? {} : { reach: def.reach }) };
}
