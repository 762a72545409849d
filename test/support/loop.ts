/** Does the event loop go on while something long is done? */

/** Does the work and counts how often the event loop turned until it was done. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly turns: number }> {
  let turns = 0;
  let next: NodeJS.Immediate;
  const turn = (): void => {
    turns += 1;
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  try {
    return { value: await work(), turns };
  } finally {
    clearImmediate(next);
  }
}
