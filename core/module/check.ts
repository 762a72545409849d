/** Modules for a condition that must hold. */
import { registerModule } from '../registry';
import type { Check, Finding } from './action';
import { base, type ModuleBase } from './base';
import type { Look } from './look';

export interface CheckDef<P, V> extends ModuleBase<P> {
  readonly inspect: (params: P) => Look<Finding<V>>;
  /** Milliseconds; without it one look decides. */
  readonly patience?: (params: P) => { readonly timeoutMs: number; readonly everyMs: number } | undefined;
}

/** Makes a module for a condition that must hold: a wait, a gate, an assert. */
export function check<P, V>(def: CheckDef<P, V>): (params: P) => Check<V> {
  return registerModule(def.name, (params: P): Check<V> => ({ ...base(def, params, 'read'), kind: 'check', look: def.inspect(params), patience: def.patience?.(params) }));
}
