/** What is wrong with a playbook as it stands, found before any connection. */
import type { Inventory } from '../inventory/host';
import { problemsOf } from './decide';
import { notifiedBy, tasksIn, type LaidPlay, type LaidStep, type LaidTask } from './layout';
import type { Problems } from './problems';
import { verifyStrategy } from './verify-strategy';

/** Adds the problems of plays and tasks that need no look at other tasks' values. */
export function verifyPlays(plays: readonly LaidPlay[], inventory: Inventory, problems: Problems): void {
  checkNames(plays.map(({ play }) => play), 'plays', problems);
  for (const laid of plays) {
    checkPlay(laid, problems);
    for (const task of [...tasksIn(laid.steps), ...laid.handlers.map(({ step }) => step)]) checkTask(task, inventory, problems);
  }
}

function checkPlay(laid: LaidPlay, problems: Problems): void {
  const { play, parts, steps, handlers } = laid;
  if (play.tasks.length === 0) problems.add(`the play "${play.name}" has no tasks`, play.site);
  verifyStrategy(laid, problems);
  for (const part of parts) checkLists(part.steps, problems);
  const notified = new Set(tasksIn(steps).flatMap(step => notifiedBy(step.task)));
  for (const { handler } of handlers) {
    if (!notified.has(handler)) problems.add(`no task of the play "${play.name}" notifies the handler "${handler.name}"`, handler.site);
  }
}

function checkLists(steps: readonly LaidStep[], problems: Problems): void {
  checkNames(steps.flatMap((step): readonly Named[] => (step.kind === 'task' ? [step.task] : step.kind === 'block' ? [step.block] : [])), 'tasks', problems);
  for (const step of steps) {
    if (step.kind === 'block') for (const list of [step.tasks, step.rescue, step.always]) checkLists(list, problems);
  }
}

interface Named { readonly name: string; readonly site: { readonly at: () => string } }

/** Equal names that were written at different places; those from one place come from a loop or a function, and get numbers. */
function checkNames(list: readonly Named[], what: string, problems: Problems): void {
  const seen = new Map<string, Named>();
  for (const entry of list) {
    const first = seen.get(entry.name);
    if (first === undefined) seen.set(entry.name, entry);
    else if (first.site.at() !== entry.site.at()) problems.add(`two ${what} of one list are named "${entry.name}"; the other one is at ${first.site.at()}`, entry.site);
  }
}

function checkTask({ task }: LaidTask, inventory: Inventory, problems: Problems): void {
  const { delegateTo, retries, throttle, changedWhen, notify } = task.options;
  if (delegateTo !== undefined && !inventory.hosts.includes(delegateTo)) {
    problems.add(`the task "${task.name}" is delegated to ${delegateTo.name}, which is not in the inventory`, task.site);
  }
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    problems.add(`the task "${task.name}" has retries: ${retries}; it must be a whole number, 0 or more`, task.site);
  }
  if (throttle !== undefined && !(Number.isInteger(throttle) && throttle >= 1)) {
    problems.add(`the task "${task.name}" has throttle: ${throttle}; it must be a whole number of hosts, 1 or more`, task.site);
  }
  if (changedWhen === false && notify !== undefined) {
    problems.add(`the task "${task.name}" has notify, but with changedWhen: false it never notifies: leave one of them out`, task.site);
  }
  for (const problem of task.known === undefined ? [] : problemsOf(task, task.known)) problems.add(`the task "${task.name}": ${problem}`, task.site);
}
