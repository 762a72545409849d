/** Carries out the actions of one task on one host for real: only what the plan has, where there is one, and no command twice. */
import type { Host } from '../inventory/host';
import { mapLook, type Action, type Change } from '../module';
import type { Target } from '../transport/connection';
import { becomeUser } from './become';
import type { LaidTask } from './layout';
import type { Done } from './ledger';
import { changeOf, perform, type Doings } from './perform';
import type { Run } from './state';
import { UndoKeeper } from './undo';

/** One task on one host. */
export class Actor {
  readonly #undecided: Done[] = [];
  #reason: string | undefined;
  /** Which of the task's actions is at work, from 0. */
  index: number | undefined;

  constructor(private readonly run: Run, private readonly step: LaidTask, private readonly host: Host) {}

  /** Why nothing was done, where an earlier run had done it. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Does one. @param index which of the task's actions it is, from 0. @throws whatever goes wrong; PlanError before it acts */
  async perform(action: Action<unknown>, index: number, { on, doings }: { readonly on: Target; readonly doings: Doings }): Promise<unknown> {
    const { ledger } = this.run.job;
    const within = this.#withinPlan(action, doings);
    const keeper = this.#keeper(on.host);
    if (keeper !== undefined) doings.undo = keeper;
    try {
      if (within.kind !== 'command' || ledger === undefined) return await perform(within, on, doings);
      const { options } = this.step.task;
      const place = { task: this.step.id, host: this.host.name, action: index, runOnce: options.runOnce === true, isHandler: this.step.isHandler };
      const { value, reason, done } = await ledger.carryOut(within, on, { place, doings });
      this.#reason = reason ?? this.#reason;
      if (done !== undefined) this.#undecided.push(done);
      if (options.until === undefined && options.failedWhen === undefined) this.settle();
      return value;
    } finally {
      if (doings.changes.length > 0) ledger?.changed(on.host.name);
    }
  }

  /** The task will not repeat what it did. */
  settle(): void {
    for (const done of this.#undecided.splice(0)) this.run.job.ledger?.note(done);
  }

  #keeper(place: Host): UndoKeeper | undefined {
    const { undo, settings } = this.run.job;
    const { id: task, name } = this.step;
    if (undo === undefined) return undefined;
    return new UndoKeeper(undo, { task, name, become: becomeUser(place, this.step.become, settings.become) }, text => this.run.events.notice('warning', text, place.name));
  }

  /** The same action, whose first look is compared with the plan; once it acts, the runner's own second look judges. */
  #withinPlan(action: Action<unknown>, doings: Doings): Action<unknown> {
    const { guard } = this.run.job;
    // What is declared to change nothing is in no plan.
    if (guard === undefined || this.step.task.options.changedWhen === false) return action;
    const permit = (changes: readonly Change[]): void => {
      if (doings.changes.length === 0 && changes.length > 0) guard.permit({ task: this.step.id, host: this.host.name }, changes);
    };
    if (action.kind === 'resource') {
      return { ...action, look: mapLook(action.look, standing => { permit(standing.changes); return standing; }) };
    }
    if (action.kind === 'command') {
      return { ...action, look: mapLook(action.look, intent => { permit(intent.does === undefined ? [] : [changeOf(action, intent.does)]); return intent; }) };
    }
    return action;
  }
}
