/** A list of problems that must be empty. */
import { check, live, type Check } from '../../core/module';

export interface NoneParams {
  /** Each a sentence; all are reported at once. */
  readonly problems: readonly string[];
  /** What they have in common: `the cluster is not ready for it`. */
  readonly message: string;
}

const clear = check<NoneParams, true>({
  name: 'assert.none',
  subject: ({ message }) => message,
  validate: ({ message }) => (message.trim() === '' ? ['say in `message` what the problems have in common'] : []),
  inspect: ({ problems, message }) => live(() => Promise.resolve(
    problems.length === 0 ? { ok: true, value: true } : { ok: false, reason: [`${message}:`, ...problems.map(problem => `- ${problem}`)].join('\n') },
  )),
});

/** The run stops here for the host if there is a problem; all of them are told. Nothing is sent to the host. */
export function none(params: NoneParams): Check<true> {
  return clear(params);
}
