/** `--step`: asks before each task, once for all of its hosts. */
import type { LaidTask } from './layout';
import type { StepAnswer } from './job';

/** Remembers the answers of a run. Questions are asked one after the other, whichever hosts get there first. */
export class Stepper {
  readonly #answers = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();
  #all: boolean;

  /** @param ask asked before each task; `undefined` allows everything */
  constructor(private readonly ask: ((task: string) => Promise<StepAnswer>) | undefined) {
    this.#all = ask === undefined;
  }

  /** May it run? @throws what the question throws */
  async allows({ id }: LaidTask): Promise<boolean> {
    if (this.#all && this.#answers.get(id) === undefined) return true;
    const answer = this.#answers.get(id) ?? this.#inTurn(id);
    this.#answers.set(id, answer);
    return await answer;
  }

  #inTurn(id: string): Promise<boolean> {
    const mine = this.#last.then(() => this.#question(id), () => this.#question(id));
    this.#last = mine;
    return mine;
  }

  async #question(id: string): Promise<boolean> {
    const answer = this.#all ? 'continue' : await this.ask?.(id);
    if (answer === 'continue') this.#all = true;
    return answer !== 'no';
  }
}
