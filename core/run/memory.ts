/** What looks printed that were sent before their turn, on one host as one user. */
import type { PathQuestion } from '../path-look';
import type { Command } from '../transport/command';
import type { CommandResult, RunOptions } from '../transport/connection';

/** Answers to older questions are not used, in milliseconds. */
export const FRESH_MS = 5000;

interface Answer {
  readonly result: Promise<CommandResult>;
  /** When it was asked, on the clock of `performance.now()`: what the host saw is no older, however long its answer was under way. */
  readonly asked: number;
}

/** By what an answer is found: what was asked, with all that the answer depends on. */
export function questionOf(command: Command, { ahead }: Pick<RunOptions, 'ahead'>): string {
  if (ahead === undefined) return command.text;
  if ('path' in ahead) return JSON.stringify(partsOf(ahead));
  return 'length' in ahead ? JSON.stringify(ahead.map(partsOf)) : command.text;
}

function partsOf({ path, follow, sha256, content }: PathQuestion): readonly unknown[] {
  return [path, follow, sha256, content];
}

/** Answers by question. */
export class Memory {
  readonly #answers = new Map<string, Answer>();
  /** With a thousand hosts what is too old would be most of the memory that a run takes. */
  #clearing: NodeJS.Timeout | undefined;

  /** The answer, or that which is under way; `undefined` where there is none, or it is too old. */
  recall(question: string): Promise<CommandResult> | undefined {
    const answer = this.#answers.get(question);
    if (answer === undefined || !isFresh(answer)) return undefined;
    return answer.result;
  }

  /** Keeps what will be answered to what was sent just now. */
  keep(question: string, result: Promise<CommandResult>): void {
    this.#clearing ??= setTimeout(() => this.#clear(), FRESH_MS).unref();
    this.#answers.set(question, { result, asked: performance.now() });
  }

  /** From now on the host may look otherwise. */
  forget(): void {
    this.#answers.clear();
  }

  #clear(): void {
    for (const [old, answer] of this.#answers) if (!isFresh(answer)) this.#answers.delete(old);
    this.#clearing = this.#answers.size === 0 ? undefined : setTimeout(() => this.#clear(), FRESH_MS).unref();
  }
}

function isFresh({ asked }: Answer): boolean {
  return performance.now() - asked < FRESH_MS;
}
