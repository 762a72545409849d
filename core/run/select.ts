/** What of a playbook is to be run: `--limit`, `--tags`, `--skip-tags`, `--start-at`. */
import type { Host, Inventory } from '../inventory/host';
import { nearest } from '../suggest';
import { taskOf } from '../task';
import type { Selection } from './job';
import { notifiedBy, tasksIn, usesOf, type LaidBlock, type LaidPlay, type LaidStep, type LaidTask } from './layout';
import type { Problems } from './problems';

/** The hosts that `--limit` leaves; all of them when it is not given or wrong. */
export function limitHosts(inventory: Inventory, limit: string | undefined, problems: Problems): ReadonlySet<Host> {
  const everyone = new Set(inventory.hosts);
  if (limit === undefined) return everyone;
  try {
    const hosts = inventory.select(limit);
    if (hosts.length > 0) return new Set(hosts);
    problems.add(`--limit ${limit} matches no host of the inventory`);
  } catch (error) {
    problems.addThrown(error);
  }
  return everyone;
}

/**
 * The tasks that `--tags`, `--skip-tags` and `--start-at` leave. With a task come the tasks whose values it uses, the handlers that it notifies, and, for a
 * block, its `rescue` and `always`, for a rolling play its drain, gate and undrain: they belong to whatever runs in it. As in Ansible,
 * a task with the tag `always` runs whatever `--tags` says, and one with `never` only where `--tags` names one of its tags.
 */
export function selectTasks(plays: readonly LaidPlay[], selection: Selection, problems: Problems): ReadonlySet<LaidTask> {
  const all = plays.flatMap(play => tasksIn(play.steps));
  const allKnown = checkTags(inOrder(plays), selection, problems);
  const skipped = (task: LaidTask): boolean => task.tags.some(tag => selection.skipTags.includes(tag));
  const first = firstOf(plays, selection.startAt, problems);
  const selected = new Set(all.slice(first).filter(task => isWanted(task, selection.tags) && !skipped(task)));
  let before: number;
  do {
    before = selected.size;
    for (const block of plays.flatMap(play => blocksIn(play.steps))) addCleanUp(block, selected, skipped);
    for (const play of plays) addRolling(play, selected, skipped);
    addUsed(plays, selected, skipped);
    for (const { handler, step } of plays.flatMap(play => play.handlers)) {
      if (!skipped(step) && all.some(task => selected.has(task) && notifiedBy(task.task).includes(handler))) selected.add(step);
    }
  } while (selected.size > before);
  if (allKnown && selected.size === 0 && all.length > 0) problems.add(`--tags and --skip-tags leave no task of this playbook${first > 0 ? ' from --start-at on' : ''}`);
  reportSkippedButUsed(plays, selected, { skipped, skipTags: selection.skipTags, problems });
  return selected;
}

function isWanted({ tags }: LaidTask, asked: readonly string[]): boolean {
  if (tags.includes('always')) return true;
  return asked.length === 0 ? !tags.includes('never') : tags.some(tag => asked.includes(tag));
}

/** The place of `--start-at` among all tasks. */
function firstOf(plays: readonly LaidPlay[], startAt: string | undefined, problems: Problems): number {
  if (startAt === undefined) return 0;
  const ids = plays.flatMap(play => tasksIn(play.steps)).map(task => task.id);
  const at = ids.indexOf(startAt);
  if (at >= 0) return at;
  const isHandler = plays.some(play => play.handlers.some(({ step }) => step.id === startAt));
  const near = ids.find(id => id.endsWith(`/${startAt}`)) ?? nearest(startAt, ids);
  problems.add(isHandler ? `--start-at ${startAt}: that is a handler, which runs only where a task notifies it`
    : `--start-at ${startAt}: no task of this playbook has this id${near === undefined ? '' : `; did you mean "${near}"?`} (--list-tasks prints them)`);
  return 0;
}

/** All blocks below these steps, each before those in it. */
export function blocksIn(steps: readonly LaidStep[]): readonly LaidBlock[] {
  return steps.flatMap(step => (step.kind !== 'block' ? [] : [step, ...blocksIn([...step.tasks, ...step.rescue, ...step.always])]));
}

function addCleanUp(block: LaidBlock, selected: Set<LaidTask>, skipped: (task: LaidTask) => boolean): void {
  if (!tasksIn(block.tasks).some(task => selected.has(task))) return;
  for (const task of tasksIn([...block.rescue, ...block.always])) if (!skipped(task)) selected.add(task);
}

function addRolling({ strategy, parts, steps }: LaidPlay, selected: Set<LaidTask>, skipped: (task: LaidTask) => boolean): void {
  if (strategy !== 'rolling' || !tasksIn(steps).some(task => selected.has(task))) return;
  for (const task of parts.filter(part => part.kind !== 'tasks').flatMap(part => tasksIn(part.steps))) if (!skipped(task)) selected.add(task);
}

/** In the order of the run: every task, and after a play's tasks its handlers. */
function inOrder(plays: readonly LaidPlay[]): readonly LaidTask[] {
  return plays.flatMap(play => [...tasksIn(play.steps), ...play.handlers.map(({ step }) => step)]);
}

function addUsed(plays: readonly LaidPlay[], selected: Set<LaidTask>, skipped: (task: LaidTask) => boolean): void {
  const order = inOrder(plays);
  for (let at = order.length - 1; at >= 0; at--) {
    const user = order[at];
    if (user === undefined || !selected.has(user)) continue;
    for (const earlier of usedBefore(order, at)) if (!skipped(earlier)) selected.add(earlier);
  }
}

function usedBefore(order: readonly LaidTask[], at: number): readonly LaidTask[] {
  const used = new Set(order[at] === undefined ? [] : usesOf(order[at]).map(taskOf));
  return used.size === 0 ? [] : order.slice(0, at).filter(step => used.has(step.task));
}

interface Skipping { readonly skipped: (task: LaidTask) => boolean; readonly skipTags: readonly string[]; readonly problems: Problems }

function reportSkippedButUsed(plays: readonly LaidPlay[], selected: ReadonlySet<LaidTask>, { skipped, skipTags, problems }: Skipping): void {
  const order = inOrder(plays);
  for (const [at, user] of order.entries()) {
    if (!selected.has(user)) continue;
    const used = usedBefore(order, at);
    for (const missing of used.filter(step => skipped(step) && !used.some(other => other.task === step.task && selected.has(other)))) {
      problems.add(`--skip-tags ${skipTags.join(',')} leaves out the task "${missing.name}", whose value "${user.name}" uses`, user.task.site);
    }
  }
}

/** @returns whether playbook and command line mean the same tags */
function checkTags(tasks: readonly LaidTask[], selection: Selection, problems: Problems): boolean {
  const known = [...new Set(tasks.flatMap(task => task.tags))].sort();
  const listed = known.length === 0 ? 'this playbook has no tags' : `its tags are ${known.join(', ')}`;
  const given = [...selection.tags.map(tag => ['--tags', tag] as const), ...selection.skipTags.map(tag => ['--skip-tags', tag] as const)];
  const wrong = given.filter(([, tag]) => !known.includes(tag));
  for (const [option, tag] of wrong) problems.add(`${option} ${tag}: no task of this playbook has this tag; ${listed}`);
  return wrong.length === 0;
}
