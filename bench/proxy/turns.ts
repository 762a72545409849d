/** Which way data goes over one connection. */
export type Way = 'up' | 'down';

/**
 * Counts turns: how often one side spoke after it had heard the other. Half a round trip each; what both sides say at the same time, without waiting for
 * each other, is one turn of each.
 */
export class Turns {
  #count = 0;
  readonly #mayAnswer: Record<Way, boolean> = { up: true, down: true };

  get count(): number {
    return this.#count;
  }

  /** Data was sent that way. */
  sent(way: Way): void {
    if (this.#mayAnswer[way]) this.#count += 1;
    this.#mayAnswer[way] = false;
  }

  /** Data of that way has arrived: what the other side sends now may be an answer. */
  arrived(way: Way): void {
    this.#mayAnswer[way === 'up' ? 'down' : 'up'] = true;
  }
}
