/** `runsheet plan`: a check whose changes are written to a file, to be reviewed and applied. */
import type { TaskEvent } from '../report/events';
import type { Begun } from './begin';
import { becomePassword } from './become-password';
import { carryOut, recordFor } from './carry-out';
import type { PlanOptions } from './options';
import { planOf, requireWritable, writePlan, type PlanFile } from './plan-file';
import { prepare } from './prepare';
import { refuseTooWide } from './scope';
import type { Timings } from './timings';

/** Checks and writes the plan. @returns the exit code of the check; a plan is written where that is 0. @throws what is wrong before it begins */
export async function planCommand(begun: Begun, options: PlanOptions, timings: Timings): Promise<number> {
  timings.mark('runner loaded');
  const out = requireWritable(options.out);
  const prepared = await prepare(begun, options, step => timings.mark(step));
  refuseTooWide(prepared, options);
  const events: TaskEvent[] = [];
  const listen = { listen: (event: { readonly type: string }): void => { if (isTask(event)) events.push(event); } };
  const frame = { options: { ...options, check: true }, timings, password: await becomePassword(options), ...listen };
  const exit = await carryOut(prepared, frame);
  const say = (text: string): void => { (options.json ? process.stderr : process.stdout).write(`${text}\n`); };
  if (exit !== 0) {
    say('No plan is written, since the check did not end well.');
    return exit;
  }
  const record = recordFor(prepared, frame);
  const plan = planOf({ ...record, args: { ...record.args, check: false } }, prepared.plan.hosts.map(host => host.name), events);
  writePlan(out, plan);
  say(`\n${planSummary(plan)}\n${out} is written; runsheet show ${out} prints it, runsheet apply ${out} does it.`);
  return 0;
}

/** More unknown tasks than these are counted: whoever prints the summary has named them above. */
const NAMED = 3;

/** One line for a plan. */
export function planSummary({ tasks }: PlanFile): string {
  if (tasks.length === 0) return 'Nothing is to be done.';
  const changing = tasks.filter(task => task.changes.length > 0);
  const changes = changing.reduce((sum, task) => sum + task.changes.length, 0);
  const unknown = [...new Set(tasks.filter(task => task.status === 'unknown').map(task => task.task))];
  const hosts = new Set(changing.map(task => task.host)).size;
  const rest = unknown.length === 0 ? '' : unknown.length > NAMED ? `; what ${unknown.length} tasks do only the run can tell`
    : `; what ${unknown.length === 1 ? 'this task does' : 'these tasks do'} only the run can tell: ${unknown.join(', ')}`;
  return `${changes} ${changes === 1 ? 'change' : 'changes'} on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}${rest}`;
}

function isTask(event: { readonly type: string }): event is TaskEvent {
  return event.type === 'task';
}
