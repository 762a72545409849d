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
    let answer: () => void = () => undefined;
    const answered = new Promise<void>(done => { answer = done; });
    return new Promise(begin => this.#raise({ ask: () => begin(answer), answered }));
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
