/** Modules that only look. */
import { registerModule } from '../registry';
import type { Query } from './action';
import { base, type ModuleBase } from './base';
import type { Look } from './look';

export interface QueryDef<P, V> extends ModuleBase<P> {
  readonly inspect: (params: P) => Look<V>;
  /** See `Query`. */
  readonly waits?: true;
}

/** Makes a module that only looks. */
export function query<P, V>(def: QueryDef<P, V>): (params: P) => Query<V> {
  return registerModule(def.name, (params: P): Query<V> => ({ ...base(def, params, 'read'), kind: 'query', look: def.inspect(params), ...(def.waits === undefined ? {} : { waits: def.waits }) }));
}
