/** A playbook laid out: every play, block and task with its id and its hosts, before any connection. */
import type { Host } from '../inventory/host';
import type { Play } from '../play';
import type { Block, Fact, Flush, Handler, Step, Task, TaskUse, Use } from '../task';
import { batchesOf } from './batches';

/** A task at one place of the playbook. The same handle may stand at several. */
export interface LaidTask {
  readonly kind: 'task';
  /** Path, `play/block/name#2`; unique in the playbook. */
  readonly id: string;
  readonly name: string;
  readonly task: Task<unknown>;
  /** Its own, its blocks' and its play's. */
  readonly tags: readonly string[];
  /** The nearest of task, blocks and play that says something. */
  readonly become: boolean | string | undefined;
  readonly isHandler: boolean;
  /** The blocks around it that have a `when`, the outermost first. */
  readonly within: readonly Block[];
}

/** A block with its three lists. */
export interface LaidBlock {
  readonly kind: 'block';
  readonly id: string;
  readonly block: Block;
  readonly tasks: readonly LaidStep[];
  readonly rescue: readonly LaidStep[];
  readonly always: readonly LaidStep[];
}

/** What stands in a list. */
export type LaidStep = LaidTask | LaidBlock | Flush;

/** A handler and the task that it is in this play. */
export interface LaidHandler { readonly handler: Handler; readonly step: LaidTask }

/** A list that hosts go through, and after it the handlers that it notified. */
export interface LaidPart {
  readonly kind: 'drain' | 'tasks' | 'gate' | 'undrain';
  readonly steps: readonly LaidStep[];
}

/** A play with its hosts and everything in it. */
export interface LaidPlay {
  readonly id: string;
  readonly play: Play;
  /** After `--limit`: a pattern's hosts in the order of the inventory, hosts given as data in their own. */
  readonly hosts: readonly Host[];
  readonly strategy: NonNullable<Play['strategy']>;
  /** The hosts in the portions that `serial` or `rolling` asks for. */
  readonly batches: readonly (readonly Host[])[];
  /** In the order in which a host goes through them: its tasks, and with `rolling` what stands before and after them. */
  readonly parts: readonly LaidPart[];
  /** Those of all parts. */
  readonly steps: readonly LaidStep[];
  /** Those listed, in their order, then those only notified, in the order of definition. */
  readonly handlers: readonly LaidHandler[];
  readonly anyErrorsFatal: boolean;
}

/** The whole playbook. */
export interface Layout {
  readonly plays: readonly LaidPlay[];
  /** All hosts that any play works on, in the order of the inventory. */
  readonly hosts: readonly Host[];
  /** What `--tags` and `--skip-tags` leave. */
  readonly selected: ReadonlySet<LaidTask>;
}

/** All tasks below these steps, in the order of the playbook. */
export function tasksIn(steps: readonly LaidStep[]): readonly LaidTask[] {
  return steps.flatMap(step => (step.kind === 'task' ? [step] : step.kind === 'flush' ? [] : tasksIn([...step.tasks, ...step.rescue, ...step.always])));
}

/** Those that a host comes through while nothing fails. */
export function tasksAhead(steps: readonly LaidStep[]): readonly LaidTask[] {
  return steps.flatMap(step => (step.kind === 'task' ? [step] : step.kind === 'flush' ? [] : tasksAhead([...step.tasks, ...step.always])));
}

/** Whose values it needs: for itself, and for the conditions of its blocks. */
export function usesOf(step: LaidTask): readonly TaskUse[] {
  return allUsesOf(step).filter(use => use.kind !== 'fact');
}

/** The facts that it needs. */
export function factsOf(step: LaidTask): readonly Fact<unknown>[] {
  return allUsesOf(step).filter(use => use.kind === 'fact');
}

function allUsesOf({ task, within }: LaidTask): readonly Use[] {
  return [...within.map(block => block.options), task.options].flatMap(({ uses = {} }) => Object.values(uses));
}

/** The handlers that a task notifies. */
export function notifiedBy(task: Task<unknown>): readonly Handler[] {
  const { notify } = task.options;
  if (notify === undefined) return [];
  return 'kind' in notify ? [notify] : notify;
}

type Above = Pick<LaidTask, 'id' | 'tags' | 'become' | 'within'>;

/** Lays out plays; ids are the path of names, with `#2`, `#3` where a path is taken. One for each playbook. */
export class Layouter {
  readonly #taken = new Set<string>();

  /** Lays out one play for its hosts. */
  play(play: Play, hosts: readonly Host[], anyErrorsFatal: boolean): LaidPlay {
    const above: Above = { id: this.#id(play.name), tags: play.tags ?? [], become: play.become, within: [] };
    const parts = this.#parts(play, above);
    const steps = parts.flatMap(part => part.steps);
    const handlers = handlersOf(play, steps).map(handler => ({ handler, step: this.#task(handler.task, { ...above, id: `${above.id}/handlers` }, true) }));
    const strategy = play.strategy ?? 'linear';
    return {
      id: above.id, play, hosts, strategy, parts, steps, handlers,
      batches: batchesOf(hosts, strategy === 'rolling' ? (play.rolling?.batch ?? 1) : play.serial),
      anyErrorsFatal: play.anyErrorsFatal ?? anyErrorsFatal,
    };
  }

  #parts({ tasks, rolling = {} }: Play, above: Above): readonly LaidPart[] {
    const own = (kind: 'drain' | 'gate' | 'undrain'): LaidPart => ({ kind, steps: this.#steps(rolling[kind] ?? [], { ...above, id: `${above.id}/${kind}` }) });
    const main: LaidPart = { kind: 'tasks', steps: this.#steps(tasks, above) };
    return [own('drain'), main, own('gate'), own('undrain')].filter(part => part.kind === 'tasks' || part.steps.length > 0);
  }

  #steps(steps: readonly Step[], above: Above): readonly LaidStep[] {
    return steps.map(step => (step.kind === 'task' ? this.#task(step, above, false) : step.kind === 'flush' ? step : this.#block(step, above)));
  }

  #block(block: Block, above: Above): LaidBlock {
    const { options } = block;
    const own: Above = {
      id: this.#id(`${above.id}/${block.name}`), tags: merge(above.tags, options.tags), become: options.become ?? above.become,
      within: options.when === undefined ? above.within : [...above.within, block],
    };
    return {
      kind: 'block', id: own.id, block,
      tasks: this.#steps(options.tasks, own),
      rescue: this.#steps(options.rescue ?? [], { ...own, id: `${own.id}/rescue` }),
      always: this.#steps(options.always ?? [], { ...own, id: `${own.id}/always` }),
    };
  }

  #task(task: Task<unknown>, above: Above, isHandler: boolean): LaidTask {
    return {
      kind: 'task', id: this.#id(`${above.id}/${task.name}`), name: task.name, task,
      tags: merge(above.tags, task.options.tags), become: task.options.become ?? above.become, isHandler, within: above.within,
    };
  }

  #id(path: string): string {
    let id = path;
    for (let n = 2; this.#taken.has(id); n++) id = `${path}#${n}`;
    this.#taken.add(id);
    return id;
  }
}

function handlersOf(play: Play, steps: readonly LaidStep[]): readonly Handler[] {
  return [...new Set([...(play.handlers ?? []), ...tasksIn(steps).flatMap(step => notifiedBy(step.task))])];
}

function merge(above: readonly string[], own: readonly string[] = []): readonly string[] {
  return [...new Set([...above, ...own])];
}
