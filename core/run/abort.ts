/** Waiting that ends when a signal is aborted. */

/** The work's result, or a rejection with the signal's reason once it is aborted; the work itself is left to end on its own. */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', stop, { once: true });
    work().then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Why it was aborted, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('interrupted');
}
