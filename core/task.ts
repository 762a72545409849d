/**
 * Tasks as typed handles: name + action, or a function from the values it uses to an action. The clever types of core are here and nowhere else.
 */
import type { Action, Query } from './module';
import type { Duration } from './duration';
import type { Host } from './inventory/host';
import { refuseAsValue, siteHere, type Site } from './site';

declare const valueOf: unique symbol;

/** A handle on a task, and through it on the value that it gives on each host. `V` is that value's type. */
export interface Task<out V> {
  readonly kind: 'task';
  readonly name: string;
  readonly make: (values: ValuesOf<Uses> & Here) => MadeAction;
  /** The action itself where it is known when the file loads, so that its parameters are checked before any connection. */
  readonly known: MadeAction | undefined;
  readonly options: TaskOptions<Uses, unknown>;
  readonly site: Site;
  readonly [valueOf]?: V;
}

/** One action, or several that are done in order and give an array of their values. */
export type MadeAction = Action<unknown> | readonly Action<unknown>[];

/** The one value of a `runOnce` task, whichever host it ran on. */
export interface Once<out V> { readonly kind: 'once'; readonly task: Task<unknown>; readonly [valueOf]?: V }
/** The values of all hosts that the task ran on. */
export interface All<out V> { readonly kind: 'all'; readonly task: Task<unknown>; readonly [valueOf]?: V }
/** Another host's value. */
export interface From<out V> { readonly kind: 'from'; readonly host: Host; readonly task: Task<unknown>; readonly [valueOf]?: V }

/** What a look at this host gives; looked up when a task first uses it, and once in a run. */
export interface Fact<out V> { readonly kind: 'fact'; readonly query: Query<unknown>; readonly [valueOf]?: V }

/** What stands for a host that has no value: unreachable, or failed before it had one. */
export interface Unreachable { readonly unreachable: true; readonly reason: string }

/** A use of what a task gave. */
export type TaskUse = Task<unknown> | Once<unknown> | All<unknown> | From<unknown>;
export type Use = TaskUse | Fact<unknown>;
export type Uses = Readonly<Record<string, Use>>;

/** What a function of a task always gets. */
export interface Here { readonly host: Host }

/** The type of the value behind a handle. */
export type ValueOf<H> = H extends { readonly [valueOf]?: infer V } ? V : never;

/** The values behind `uses`, under the same names. */
export type ValuesOf<U extends Uses> = { readonly [K in keyof U]: U[K] extends All<unknown> ? ReadonlyMap<Host, ValueOf<U[K]> | Unreachable> : ValueOf<U[K]> };

export interface TaskOptions<U extends Uses, V> {
  /** Values of earlier tasks, by name: a handle is this host's value, `once(h)`, `all(h)` and `from(host, h)` are others'. */
  readonly uses?: U;
  /** The task is skipped where it is false; its value is then `undefined`. */
  readonly when?: boolean | ((values: ValuesOf<U> & Here) => boolean);
  readonly tags?: readonly string[];
  /** Handlers that run at the end of the play, once, where this task changed something. */
  readonly notify?: Handler | readonly Handler[];
  /** Run as root (`true`), as another user, or as the login user (`false`). Default: the play's, the host's, `-b`. */
  readonly become?: boolean | string;
  /** Carry it out on this host instead, once for each host of the play (or once, with `runOnce`). */
  readonly delegateTo?: Host;
  /**
   * Do it once for the run, on the first host for which `when` holds; if that host fails, the next one does it, unless errors are fatal.
   * With `delegateTo` there is no next one: its failure is the failure of all hosts. Others take its value with `once(handle)`.
   */
  readonly runOnce?: boolean;
  /** Repeat until this is true of its value, `retries` times (3) with `delay` between (5s). */
  readonly until?: (value: V) => boolean;
  readonly retries?: number;
  readonly delay?: Duration;
  /**
   * For commands: does what it did count as a change? `false`: never (it only looks, say); else asked with its value after it was run. What any
   * other module changed is known and not up to an opinion.
   */
  readonly changedWhen?: false | ((value: V, given: ValuesOf<U> & Here) => boolean);
  /**
   * The task has failed where this is true of its value, or gives the reason as a text. A command's exit codes are failures before it is asked:
   * give `expect: 'any'` (or the codes that are answers) to the command whose outcome is judged here.
   */
  readonly failedWhen?: (value: V, given: ValuesOf<U> & Here) => boolean | string;
  /** How many hosts may do this at the same time, where there are fewer than `--forks`; 1 is one after the other. */
  readonly throttle?: number;
  /**
   * Time limit for one host, repetitions included; then its commands are killed and the task has failed. Unless said 10m (`--timeout`), and as
   * much longer as its `delay`s and the patience of its checks.
   */
  readonly timeout?: Duration;
  /** Why a failure here does not end the play for the host, printed with it. The value is then `undefined`. An unreachable host is never ignored. */
  readonly ignoreErrors?: string;
}

/** Options with which a task may end without a value. */
type Conditional<U extends Uses, V> = TaskOptions<U, V> & ({ readonly when: NonNullable<TaskOptions<U, V>['when']> } | { readonly ignoreErrors: string });
type ActionValue<A> = A extends Action<infer V> ? V : A extends readonly Action<infer V>[] ? readonly V[] : never;
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- meant to be empty: without `uses` a function gets nothing but `host`
type NoUses = Record<never, Use>;

/**
 * Declares a task: one module call, or a function from the values it `uses` (and `host`) to a module call, or to several.
 * With `when` or `ignoreErrors`, its value is `V | undefined`.
 */
