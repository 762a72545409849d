/** How many hosts a run may touch: said by the user (`--max-hosts`) and by the playbook (`requireLimit`). */
import { UsageError } from '../errors';
import type { RunOptions } from './options';
import type { Prepared } from './prepare';

/** Before the first connection. @throws UsageError naming the hosts */
export function refuseTooWide({ plan, selection }: Pick<Prepared, 'plan' | 'selection'>, { maxHosts }: Pick<RunOptions, 'maxHosts'>): void {
  const { hosts } = plan;
  const names = hosts.map(host => host.name).join(', ');
  if (maxHosts !== undefined && hosts.length > maxHosts) throw new UsageError(`this would run on ${hosts.length} hosts (${names}), and --max-hosts allows ${maxHosts}`, 'Narrow it down with --limit.');
  const open = plan.plays.find(play => play.requireLimit);
  if (open !== undefined && selection.limit === undefined) {
    throw new UsageError(`the play "${open.name}" may only run with --limit; without it, it would run on ${open.hosts.map(host => host.name).join(', ')}`);
  }
}
