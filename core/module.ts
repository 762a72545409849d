/**
 * The module contract: look, compare, act.
 *
 * A module is a function from its parameters to an `Action`, which the runner carries out. Check mode is structural: the runner looks and
 * compares, and stops there. No module asks whether it is a dry run.
 */
import type { Foreseen } from './foreseen';
import { registerModule } from './registry';
import type { Command } from './transport/command';
import type { CommandResult, Target } from './transport/connection';

/** One property that is not as wanted. Plain data: terminal, JSON, journal and plan read the same changes. Never holds a secret. */
export interface Change {
  /** What changes: a path, a unit, a member. */
  readonly resource: string;
  /** Which property of it: `content`, `mode`, `state`. */
  readonly property: string;
  /** The value now; `null` where there is none. */
  readonly from: string | null;
  /** The value afterwards; `null` where it goes away. */
  readonly to: string | null;
  /** For texts: a unified diff, for `--diff`. */
  readonly diff?: string;
}

/** A read-only look that is data: one command and a parser of its output, so the runner may send it ahead together with others. */
export interface Probe<S> {
  readonly kind: 'probe';
  readonly command: Command;
  /** Exit codes that are answers; default `[0]`. */
  readonly expect: readonly number[];
  readonly parse: (result: CommandResult) => S;
  /** Check mode: what the look will see once the changes planned so far are made, asked of `on.foreseen`; `undefined` where they do not concern it. */
  readonly foresee?: (on: Target) => Promise<S | undefined>;
}

/** A read-only look that needs several steps, or talks to a service. */
export interface Live<S> {
  readonly kind: 'live';
  readonly see: (on: Target) => Promise<S>;
}

export type Look<S> = Probe<S> | Live<S>;

/** A probe: what the command prints, parsed. @param expect exit codes that are answers, `[0]` unless said @param foresee see `Probe` */
export function probe<S>(command: Command, parse: Probe<S>['parse'], expect: readonly number[] = [0], foresee?: Probe<S>['foresee']): Probe<S> {
  return { kind: 'probe', command, parse, expect, ...(foresee === undefined ? {} : { foresee }) };
}

/** A look in several steps. It must change nothing. */
export function live<S>(see: (on: Target) => Promise<S>): Live<S> {
  return { kind: 'live', see };
}

/** The same look, its result turned into something else. */
export function mapLook<A, B>(look: Look<A>, turn: (seen: A) => B): Look<B> {
  return look.kind === 'probe'
    ? probe(look.command, result => turn(look.parse(result)), look.expect, turned(look.foresee, turn))
    : { kind: 'live', see: async on => turn(await look.see(on)) };
}

function turned<A, B>(foresee: Probe<A>['foresee'], turn: (seen: A) => B): Probe<B>['foresee'] {
  if (foresee === undefined) return undefined;
  return async on => {
    const seen = await foresee(on);
    return seen === undefined ? undefined : turn(seen);
  };
}

/** Carries out a look now. Modules use it inside `apply` or another look; the runner does so for tasks. */
export async function see<S>(look: Look<S>, on: Target): Promise<S> {
  if (look.kind === 'live') return await look.see(on);
  const foreseen = on.foreseen?.isEmpty === false ? await look.foresee?.(on) : undefined;
  return foreseen ?? look.parse(await on.run(look.command, { expect: look.expect }));
}

/** What a task does to its host: reads it, brings it to a state, interrupts a service, or destroys something. */
export type Effect = 'read' | 'converge' | 'disrupt' | 'destroy';

/** A module call as data: plain JSON in which no secret stands, so that a journal can keep it. */
export interface Call { readonly module: string; readonly params: object }

/**
 * A path that a change may touch: the path itself with all that is in it, and the file that a link there leads to. With `only` the entry alone: a link and
 * not its file, a directory and not what is in it.
 */
export type Touched = string | { readonly path: string; readonly only: true };

/** How changes are taken back by `runsheet rollback`. */
export interface WayBack {
  /** Without one, no rollback goes back past this change. */
  readonly exists: boolean;
  /** Paths that the runner keeps copies of before the change, and puts back. */
  readonly touches: (runId: string) => readonly Touched[];
  /** Calls that bring the old state back, made after the paths are back. */
  readonly undo: (runId: string) => readonly Call[];
  /** What is done again once the changes before it are back: a restart. */
  readonly again: Call | undefined;
  /** What a person does instead, where there is no way back. */
  readonly instead: string | undefined;
}

interface ActionBase {
  /** The module's name, `systemd.service`. */
  readonly module: string;
  /** What it is about, `kube-apiserver.service`, for messages. */
  readonly subject: string;
  readonly effect: Effect;
  /** What is wrong with the parameters; reported for all tasks at once, before any connection where they are known then. */
  readonly problems: readonly string[];
}

/** What a resource looks like now, compared with what is wanted. */
export interface Standing<V> {
  readonly changes: readonly Change[];
  readonly apply: (on: Target) => Promise<void>;
  /** The task's value, from the state that was seen. @param changed whether this task changed something; default: whether `changes` holds any */
  readonly value: (changed?: boolean) => V;
  /** The value that it will have after the changes, where the module can say. */
  readonly predicted: (() => V) | undefined;
  /** How the changes are taken back, from what was seen before them. */
  readonly back: WayBack;
  /** Check mode: notes in `on.foreseen` what the changes will leave behind. Without it what they touch is unclear to later looks. */
  readonly foretell: ((on: Target) => Promise<void>) | undefined;
}

export interface Query<V> extends ActionBase { readonly kind: 'query'; readonly look: Look<V> }

export interface Resource<V> extends ActionBase { readonly kind: 'resource'; readonly look: Look<Standing<V>> }

