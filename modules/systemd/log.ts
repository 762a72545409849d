/** What a unit has logged lately. @see journalctl(1) */
import { milliseconds, type Duration } from '../../core/duration';
import { check, probe } from '../../core/module';
import { cmd } from '../../core/transport/command';
import { unitName, unitNameProblems } from './unit-name';

export interface QuietParams {
  /** `kube-controller-manager` or `kube-controller-manager.service`. */
  readonly unit: string;
  /** What must not be in the log, taken literally. */
  readonly texts: readonly string[];
  /** How far back it is looked for, 15s. */
  readonly lately?: Duration;
  /** How long it may take until it is no longer logged, 60s. */
  readonly timeout?: Duration;
}

/** A unit has logged none of these texts lately. A unit that does not log to the journal has logged nothing. */
export const quiet = check<QuietParams, true>({
  name: 'systemd.quiet',
  subject: ({ unit, texts }) => `${unitName(unit)} without ${texts.join(', ')}`,
  validate: ({ unit, texts }) => [...unitNameProblems(unit), ...(texts.some(text => text === '') || texts.length === 0 ? ['say what must not be in the log, with `texts`'] : [])],
  inspect: ({ unit, texts, lately = '15s' }) => probe(
    cmd`journalctl -q --no-pager -o cat -u ${unitName(unit)} --since ${`-${Math.ceil(milliseconds(lately) / 1000)}s`} | grep -F ${texts.flatMap(text => ['-e', text])} | tail -n 1`,
    ({ stdout }) => (stdout.trim() === '' ? { ok: true, value: true } : { ok: false, reason: `${unitName(unit)} logged in the last ${Math.ceil(milliseconds(lately) / 1000)} s: ${stdout.trim().slice(0, 300)}` }),
  ),
  patience: ({ timeout = '60s' }) => ({ timeoutMs: milliseconds(timeout), everyMs: 2000 }),
});
