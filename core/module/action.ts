/** What a module call returns: data that says how to look, compare and act. The runner carries it out. */
import type { Target } from '../transport/connection';
import type { Look } from './look';
import type { WayBack } from './way-back';

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

/** What a task does to its host: reads it, brings it to a state, interrupts a service, or destroys something. */
export type Effect = 'read' | 'converge' | 'disrupt' | 'destroy';

/** What all kinds have. */
export interface ActionBase {
  /** The module's name, `systemd.service`. */
  readonly module: string;
  /** What it is about, `kube-apiserver.service`, for messages. */
  readonly subject: string;
  readonly effect: Effect;
  /** What it changes may show on any host. */
  readonly reach?: 'cluster';
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

export interface Query<V> extends ActionBase {
  readonly kind: 'query';
  readonly look: Look<V>;
  /** What it asks may wait for something, so what was seen before it counts for nothing behind it. */
  readonly waits?: true;
}

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
