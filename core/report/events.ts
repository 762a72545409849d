/** The one stream of a run: written to events.jsonl, printed by --json, drawn by the reporters. Public, versioned. */
import type { Change } from '../module';

export const EVENT_VERSION = 1;

/** How a task ended on a host. `unknown`: check mode cannot say, or a command was cut off. `rescued`/`ignored` failures are `failed` with `tolerated`. */
export type Status = 'ok' | 'changed' | 'skipped' | 'failed' | 'unreachable' | 'unknown';

interface Base { readonly v: typeof EVENT_VERSION; readonly run: string; /** ISO time */ readonly at: string }

export interface RunEvent extends Base {
  readonly type: 'run'; readonly playbook: string; readonly check: boolean; readonly hosts: readonly string[];
  /** Plays in order, each with its id and its hosts. */
  readonly plays: readonly { readonly id: string; readonly name: string; readonly hosts: readonly string[] }[];
}
export interface PlayEvent extends Base { readonly type: 'play'; readonly play: string; readonly name: string; readonly hosts: readonly string[] }
/** A task starts on these hosts; with the strategy `free` there is one for each host, also while others are at work on the same task. */
export interface StartEvent extends Base { readonly type: 'start'; readonly play: string; readonly task: string; readonly name: string; readonly hosts: readonly string[]; readonly handler: boolean }
/** A last line of a host that is at work. */
export interface ProgressEvent extends Base { readonly type: 'progress'; readonly task: string; readonly host: string; readonly line: string }
/** A task ended on a host. */
export interface TaskEvent extends Base {
  readonly type: 'task'; readonly play: string; readonly task: string; readonly name: string; readonly host: string; readonly module: string | null;
  readonly status: Status;
  /** What was changed, or would be in check mode. Of a task that did not end well also what was begun: some of it may be in place. */
  readonly changes: readonly Change[];
  readonly ms: number;
  readonly handler: boolean;
  /** For skipped, failed, unreachable, unknown: why, in a sentence; for a failure with what to do. For ok: that an earlier run had done it. */
  readonly reason?: string;
  /** The failure is tolerated: the `ignoreErrors` text, or `rescued`. */
  readonly tolerated?: string;
  /** Check mode: a condition that the run will check and this check could not. */
  readonly willCheck?: boolean;
  readonly delegate?: string;
}
/** Something for the user: a lock that is waited for, a connection that is retried, a report of the playbook. */
export interface NoticeEvent extends Base { readonly type: 'notice'; readonly host?: string; readonly level: 'info' | 'warning'; readonly text: string }

export interface HostCounts { readonly ok: number; readonly changed: number; readonly skipped: number; readonly failed: number; readonly unreachable: number; readonly unknown: number; readonly ignored: number }

/** The last event, on every exit path. */
export interface RecapEvent extends Base {
  readonly type: 'recap'; readonly exit: number; readonly check: boolean; readonly hosts: Readonly<Record<string, HostCounts>>; readonly ms: number;
  /** Check mode: tasks planned exactly, of all; the rest by name. */
  readonly planned?: { readonly exact: number; readonly total: number; readonly unknown: readonly string[] };
  /** What ended the run early, if anything did. */
  readonly stopped?: string;
}

export type RunnerEvent = RunEvent | PlayEvent | StartEvent | ProgressEvent | TaskEvent | NoticeEvent | RecapEvent;

/** Takes events; must not throw and must not touch the run. */
export interface Reporter {
  report(event: RunnerEvent): void;
  /** Frees the terminal for a question of a task at work; nothing is drawn until the returned function is called, and who asks meanwhile waits for it too. Without it nothing is ever in the way. */
  pause?(): Promise<() => void>;
  /** Everything that was reported is on the screen. */
  close(): Promise<void>;
}
