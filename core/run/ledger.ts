/**
 * What commands did: a command is no state, so a run that goes on after another one cannot see on the host whether it was done. The journal knows.
 *
 * The rule, in this order. 1: a command looks first, also when the journal knows it; where its look says that nothing is to be done, nothing is.
 * 2: where its look can tell (right after the command, it said that nothing is left to do), it decides, and what it asks for is done. 3: what leaves
 * nothing behind is done again: it is a proof, and a proof of then is none of now. 4: a restart or reload is done again where this run changed something
 * on the host before it, and as a handler, which only a change of this run calls for. 5: everything else is not done twice: its value comes from the
 * journal.
 */
import { createHash } from 'node:crypto';
import { see, type Imperative, type WayBack } from '../module';
import { redact } from '../secret';
import type { Target } from '../transport/connection';
import { perform, type Doings } from './perform';
import { fromKept, toKept } from './kept-value';

/** A command that finished well: one line of `values.jsonl`. */
export interface Done {
  /** Task id, host, and which of the task's actions it is, from 0. */
  readonly task: string;
  readonly host: string;
  readonly action: number;
  /** What it did, in words. */
  readonly does: string;
  /** Hash of module, subject and parameters, ids of runs left out: with others it is another command. Empty where they are no data. */
  readonly call: string;
  /** The run that did it, and when, as ISO time. */
  readonly run: string;
  readonly at: string;
  /** Its look can tell: right after the command it said that nothing is left to do. */
  readonly tells: boolean;
  /** The value (see kept-value.ts); absent for none. */
  readonly value?: unknown;
  /** Why the value is not here: then the command is done again. */
  readonly notKept?: string;
}

/** Where a command stands. */
export interface CommandPlace {
  readonly task: string;
  readonly host: string;
  readonly action: number;
  readonly runOnce: boolean;
  readonly isHandler: boolean;
}

/** A command's value, why it was not done again, and what the journal is to keep of it. */
export interface Result { readonly value: unknown; readonly reason?: string; readonly done?: Done }

/** The commands of one run, and of those that it goes on after. */
export class Ledger {
  readonly #earlier = new Map<string, Done>();
  /** Hosts on which this run changed something. */
  readonly #changed = new Set<string>();

  /** @param keep writes an entry. @param earlier what was done in the run that this one goes on after; a later entry counts */
  constructor(private readonly runId: string, private readonly keep: (done: Done) => void, earlier: readonly Done[] = []) {
    for (const done of earlier) {
      // Whoever goes on after this run needs them too.
      keep(done);
      this.#earlier.set(keyOf(done), done);
      this.#earlier.set(keyOf({ ...done, host: ONCE }), done);
    }
  }

  /** Something was changed there. */
  changed(host: string): void {
    this.#changed.add(host);
  }

  /** Writes it down; to be called when the task no longer does it again (its `until` holds). */
  note(done: Done): void {
    this.keep(done);
  }

  /** Does a command by the rule above. @throws what the command throws */
  async carryOut(action: Imperative<unknown>, on: Target, { place, doings }: { readonly place: CommandPlace; readonly doings: Doings }): Promise<Result> {
    const known = place.isHandler ? undefined : this.#earlier.get(keyOf({ ...place, host: place.runOnce ? ONCE : place.host }));
    if (known !== undefined && known.notKept === undefined && known.call !== '' && known.call === this.#callOf(action)) {
      const { does, back } = await see(action.look, on);
      const again = does !== undefined && (known.tells || this.#leavesNothing(back) || (action.again === true && this.#changed.has(on.host.name)));
      if (!again) return { value: fromKept(known.value), reason: `done in run ${known.run} at ${known.at}` };
    }
    const value = await perform(action, on, doings);
    const [change] = doings.changes;
    if (change === undefined) return { value };
    return { value, done: await this.#entry(action, on, { place, does: change.to ?? '', value }) };
  }

  async #entry(action: Imperative<unknown>, on: Target, { place, does, value }: { readonly place: CommandPlace; readonly does: string; readonly value: unknown }): Promise<Done> {
    const { task, host, action: number } = place;
    const kept = toKept(value);
    return {
      task, host, action: number, does: redact(does), call: this.#callOf(action), run: this.runId, at: new Date().toISOString(), tells: await tells(action, on),
      ...('why' in kept ? { notKept: kept.why } : kept.json === undefined ? {} : { value: kept.json }),
    };
  }

  #leavesNothing({ exists, touches, undo, again }: WayBack): boolean {
    return exists && again === undefined && touches(this.runId).length === 0 && undo(this.runId).length === 0;
  }

  #callOf({ module, subject, params }: Imperative<unknown>): string {
    try {
      // Secrets among them turn into "[secret]".
      const text = JSON.stringify([module, subject, params]).replaceAll(this.runId, '<run>');
      return createHash('sha256').update(redact(text)).digest('hex');
    } catch {
      return '';
    }
  }
}

/** Stands for the host of a task that is done once for all. */
const ONCE = '';

function keyOf({ task, host, action }: Pick<Done, 'task' | 'host' | 'action'>): string {
  return JSON.stringify([task, host, action]);
}

/** The look right after the command: does it see that it was done? A look that fails tells nothing. */
async function tells(action: Imperative<unknown>, on: Target): Promise<boolean> {
  try {
    return (await see(action.look, on)).does === undefined;
  } catch {
    return false;
  }
}
