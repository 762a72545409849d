import { setMaxListeners } from 'node:events';

/** Calls back when the signal aborts, at once if it has; the function returned stops listening. Many may wait on one signal. */
export function onAbort(signal: AbortSignal, aborted: () => void): () => void {
  if (signal.aborted) queueMicrotask(aborted);
  setMaxListeners(0, signal);
  signal.addEventListener('abort', aborted, { once: true });
  return () => signal.removeEventListener('abort', aborted);
}
