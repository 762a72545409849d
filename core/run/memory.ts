/** What looks printed that were sent before their turn, on one host as one user. */
import type { CommandResult } from '../transport/connection';

/** Older answers are not used, in milliseconds. */
export const FRESH_MS = 5000;

interface Answer {
  readonly result: Promise<CommandResult>;
  /** When it came, on the clock of `performance.now()`; `undefined` until it does. */
  at: number | undefined;
}

/** Answers by command. */
export class Memory {
  readonly #answers = new Map<string, Answer>();

  /** The answer to a command, or that which is under way; `undefined` where there is none, or it is too old. */
  recall(command: string): Promise<CommandResult> | undefined {
    const answer = this.#answers.get(command);
    if (answer === undefined || !isFresh(answer)) return undefined;
    return answer.result;
  }

  /** Keeps what a command that was sent just now will answer. */
  keep(command: string, result: Promise<CommandResult>): void {
    for (const [old, answer] of this.#answers) if (!isFresh(answer)) this.#answers.delete(old);
    const answer: Answer = { result, at: undefined };
    this.#answers.set(command, answer);
    const came = (): void => { answer.at = performance.now(); };
    result.then(came, came);
  }

  /** From now on the host may look otherwise. */
  forget(): void {
    this.#answers.clear();
  }
}

function isFresh({ at }: Answer): boolean {
  return at === undefined || performance.now() - at < FRESH_MS;
}
