/** Asks the user before the first change. */
import { createInterface } from 'node:readline/promises';
import { RefusedError } from '../errors';

export interface AskOptions {
  /** `--yes`. */
  readonly yes: boolean;
  /** Where the question is written; the answer is read from standard input. */
  readonly output: NodeJS.WriteStream;
  /** Ends the question with a no. */
  readonly signal: AbortSignal;
  /** Runs the question while nothing else writes to the terminal. */
  readonly aside: (question: () => Promise<boolean>) => Promise<boolean>;
}

/** The answer: yes only for `y` or `yes`. @throws RefusedError when nobody can be asked */
export async function ask(text: string, { yes, output, signal, aside }: AskOptions): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !output.isTTY) throw new RefusedError(`the playbook asks "${text}" and there is no terminal to answer on; add --yes`);
  return aside(() => question(text, output, signal));
}

async function question(text: string, output: NodeJS.WriteStream, signal: AbortSignal): Promise<boolean> {
  // No raw mode: Ctrl-C stays a signal, which stops the run as everywhere else.
  const lines = createInterface({ input: process.stdin, output, terminal: false });
  // The end of the input (Ctrl-D) is no yes, and no answer either that readline would wait for.
  const closed = new Promise<string>(end => lines.once('close', () => end('')));
  try {
    const answer = await Promise.race([lines.question(`${text} [y/N] `, { signal }), closed]);
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
