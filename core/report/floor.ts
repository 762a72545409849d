/** Who has the terminal: what is drawn, or the questions to the user. */
export class Floor {
  readonly #waiting: ((resume: () => void) => void)[] = [];
  #tell: () => void = () => undefined;

  /** Resolves when the terminal is free; call what it returns when the question was answered. */
  ask(): Promise<() => void> {
    return new Promise(begin => {
      this.#waiting.push(begin);
      this.#tell();
    });
  }

  /** Resolves when somebody waits to ask; for whoever draws, and only one draws at a time. */
  asked(): Promise<void> {
    return new Promise(tell => {
      this.#tell = tell;
      if (this.#waiting.length > 0) tell();
    });
  }

  /** Leaves the terminal to all that wait to ask, one after the other, and resolves when the last one was answered. */
  async yield(): Promise<void> {
    for (let begin = this.#waiting.shift(); begin !== undefined; begin = this.#waiting.shift()) {
      const next = begin;
      await new Promise<void>(resume => next(resume));
    }
  }
}
