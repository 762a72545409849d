/** What the command line hands to the engine. */
import type { Host, Inventory } from '../inventory/host';
import type { Playbook } from '../playbook';
import type { RunnerEvent } from '../report/events';
import type { Change } from '../module';
import type { Transport } from '../transport/connection';
import type { Ledger } from './ledger';
import type { Meter } from './meter';
import type { UndoLog } from './undo-log';

/** What of a playbook is to be run. */
export interface Selection {
  /** `--limit`, an Ansible pattern. */
  readonly limit?: string;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** `--start-at`: id of the first task. */
  readonly startAt?: string;
}

/** Says which changes may be made: `runsheet apply` makes only those of its plan. */
export interface Guard {
  /** Called before a task makes these changes on a host. @throws PlanError when they are not the planned ones */
  permit(place: { readonly task: string; readonly host: string }, changes: readonly Change[]): void;
}

/** An answer at `--step`; `continue` is yes to this task and to all that follow. */
export type StepAnswer = 'yes' | 'no' | 'continue';

/** How it is to be run. */
export interface RunSettings {
  readonly check: boolean;
  /** Hosts at work at the same time, 50. */
  readonly forks: number;
  /** `-b`: become root where nothing nearer says otherwise. */
  readonly become: boolean;
  /** Send the looks of coming tasks together with those of the one that begins. */
  readonly ahead: boolean;
  /** How long to wait for a host's lock, in milliseconds. */
  readonly lockWaitMs: number;
  /** Default time limit of a task on one host, in milliseconds: 600,000. */
  readonly timeoutMs: number;
}

/** One run. */
export interface RunJob {
  readonly runId: string;
  readonly playbook: Playbook;
  /** The variables as the playbook's schema parsed them. */
  readonly vars: unknown;
  readonly inventory: Inventory;
  readonly selection: Selection;
  readonly settings: RunSettings;
  /** Belongs to the run from here on: `runPlaybook` closes it before the recap. */
  readonly transport: Transport;
  /** user@controller, for locks. */
  readonly holder: string;
  /** Asks the user; `false` ends the run. `--yes` answers `true`; without a terminal and without `--yes` it throws RefusedError. */
  readonly ask: (text: string) => Promise<boolean>;
  /** `--step`: asked before each task. */
  readonly step?: (task: string) => Promise<StepAnswer>;
  /** What commands did, here and in the run that this one goes on after. */
  readonly ledger?: Ledger;
  readonly guard?: Guard;
  /** Where what a rollback needs is kept; without it nothing is. */
  readonly undo?: UndoLog;
  /** What the run costs is reported there. */
  readonly meter?: Meter;
  readonly emit: (event: RunnerEvent) => void;
  readonly signal: AbortSignal;
}

/** A playbook laid out before any connection: what `--list-tasks`, `--list-hosts` and `runsheet check` print. */
export interface Plan {
  readonly plays: readonly PlannedPlay[];
  /** All hosts that any play works on, in the order of the inventory. */
  readonly hosts: readonly Host[];
  /** Ids of the tasks that run only where another one fails: those of every `rescue`, and the handlers that they notify. */
  readonly rescues: ReadonlySet<string>;
}

export interface PlannedPlay {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly Host[];
  /** What it names them by: its pattern, or the names in its list. */
  readonly named: string;
  readonly requireLimit: boolean;
  readonly tasks: readonly PlannedTask[];
  /** In the order in which they would run. */
  readonly handlers: readonly PlannedTask[];
}

export interface PlannedTask {
  /** Path, `play/block/name#2`. */
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  /** Left out by --tags or --skip-tags. */
  readonly selected: boolean;
}
