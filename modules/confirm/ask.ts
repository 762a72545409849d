/** Questions to the user. */
import type { Confirm } from '../../core/module';

export interface AskParams {
  /** What will happen, so that the answer "yes" means something. */
  readonly text: string;
}

/** Asks the user before the run goes on; "no" ends it. Asked once a run, whatever the number of hosts; `--yes` answers it, check mode skips it. */
export function ask({ text }: AskParams): Confirm<true> {
  const problems = text.trim() === '' ? ['confirm.ask: the question is empty'] : [];
  return { kind: 'confirm', module: 'confirm.ask', subject: text, effect: 'read', problems, text, value: true };
}
