/** Holds a run to its plan: what differs before it starts, and what a task may change while it runs. */
import { PlanError } from '../errors';
import type { Change } from '../module';
import { changeLine } from '../report/format';
import { paintFor } from '../report/paint';
import type { Guard } from '../run/job';
import { keyOf, type Planned, type PlanFile } from './plan-file';

/** A task and host for which the plan does not fit what is there now. */
export interface Drift {
  readonly host: string;
  readonly task: string;
  readonly planned: Planned | undefined;
  readonly now: Planned | undefined;
}

/** What differs from the plan, on these hosts. @param now what a check finds now */
export function driftOf(plan: PlanFile, now: readonly Planned[], hosts: ReadonlySet<string>): readonly Drift[] {
  const before = new Map(plan.tasks.filter(({ host }) => hosts.has(host)).map(task => [keyOf(task), task]));
  const after = new Map(now.map(task => [keyOf(task), task]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(key => {
    const [planned, found] = [before.get(key), after.get(key)];
    const one = planned ?? found;
    // What was unknown may have become known: it may change what it finds.
    if (one === undefined || planned?.status === 'unknown' || isSame(planned, found)) return [];
    return [{ host: one.host, task: one.task, planned, now: found }];
  });
}

/**
 * The drift for people: hosts, task, what was planned and is not what is there now, and the other way round. Hosts that differ alike stand together.
 * @param order of the hosts
 */
export function driftLines(drift: readonly Drift[], order: readonly string[]): readonly string[] {
  const groups = new Map<string, { readonly hosts: string[]; readonly task: string; readonly lines: readonly string[] }>();
  for (const { host, task, planned, now } of drift) {
    const lines = [...side('planned', planned, now), ...side('now', now, planned), ...alike(planned, now)];
    const key = JSON.stringify([task, lines]);
    const group = groups.get(key) ?? { hosts: [], task, lines };
    group.hosts.push(host);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ hosts, task, lines }) => [`${order.filter(host => hosts.includes(host)).join(', ')}  ${task}`, ...lines]);
}

/** What is around a change in its file may be another: as in a run, the values decide. */
function isSame(planned: Planned | undefined, now: Planned | undefined): boolean {
  return planned?.status === now?.status && only(planned, now).length === 0 && only(now, planned).length === 0;
}

/** Changes of the one that the other does not have. */
function only(one: Planned | undefined, other: Planned | undefined): readonly Change[] {
  const same = (a: Change, b: Change): boolean => a.resource === b.resource && a.property === b.property && a.from === b.from && a.to === b.to;
  return (one?.changes ?? []).filter(change => other?.changes.some(each => same(each, change)) !== true);
}

function side(title: string, task: Planned | undefined, other: Planned | undefined): readonly string[] {
  const own = only(task, other).map(plainLine);
  const lines = task === undefined ? ['nothing to do'] : task.status === 'unknown' ? ['only the run could tell'] : own.length === 0 ? ['nothing like it'] : own;
  return lines.map((line, i) => `    ${(i === 0 ? `${title}:` : '').padEnd(9)}${line}`);
}

function alike(planned: Planned | undefined, now: Planned | undefined): readonly string[] {
  const count = (planned?.changes.length ?? 0) - only(planned, now).length;
  return count === 0 ? [] : [`    ${''.padEnd(9)}(${count} more ${count === 1 ? 'change is' : 'changes are'} as planned)`];
}

function plainLine(change: Change): string {
  return changeLine(change, paintFor(false));
}

/**
 * Permits planned changes only. Tasks that the plan calls unknown may change what they find, and those of a `rescue` too: no check gets there.
 *
 * What an earlier planned change brings about cannot be in the plan to the letter: where an earlier task of the plan changes the same resource, the new
 * value may be another, and after any change a command may give another reason.
 */
export class PlanGuard implements Guard {
  readonly #tasks: ReadonlyMap<string, Planned>;
  readonly #order: readonly Planned[];

  /** @param rescues ids of tasks that run only where another one fails. @param runId of the run that is held to it */
  constructor({ tasks }: PlanFile, private readonly rescues: ReadonlySet<string>, private readonly runId: string) {
    this.#order = tasks;
    this.#tasks = new Map(tasks.map(task => [keyOf(task), task]));
  }

  permit(place: { readonly task: string; readonly host: string }, changes: readonly Change[]): void {
    const planned = this.#tasks.get(keyOf(place));
    if (this.rescues.has(place.task) || planned?.status === 'unknown') return;
    const other = changes.find(change => planned === undefined || !this.#fits(change, planned));
    if (other === undefined) return;
    const wanted = planned === undefined ? 'nothing' : planned.changes.map(plainLine).join('; ');
    throw new PlanError(`${place.host}: "${place.task}" would make a change that is not in the plan: ${plainLine(other)} (planned: ${wanted})`, 'It was not made. Make a new plan.');
  }

  #fits(change: Change, planned: Planned): boolean {
    const to = change.to?.replaceAll(this.runId, '<run>') ?? null;
    const resource = change.resource.replaceAll(this.runId, '<run>');
    return planned.changes.some(one => one.resource === resource && one.property === change.property
      && (one.to === to || (isCommand(one) ? this.#order[0] !== planned : this.#isChangedBefore(resource, planned))));
  }

  #isChangedBefore(resource: string, planned: Planned): boolean {
    const before = this.#order.slice(0, this.#order.indexOf(planned));
    return before.some(task => task.host === planned.host && task.changes.some(one => one.resource === resource));
  }
}

function isCommand({ property, from }: Change): boolean {
  return property === 'run' && from === null;
}
