/** Who has the terminal: the rows that are drawn, or a question to the user. */

interface Question {
  /** The terminal is free: ask. */
  readonly ask: () => void;
  readonly answered: Promise<void>;
}

export class Floor {
  #raise: (question: Question) => void = () => undefined;
  /** Resolves when somebody wants to ask. */
  asked = this.#nextQuestion();

  /** Resolves when the terminal is free; call what it returns when the question was answered. */
  ask(): Promise<() => void> {
    return new Promise(begin => {
      const answered = new Promise<void>(answer => {
        const raise = this.#raise;
        // After this executor has returned, when `answered` exists.
        queueMicrotask(() => raise({ ask: () => begin(answer), answered }));
      });
    });
  }

  /** Leaves the terminal to the question that is there, and resolves when it was answered. */
  async yield(): Promise<void> {
    const { ask, answered } = await this.asked;
    this.asked = this.#nextQuestion();
    ask();
    await answered;
  }

  #nextQuestion(): Promise<Question> {
    return new Promise(raise => { this.#raise = raise; });
  }
}
