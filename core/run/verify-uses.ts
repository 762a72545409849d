/** Checks that every value a task uses will be there: its task stands earlier, and on hosts that run it. */
import type { Host } from '../inventory/host';
import { taskOf, type Block, type Task, type TaskUse } from '../task';
import { tasksIn, usesOf, type LaidPlay, type LaidTask } from './layout';
import type { Problems } from './problems';

/** Where a task ran before the one that uses it. */
interface Ran { readonly hosts: Set<Host>; readonly plays: Set<LaidPlay>; readonly steps: Set<LaidTask> }

interface Place { readonly play: LaidPlay; readonly step: LaidTask; readonly user: Task<unknown>; readonly limited: boolean; readonly problems: Problems }

/** Adds the problems of `uses`. @param limited whether `--limit` left hosts out, which is then said */
export function verifyUses(plays: readonly LaidPlay[], limited: boolean, problems: Problems): void {
  const everywhere = new Set(plays.flatMap(play => tasksIn(play.steps)).map(step => step.task));
  const ran = new Map<Task<unknown>, Ran>();
  for (const play of plays) {
    for (const step of [...tasksIn(play.steps), ...play.handlers.map(handler => handler.step)]) {
      for (const use of usesOf(step)) {
        const earlier = ran.get(taskOf(use));
        if (earlier === undefined) problems.add(absent(step.task, taskOf(use), everywhere), step.task.site);
        else checkUse(use, earlier, { play, step, user: step.task, limited, problems });
      }
      remember(ran, step, play);
    }
  }
}

function remember(ran: Map<Task<unknown>, Ran>, step: LaidTask, play: LaidPlay): void {
  const entry = ran.get(step.task) ?? { hosts: new Set(), plays: new Set(), steps: new Set() };
  for (const host of play.hosts) entry.hosts.add(host);
  entry.plays.add(play);
  entry.steps.add(step);
  ran.set(step.task, entry);
}

function absent(user: Task<unknown>, used: Task<unknown>, everywhere: ReadonlySet<Task<unknown>>): string {
  const why = everywhere.has(used)
    ? `which runs only later (${used.site.at()}): move it before`
    : `which is not in the playbook (${used.site.at()}): add it to a play that runs before`;
  return `the task "${user.name}" uses "${used.name}", ${why}`;
}

function checkUse(use: TaskUse, earlier: Ran, place: Place): void {
  const used = taskOf(use);
  const { user, problems } = place;
  const say = (text: string): void => problems.add(`the task "${user.name}" uses "${used.name}", ${text}`, user.site);
  const runOnce = used.options.runOnce === true;
  if (use.kind === 'once' && !runOnce) say('which does not run once but on every host: add runOnce to it, or take this host\'s value or all(...)');
  if (use.kind !== 'once' && runOnce) say('which runs once for all hosts: take its value with once(...)');
  const skipped = skippedWith(earlier, place.step);
  if (skipped !== undefined) say(`which is skipped together with its block "${skipped.name}": use it in that block only, or put \`when\` on the task itself`);
  // What a play without hosts would use matters to nobody.
  if (place.play.hosts.length === 0) return;
  if (use.kind === 'once' && earlier.hosts.size === 0) say(`which has no host to run on${limitHint(place)}`);
  if (earlier.plays.has(place.play)) for (const problem of pacingProblems(use, place.play)) say(`${problem}, so put "${used.name}" in a play before`);
  if (use.kind === 'from' && !earlier.hosts.has(use.host)) say(`from ${use.host.name}, where it does not run${limitHint(place)}`);
  if (use.kind === 'task' && !runOnce) {
    const without = place.play.hosts.filter(host => !earlier.hosts.has(host));
    if (without.length > 0) say(`which does not run on ${names(without)}${limitHint(place)}`);
  }
}

/** A block that may have been skipped with it, and not with whoever uses it. */
function skippedWith({ steps }: Ran, user: LaidTask): Block | undefined {
  const foreign = [...steps].map(step => step.within.find(block => !user.within.includes(block)));
  return foreign.includes(undefined) ? undefined : foreign[0];
}

/** Values of other hosts in the same play, which do not have them at that time. */
function* pacingProblems(use: TaskUse, { strategy, batches }: LaidPlay): Iterable<string> {
  if (use.kind !== 'all' && use.kind !== 'from') return;
  const whose = use.kind === 'all' ? 'takes the values of all hosts' : `takes the value of ${use.host.name}`;
  if (strategy === 'free') yield `and ${whose}, in the same play with strategy: 'free', where no host waits for another`;
  else if (batches.length > 1 && (use.kind === 'all' || batches[0]?.includes(use.host) === false)) {
    yield `and ${whose}, in the same play, whose ${batches.length} portions of hosts run one after the other`;
  }
}

function limitHint({ limited }: Place): string {
  return limited ? ' (hosts that --limit leaves out run nothing)' : '';
}

function names(hosts: readonly Host[]): string {
  const shown = hosts.slice(0, 5).map(host => host.name).join(', ');
  return hosts.length > 5 ? `${shown} and ${hosts.length - 5} more` : shown;
}