/** What a command would do, and how. */
export interface Intent<V> {
  /** In words, `restart kube-apiserver.service`; `undefined` when nothing needs to be done. */
  readonly does: string | undefined;
  readonly run: (on: Target) => Promise<V>;
  /** `true`, or why it did not take effect. A method, so that an `Intent<V>` is an `Intent<unknown>`: it only ever gets what its own `run` gave. */
  verify(on: Target, value: V): Promise<true | string>;
  /** The value when nothing needs to be done. */
  readonly idle: () => V;
  readonly back: WayBack;
  /** Check mode: the value that it will have once it has run, where the module can say; `undefined` where only the run can tell. */
  readonly predicted: () => V | undefined;
  /** As for a resource. */
  readonly foretell: ((on: Target) => Promise<void>) | undefined;
}

export interface Imperative<V> extends ActionBase {
  readonly kind: 'command';
  readonly look: Look<Intent<V>>;
  /** What the module was called with, to tell one call from another; it may hold secrets and is never printed. */
  readonly params: unknown;
  /** A restart or reload: done again where what stands before it changed, by a resume as by a rollback. */
  readonly again?: true;
}

/** What a wait, gate or assert found. */
export type Finding<V> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly reason: string };

/** A condition that must hold. After a planned change, check mode lists it as "will be checked". */
export interface Check<V> extends ActionBase {
  readonly kind: 'check';
  readonly look: Look<Finding<V>>;
  /** How long it may take to become true and the pause between two looks, in milliseconds; without it one look decides. */
  readonly patience: { readonly timeoutMs: number; readonly everyMs: number } | undefined;
}

/** A question to the user; asked once a run, skipped in check mode, answered by `--yes`. */
export interface Confirm<V> extends ActionBase { readonly kind: 'confirm'; readonly text: string; /** The task's value once the user agreed. */ readonly value: V }

/** Ends the run for all hosts, well: nothing is left to do. Also in check mode. */
export interface End<V> extends ActionBase { readonly kind: 'end'; /** Why, for the user. */ readonly text: string; readonly value: V }

/** What a module call returns. `V` is the value that later tasks get. */
export type Action<V> = Query<V> | Resource<V> | Imperative<V> | Check<V> | Confirm<V> | End<V>;

/** The value of a resource that has none of its own. */
export interface Applied { readonly changed: boolean }

interface ModuleBase<P> {
  /** `subject.verb-or-noun`, unique. */
  readonly name: string;
  /** What the call is about, in a few words. */
  readonly subject: (params: P) => string;
  /** What types cannot say; each a sentence. */
  readonly validate?: (params: P) => readonly string[];
}

/** What a module says about the way back from its changes. None of it: there is none, and no rollback goes back past them. */
interface Reversal<P, S> {
  /**
   * Paths that the change may make, alter or remove. The runner keeps copies of them on the host before it and a rollback puts them back byte for byte;
   * missing directories above them come with them. `undefined`: there is no way back from this call.
   */
  readonly touches?: (state: S, params: P, runId: string) => readonly Touched[] | undefined;
  /** Calls that bring the old state back, after the paths are back; `[]` where nothing needs to be put back. `undefined`: there is no way back from this call. */
  readonly undo?: (state: S, params: P, runId: string) => readonly Call[] | undefined;
  /** Without a way back: what a person does instead, as in "join it again as a learner". */
  readonly instead?: string;
}

export interface QueryDef<P, V> extends ModuleBase<P> {
  readonly inspect: (params: P) => Look<V>;
}

/** Makes a module that only looks. */
export function query<P, V>(def: QueryDef<P, V>): (params: P) => Query<V> {
  return registerModule(def.name, (params: P): Query<V> => ({ ...base(def, params, 'read'), kind: 'query', look: def.inspect(params) }));
}

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

export interface CheckDef<P, V> extends ModuleBase<P> {
  readonly inspect: (params: P) => Look<Finding<V>>;
  /** Milliseconds; without it one look decides. */
  readonly patience?: (params: P) => { readonly timeoutMs: number; readonly everyMs: number } | undefined;
}

/** Makes a module for a condition that must hold: a wait, a gate, an assert. */
export function check<P, V>(def: CheckDef<P, V>): (params: P) => Check<V> {
  return registerModule(def.name, (params: P): Check<V> => ({ ...base(def, params, 'read'), kind: 'check', look: def.inspect(params), patience: def.patience?.(params) }));
}

function base<P>(def: ModuleBase<P>, params: P, effect: Effect): ActionBase {
  const problems = (def.validate?.(params) ?? []).map(problem => `${def.name}: ${problem}`);
  return { module: def.name, subject: def.subject(params), effect, problems };
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

function wayBack<P, S>(def: Reversal<P, S>, params: P, { state, again }: { readonly state: S; readonly again: Call | undefined }): WayBack {
  const undo = (runId: string): readonly Call[] | undefined => def.undo?.(state, params, runId);
  const touches = (runId: string): readonly Touched[] | undefined => def.touches?.(state, params, runId);
  return {
    exists: undo('') !== undefined || again !== undefined || touches('') !== undefined,
    touches: runId => touches(runId) ?? [],
    undo: runId => undo(runId) ?? [],
    again,
    instead: def.instead,
  };
}

function redo<P>({ name, again }: Pick<CommandDef<P, never, never>, 'name' | 'again'>, params: P): Call | undefined {
  if (again === undefined) return undefined;
  return again === true ? { module: name, params: plainParams(params) } : again(params);
}

function plainParams(params: unknown): object {
  return typeof params === 'object' && params !== null ? params : {};
}
