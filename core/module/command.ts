/** Modules for what is not a state. */
import type { Foreseen } from '../foreseen';
import { registerModule } from '../registry';
import type { Target } from '../transport/connection';
import type { Effect, Imperative } from './action';
import { base, type ModuleBase } from './base';
import { mapLook, type Look } from './look';
import { wayBack, type Call, type Reversal } from './way-back';

export interface CommandDef<P, B, V> extends ModuleBase<P>, Reversal<P, B> {
  /** What must be known before: whether it is needed at all, and what `verify` compares with. Read only. */
  readonly before: (params: P) => Look<B>;
  /** In words what it will do, `restart kube-apiserver.service`; `undefined` when nothing needs to be done. */
  readonly describe: (before: B, params: P) => string | undefined;
  readonly run: (on: Target, job: { readonly params: P; readonly before: B }) => Promise<V>;
  /** `true`, or a sentence why it did not take effect. */
  readonly verify: (on: Target, job: { readonly params: P; readonly before: B; readonly value: V }) => Promise<true | string>;
  /** The value when nothing needs to be done. */
  readonly idle: (before: B, params: P) => V;
  /**
   * A restart or reload. A rollback does it again once the changes that stood before it are back: the same call, or the one named here where the same would
   * not see that something is older now.
   */
  readonly again?: true | ((params: P) => Call);
  /** The value after `run` as far as it can be said before it, for check mode; `undefined` where only the run can tell. */
  readonly predict?: (before: B, params: P) => V | undefined;
  /** For check mode, as of a resource: notes what `run` would leave behind. */
  readonly foretell?: (on: Target, job: { readonly params: P; readonly before: B; readonly foreseen: Foreseen }) => Promise<void> | void;
  readonly effect?: Effect;
}

/** Makes a module for what is not a state: a restart, a snapshot, a leader move. */
export function command<P, B, V>(def: CommandDef<P, B, V>): (params: P) => Imperative<V> {
  return registerModule(def.name, (params: P): Imperative<V> => ({
    ...base(def, params, def.effect ?? 'disrupt'),
    ...(def.again === undefined ? {} : { again: true }),
    kind: 'command',
    params,
    look: mapLook(def.before(params), before => ({
      does: def.describe(before, params),
      run: (on: Target) => def.run(on, { params, before }),
      verify: (on: Target, value: V) => def.verify(on, { params, before, value }),
      idle: () => def.idle(before, params),
      predicted: () => def.predict?.(before, params),
      back: wayBack(def, params, { state: before, again: redo(def, params) }),
      foretell: def.foretell === undefined ? undefined : async on => { if (on.foreseen !== undefined) await def.foretell?.(on, { params, before, foreseen: on.foreseen }); },
    })),
  }));
}

function redo<P>({ name, again }: Pick<CommandDef<P, never, never>, 'name' | 'again'>, params: P): Call | undefined {
  if (again === undefined) return undefined;
  return again === true ? { module: name, params: plainParams(params) } : again(params);
}

function plainParams(params: unknown): object {
  return typeof params === 'object' && params !== null ? params : {};
}
