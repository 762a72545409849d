/** A condition that the playbook worked out. */
import { check, live, type Check } from '../../core/module';

export interface ThatParams {
  /** What must be true, worked out from values of earlier tasks. */
  readonly that: boolean;
  /** What is wrong when it is not, a sentence. */
  readonly message: string;
  /** What to do then. */
  readonly hint?: string;
}

const asserted = check<ThatParams, true>({
  name: 'assert.that',
  subject: ({ message }) => message,
  validate: ({ message }) => (message.trim() === '' ? ['say in `message` what is wrong when it does not hold'] : []),
  inspect: ({ that, message, hint }) => live(() => Promise.resolve(that ? { ok: true, value: true } : { ok: false, reason: withHint(message, hint) })),
});

/** The run stops here for the host unless this is true. Nothing is sent to the host. */
export function that(params: ThatParams): Check<true> {
  return asserted(params);
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}\n${hint}`;
}
