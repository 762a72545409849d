/** Asks the user: before the first change, and with `--step` before each task. */
import { createInterface } from 'node:readline/promises';
import { RefusedError, UsageError } from '../errors';
import type { StepAnswer } from '../run/job';
import type { RunOptions } from './options';

/** Where and when it is asked. */
export interface Asking {
  /** Where the question is written; the answer is read from standard input. */
  readonly output: NodeJS.WriteStream;
  /** Ends the question without an answer. */
  readonly signal: AbortSignal;
  /** Runs the question while nothing else writes to the terminal. */
  readonly aside: <T>(question: () => Promise<T>) => Promise<T>;
}

export interface AskOptions extends Asking {
  /** `--yes`. */
  readonly yes: boolean;
}

/** Where questions are written: beside the events where those are printed. */
export function questionsOn({ json }: Pick<RunOptions, 'json'>): NodeJS.WriteStream {
  return json ? process.stderr : process.stdout;
}

/** The answer: yes only for `y` or `yes`. @throws RefusedError when nobody can be asked */
export async function ask(text: string, { yes, ...asking }: AskOptions): Promise<boolean> {
  if (yes) return true;
  if (!isAnswerable(asking.output)) throw new RefusedError(`the playbook asks "${text}" and there is no terminal to answer on; add --yes`);
  return /^y(?:es)?$/i.test(await answerTo(`${text} [y/N] `, asking) ?? '');
}

/** The answer at `--step`; what is none of the words is a no, as in Ansible. @returns nothing at the end of the input */
export async function askStep(task: string, asking: Asking): Promise<StepAnswer | undefined> {
  const answer = await answerTo(`Run "${task}"? [y]es, [N]o, [c]ontinue without asking: `, asking);
  if (answer === undefined) return undefined;
  return /^y(?:es)?$/i.test(answer) ? 'yes' : /^c(?:ontinue)?$/i.test(answer) ? 'continue' : 'no';
}

/** @throws UsageError where `--step` could ask nobody */
export function requireTerminal(output: NodeJS.WriteStream): void {
  if (!isAnswerable(output)) throw new UsageError('--step asks before each task, and there is no terminal to answer on');
}

function isAnswerable(output: NodeJS.WriteStream): boolean {
  return process.stdin.isTTY && output.isTTY;
}

/** @returns nothing when the input ends or the signal comes */
async function answerTo(text: string, { output, signal, aside }: Asking): Promise<string | undefined> {
  return aside(async () => {
    // An earlier question took the end of the input, which does not come again.
    if (signal.aborted || process.stdin.readableEnded) return undefined;
    // No raw mode: Ctrl-C stays a signal, which stops the run as everywhere else.
    const lines = createInterface({ input: process.stdin, output, terminal: false });
    // The end of the input (Ctrl-D) is no yes, and no answer either that readline would wait for.
    const closed = new Promise<undefined>(end => lines.once('close', () => end(undefined)));
    try {
      const answer = await Promise.race([lines.question(text, { signal }), closed]);
      return answer?.trim();
    } catch {
      return undefined;
    } finally {
      lines.close();
    }
  });
}
