/** Lays out a playbook before any connection and says all that is wrong with it at once. */
import type { Host, Inventory } from '../inventory/host';
import type { Play } from '../play';
import type { Plan, PlannedTask, RunJob } from './job';
import { Layouter, notifiedBy, tasksIn, type LaidPlay, type LaidTask, type Layout } from './layout';
import { Problems } from './problems';
import { blocksIn, limitHosts, selectTasks } from './select';
import { verifyPlays } from './verify';
import { verifyUses } from './verify-uses';

/** What a plan is made from. */
export type PlanJob = Pick<RunJob, 'runId' | 'playbook' | 'vars' | 'inventory' | 'selection'>;

/**
 * The playbook as it would run: plays with their hosts, tasks with their ids.
 * @throws PlaybookError with every problem that was found, each with its place
 */
export function planRun(job: PlanJob): Plan {
  const layout = layOut(job);
  const planned = (step: LaidTask): PlannedTask => ({ id: step.id, name: step.name, tags: step.tags, selected: layout.selected.has(step) });
  return {
    hosts: layout.hosts,
    rescues: new Set(layout.plays.flatMap(rescuesOf)),
    plays: layout.plays.map(({ id, play, hosts, steps, handlers }) => ({
      id, name: play.name, hosts, named: namedBy(play), requireLimit: play.requireLimit ?? false,
      tasks: tasksIn(steps).map(planned),
      handlers: handlers.map(({ step }) => planned(step)),
    })),
  };
}

function namedBy({ hosts }: Play): string {
  return typeof hosts === 'string' ? hosts : ('name' in hosts ? [hosts] : hosts).map(host => host.name).join(',');
}

function rescuesOf({ steps, handlers }: LaidPlay): readonly string[] {
  const tasks = blocksIn(steps).flatMap(block => tasksIn(block.rescue));
  const notified = new Set(tasks.flatMap(step => notifiedBy(step.task)));
  return [...tasks, ...handlers.filter(({ handler }) => notified.has(handler)).map(({ step }) => step)].map(step => step.id);
}

/** The same with everything that the engine needs. @throws PlaybookError */
export function layOut(job: PlanJob): Layout {
  const problems = new Problems();
  const { inventory, selection, playbook } = job;
  const limited = limitHosts(inventory, selection.limit, problems);
  // What the playbook itself refuses is told alone: its plays may not even make sense for it.
  refuse(job, inventory.hosts.filter(host => limited.has(host)), problems);
  problems.throwAny();
  const declared = declaredPlays(job, problems);
  const layouter = new Layouter();
  const plays = declared.map(play => layouter.play(play, hostsOf(play, inventory, problems).filter(host => limited.has(host)), playbook.anyErrorsFatal ?? false));
  verifyPlays(plays, inventory, problems);
  verifyUses(plays, selection.limit !== undefined, problems);
  const selected = selectTasks(plays, selection, problems);
  const inPlays = new Set(plays.flatMap(play => play.hosts));
  const hosts = inventory.hosts.filter(host => inPlays.has(host));
  if (selection.limit !== undefined && hosts.length === 0 && limited.size < inventory.hosts.length) {
    problems.add(`--limit ${selection.limit} leaves no host of this playbook`);
  }
  problems.throwAny();
  return { plays, hosts, selected };
}

function declaredPlays({ playbook, vars, inventory, runId }: PlanJob, problems: Problems): readonly Play[] {
  try {
    const plays = typeof playbook.plays === 'function' ? playbook.plays({ vars, inventory, runId }) : playbook.plays;
    if (plays.length === 0) problems.add(`the playbook "${playbook.name}" has no plays`, playbook.site);
    return plays;
  } catch (error) {
    problems.addThrown(error, playbook.site);
    return [];
  }
}

/** The hosts of a play before `--limit`. An empty list given as data is none, a pattern that matches none is a problem. */
function hostsOf(play: Play, inventory: Inventory, problems: Problems): readonly Host[] {
  if (typeof play.hosts !== 'string') return givenHosts(play, 'name' in play.hosts ? [play.hosts] : play.hosts, inventory, problems);
  try {
    const hosts = inventory.select(play.hosts);
    if (hosts.length === 0) problems.add(`the play "${play.name}": its pattern "${play.hosts}" matches no host of the inventory`, play.site);
    return hosts;
  } catch (error) {
    problems.addThrown(error, play.site);
    return [];
  }
}

/** Hosts given as data, in the order given; each must be one of the inventory's own. */
function givenHosts(play: Play, hosts: readonly Host[], inventory: Inventory, problems: Problems): readonly Host[] {
  const known = new Set(inventory.hosts);
  for (const host of hosts) {
    if (!known.has(host)) problems.add(`the play "${play.name}": its host ${host.name} is not in the inventory`, play.site);
  }
  return [...new Set(hosts)].filter(host => known.has(host));
}

function refuse({ playbook, vars, inventory, runId }: PlanJob, selected: readonly Host[], problems: Problems): void {
  try {
    for (const problem of playbook.refuse?.({ vars, inventory, runId, selected }) ?? []) problems.add(problem);
  } catch (error) {
    problems.addThrown(error, playbook.site);
  }
}
