/** Commands that only look. */
import { live, query, type Query } from '../../core/module';
import type { CommandResult } from '../../core/transport/connection';
import { callProblems, commandOf, maskOutput, nameOf, optionsOf, type Call } from './call';

const reading = query<Call, CommandResult>({
  name: 'command.read',
  subject: nameOf,
  validate: callProblems,
  waits: true,
  inspect: params => live(async on => {
    on.foreseen?.requireUnnamed(commandOf(params).text);
    const result = await on.run(commandOf(params), optionsOf(params));
    if (params.secretOutput === true) maskOutput(result);
    return result;
  }),
});

/**
 * Runs a command that changes nothing and gives what it printed. It runs in check mode too and never counts as a change: whether it
 * really only looks is up to its author. What names a path or unit
 * that an earlier task would change is not run in check mode: its answer would be that of before.
 *
 *     command.read({ command: cmd`etcdctl version`, expect: [0, 1] })
 */
export function read(params: Call): Query<CommandResult> {
  return reading(params);
}
