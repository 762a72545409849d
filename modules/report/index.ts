/** What a playbook tells its user. */
import { live, query } from '../../core/module';

export interface PrintParams {
  /** Lines for the user; shown in every mode, kept in the record of the run. Secrets are masked. */
  readonly text: string;
}

/** Prints a text, also in check mode. Nothing is sent to the host. */
export const print = query<PrintParams, undefined>({
  name: 'report.print',
  subject: () => 'a message',
  inspect: ({ text }) => live(on => {
    on.print(text);
    return Promise.resolve(undefined);
  }),
});
