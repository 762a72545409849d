import type { Answer } from './http';
import { standIn } from './log';
import { messageOf } from './log';

/** A check of /readyz, /livez and /healthz: it throws when it fails. */
export interface HealthCheck {
  readonly name: string;
  readonly check: () => Promise<void> | void;
}

/**
 * The answer to a health path: `ok`, or with `?verbose` a line for each check, as the real apiserver writes them.
 * @returns undefined when the path is no health path.
 */
export async function health(url: URL, checks: { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] }): Promise<Answer | undefined> {
  const [, kind, only] = /^\/(readyz|livez|healthz)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (kind === undefined) return undefined;
  const all = [{ name: standIn, check: () => undefined }, ...checks.live, ...(kind === 'readyz' ? checks.ready : [])];
  const asked = only === undefined ? all : all.filter((each) => each.name === only);
  if (asked.length === 0) return { code: 404, text: `no check ${only ?? ''}\n` };
  const lines = await Promise.all(asked.map(lineOf));
  const isGood = lines.every((line) => line.startsWith('[+]'));
  if (isGood && !url.searchParams.has('verbose')) return { code: 200, text: 'ok' };
  return { code: isGood ? 200 : 500, text: `${lines.join('\n')}\n${kind} check ${isGood ? 'passed' : 'failed'}\n` };
}

async function lineOf(each: HealthCheck): Promise<string> {
  try {
    await each.check();
    return `[+]${each.name} ok`;
  } catch (error) {
    return `[-]${each.name} failed: ${messageOf(error)}`;
  }
}
