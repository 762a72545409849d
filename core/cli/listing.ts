/** `--list-hosts` and `--list-tasks`: the plan as text. */
import type { Plan, PlannedTask } from '../run/job';

/** Plays with their hosts. */
export function hostLines(plan: Plan): readonly string[] {
  return plan.plays.flatMap(play => [`play ${play.id} (${play.hosts.length})`, ...play.hosts.map(host => `  ${host.name}`)]);
}

/** Plays with their tasks and handlers, each by its id, with its tags. */
export function taskLines(plan: Plan): readonly string[] {
  return plan.plays.flatMap(play => [
    `play ${play.id} (${play.hosts.length === 1 ? '1 host' : `${play.hosts.length} hosts`})`,
    ...play.tasks.map(task => `  ${line(task)}`),
    ...play.handlers.map(task => `  handler ${line(task)}`),
  ]);
}

function line(task: PlannedTask): string {
  const notes = [task.tags.length === 0 ? '' : `[${task.tags.join(', ')}]`, task.selected ? '' : '(not selected)'];
  return [task.id, ...notes].filter(text => text !== '').join(' ');
}
