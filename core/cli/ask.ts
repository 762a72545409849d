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
}

/** The answer: yes only for `y` or `yes`. @throws RefusedError when nobody can be asked */
export async function ask(text: string, { yes, output, signal }: AskOptions): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !output.isTTY) throw new RefusedError(`the playbook asks "${text}" and there is no terminal to answer on; add --yes`);
  // No raw mode: Ctrl-C stays a signal, which stops the run as everywhere else.
  const lines = createInterface({ input: process.stdin, output, terminal: false });
  try {
    const answer = await lines.question(`${text} [y/N] `, { signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
