/** Modules that bring something to a state. */
import type { Foreseen } from '../foreseen';
import { registerModule } from '../registry';
import type { Target } from '../transport/connection';
import type { Applied, Change, Effect, Resource, Standing } from './action';
import { base, type ModuleBase } from './base';
import { mapLook, type Look } from './look';
import { wayBack, type Reversal } from './way-back';

export interface ResourceDef<P, S, V> extends ModuleBase<P>, Reversal<P, S> {
  readonly inspect: (params: P) => Look<S>;
  /** Pure: what is not as wanted, empty when all is. */
  readonly diff: (state: S, params: P) => readonly Change[];
  /** Makes the changes; the runner looks again afterwards and a second diff that is not empty is a failure. */
  readonly apply: (on: Target, job: { readonly params: P; readonly state: S; readonly changes: readonly Change[] }) => Promise<void>;
  /** The task's value from a state, and whether the task changed something; without it the value is `{ changed }`. */
  readonly value: (state: S, params: P, changed: boolean) => V;
  /** The value after the changes as far as it can be said before them, for check mode. */
  readonly predict?: (state: S, params: P) => V;
  /**
   * For check mode: notes in `foreseen` what `apply` would leave behind, so that later looks of the host see it. Without it the paths of `touches` are unclear
   * to them. May look; must change nothing. A RefusedError: it cannot be said.
   */
  readonly foretell?: (on: Target, job: { readonly params: P; readonly state: S; readonly changes: readonly Change[]; readonly foreseen: Foreseen }) => Promise<void> | void;
  readonly effect?: Effect;
}

/** Makes a module that brings something to a state. */
export function resource<P, S, V>(def: ResourceDef<P, S, V>): (params: P) => Resource<V>;
export function resource<P, S>(def: Omit<ResourceDef<P, S, Applied>, 'value' | 'predict'>): (params: P) => Resource<Applied>;
export function resource<P, S, V>(def: Omit<ResourceDef<P, S, V>, 'value'> & Partial<Pick<ResourceDef<P, S, V>, 'value'>>): (params: P) => Resource<V | Applied> {
  return registerModule(def.name, (params: P): Resource<V | Applied> => ({
    ...base(def, params, def.effect ?? 'converge'),
    kind: 'resource',
    look: mapLook(def.inspect(params), state => standing(def, params, state)),
  }));
}

function standing<P, S, V>(
  def: Omit<ResourceDef<P, S, V>, 'value'> & Partial<Pick<ResourceDef<P, S, V>, 'value'>>, params: P, state: S,
): Standing<V | Applied> {
  const changes = def.diff(state, params);
  const { value, predict } = def;
  const differs = changes.length > 0;
  const applied = (changed = differs): Applied => ({ changed });
  return {
    changes,
    apply: on => def.apply(on, { params, state, changes }),
    value: value === undefined ? applied : (changed = differs) => value(state, params, changed),
    predicted: predict !== undefined ? () => predict(state, params) : value === undefined ? () => applied() : undefined,
    back: wayBack(def, params, { state, again: undefined }),
    foretell: def.foretell === undefined ? undefined : async on => { if (on.foreseen !== undefined) await def.foretell?.(on, { params, state, changes, foreseen: on.foreseen }); },
  };
}