export function task<A extends MadeAction, const U extends Uses = NoUses>(
  name: string, action: A | ((values: ValuesOf<U> & Here) => A), options: Conditional<U, ActionValue<A>>): Task<ActionValue<A> | undefined>;
export function task<A extends MadeAction, const U extends Uses = NoUses>(
  name: string, action: A | ((values: ValuesOf<U> & Here) => A), options?: TaskOptions<U, ActionValue<A>>): Task<ActionValue<A>>;
export function task(name: string, action: MadeAction | ((values: never) => MadeAction), options: object = {}): Task<unknown> {
  const known = typeof action === 'function' ? undefined : action;
  const make = typeof action === 'function' ? action : () => action;
  return refuseAsValue({ kind: 'task', name, make: make as Task<unknown>['make'], known, options, site: siteHere(task) }, `the task "${name}"`);
}

/** The one value of a `runOnce` task. */
export function once<V>(handle: Task<V>): Once<V> {
  return refuseAsValue({ kind: 'once', task: handle }, `once("${handle.name}")`);
}

/** The values of all hosts of the task's play. */
export function all<V>(handle: Task<V>): All<V> {
  return refuseAsValue({ kind: 'all', task: handle }, `all("${handle.name}")`);
}

/** The value on another host. */
export function from<V>(host: Host, handle: Task<V>): From<V> {
  return refuseAsValue({ kind: 'from', host, task: handle }, `from(${host.name}, "${handle.name}")`);
}

/**
 * What a query gives, without a task of its own: hosts are asked when a task that uses it comes up, as the user of that task, and once in a run.
 *
 *     task('Write it', ({ release }) => file.copy({ ... }), { uses: { release: fact(os.release()) } })
 */
export function fact<V>(query: Query<V>): Fact<V> {
  return refuseAsValue({ kind: 'fact', query }, `fact(${query.module})`);
}

/** The actions of what a task makes. */
export function actionsOf(made: MadeAction): readonly Action<unknown>[] {
  return 'kind' in made ? [made] : made;
}

/** The task behind a use. */
export function taskOf(use: TaskUse): Task<unknown> {
  return use.kind === 'task' ? use : use.task;
}

/** What it is called in messages. */
export function nameOf(use: Use): string {
  return use.kind === 'fact' ? use.query.module : taskOf(use).name;
}

/** Has this host no value? */
export function isUnreachable(value: unknown): value is Unreachable {
  return typeof value === 'object' && value !== null && 'unreachable' in value && value.unreachable === true;
}

/**
 * A task that runs at the end of the play (of the batch, with `serial`), once on each host where a task that notifies it changed something; also
 * on a host that failed in a later task. Where it cannot run, because the host is gone or the run was ended for all, it is named as owed.
 */
export interface Handler { readonly kind: 'handler'; readonly name: string; readonly task: Task<unknown>; /** One host after the other; see `handler`. */ readonly rolling: boolean; readonly site: Site }

/** Options of a handler. */
export type HandlerOptions<U extends Uses, V> = Omit<TaskOptions<U, V>, 'notify' | 'runOnce'> & {
  /** One host after the other, and none after the first that fails: those stay as they are, and the handler is owed there. */
  readonly rolling?: boolean;
};

/** Declares a handler; `options` as for a task, without `notify` and `runOnce`. */
export function handler<A extends MadeAction, const U extends Uses = NoUses>(
  name: string, action: A | ((values: ValuesOf<U> & Here) => A), options?: HandlerOptions<U, ActionValue<A>>): Handler {
  const { rolling = false, ...rest } = options ?? {};
  const body: Task<unknown> = task<A, U>(name, action, rest as TaskOptions<U, ActionValue<A>>);
  return { kind: 'handler', name, task: body, rolling, site: siteHere(handler) };
}

/** Tasks that belong together. When one fails on a host, `rescue` runs there; `always` runs in any case. */
export interface Block {
  readonly kind: 'block';
  readonly name: string;
  readonly options: BlockOptions;
  readonly site: Site;
}

export interface BlockOptions<U extends Uses = Uses> {
  readonly tasks: readonly Step[];
  /** Values for `when`, as for a task. */
  readonly uses?: U;
  /**
   * The whole block, `rescue` and `always` too, is skipped where it is false; asked for each of its tasks. Values of its tasks are then not there,
   * so only tasks of the same block may use them.
   */
  readonly when?: boolean | Condition<U>;
  /** Runs on the hosts where a task failed, not on unreachable ones; the failure counts as rescued when it succeeds. */
  readonly rescue?: readonly Step[];
  /** Runs in the end on all hosts that entered the block, whatever happened; only a cancel starts nothing any more. */
  readonly always?: readonly Step[];
  /** Added to the tags of each task in it. */
  readonly tags?: readonly string[];
  readonly become?: boolean | string;
}

/** As a method's type, so that a condition on certain values is a condition: the runner only ever passes what its block `uses`. */
type Condition<U extends Uses> = { holds(values: ValuesOf<U> & Here): boolean }['holds'];

/** Where handlers that were notified so far run at once, on the hosts that come by here. */
export interface Flush { readonly kind: 'flush' }

/** Runs the handlers that were notified so far, here instead of at the end of the play. */
export function flush(): Flush {
  return { kind: 'flush' };
}

/** What stands in a play's list. */
export type Step = Task<unknown> | Block | Flush;

/** Declares a block. */
export function block<const U extends Uses = NoUses>(name: string, options: BlockOptions<U>): Block {
  return { kind: 'block', name, options, site: siteHere(block) };
}
