/** Starts the proxy in the lab's network and tells it what to do. */
import { once } from 'node:events';
import { join } from 'node:path';
import { spawnInLab, type Lab } from '../../lab/lab';
import type { Traffic } from '../types';
import type { Route } from './proxy';
import { answerOf, type Order } from './words';

const ANSWER_LIMIT_MS = 20_000;

/** A proxy that is up. */
export interface Proxy {
  /** Delay each way, in milliseconds, of the connections that are opened from now on. */
  readonly delay: (ms: number) => Promise<void>;
  /** What passed since the last call of either. */
  readonly take: () => Promise<Traffic>;
  /** Ends it with all of its connections. */
  readonly stop: () => void;
}

/** Starts it; it listens when this resolves. @throws Error when it does not answer within 20 s */
export async function startProxy(lab: Lab, routes: readonly Route[]): Promise<Proxy> {
  const child = spawnInLab(lab, [process.execPath, '-r', join(__dirname, '../../bin/register.js'), join(__dirname, 'process.ts')], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = async (order: Order): Promise<Traffic> => {
    const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const answered = once(child, 'message', { signal: limit });
    child.send(order);
    const said: unknown[] = await answered.catch((error: unknown) => { throw new Error('The delaying proxy does not answer.', { cause: error }); });
    return answerOf(said[0]).traffic;
  };
  const stop = (): void => { if (child.connected) child.disconnect(); };
  try {
    await ask({ kind: 'open', routes: [...routes] });
  } catch (error) {
    stop();
    child.kill('SIGKILL');
    throw error;
  }
  return { delay: async ms => { await ask({ kind: 'delay', ms }); }, take: () => ask({ kind: 'take' }), stop };
}
