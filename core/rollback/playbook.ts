/** A rollback is a playbook like any other: with locks, check mode, a journal, and a way back of its own. */
import { UsageError } from '../errors';
import type { Host, Inventory } from '../inventory/host';
import type { Action, Call, Confirm } from '../module';
import { play, type Play } from '../play';
import { playbook, type Playbook } from '../playbook';
import type { UndoRecord } from '../run/undo-record';
import { all, task, type Task } from '../task';
import { actionOf } from './calls';
import { chainsOf, type Chain } from './chain';
import { unchanged } from './conflicts';
import { legsBack, type Leg } from './order';
import { restored } from './restored';

/** What earlier rollbacks of the same run came to: none was begun, the last one did not end well, or it did. */
export type Earlier = 'none' | 'unfinished' | 'finished';

export interface RollbackOptions {
  /** Id of the run that is taken back. */
  readonly run: string;
  /** What is taken back, in the order in which it was done. Their modules are loaded. */
  readonly changes: readonly UndoRecord[];
  readonly inventory: Inventory;
  readonly earlier: Earlier;
  readonly includeUnfinished: boolean;
}

type Stage = readonly UndoRecord[];

/** The playbook: look for what others changed, ask, then go back leg by leg. @throws UsageError when a host is not in the inventory, or a module is unknown */
export function rollbackPlaybook(options: RollbackOptions): Playbook {
  const { run, changes, inventory } = options;
  // Restarts alone put nothing back.
  const legs = legsBack(changes).filter(leg => leg.back.length > 0);
  const hostOf = (name: string): Host => {
    const host = inventory.find(name);
    if (host === undefined) throw new UsageError(`the run changed ${name}, which is not in this inventory`, 'Name the inventory of the run with -i, or leave the host out with --limit.');
    return host;
  };
  const maker = new Maker(options, stages => [...new Set(stages.flat().map(({ host }) => host))].map(hostOf));
  return playbook({ name: `Rollback of ${run}`, anyErrorsFatal: true, plays: [...maker.looks(), maker.ask(legs), ...legs.map(leg => maker.leg(leg))] });
}

class Maker {
  readonly #chains: ReadonlyMap<UndoRecord, readonly Chain[]>;
  readonly #isFinished: boolean;

  constructor(private readonly options: RollbackOptions, private readonly hostsOf: (stages: readonly Stage[]) => readonly Host[]) {
    this.#chains = chainsOf(options.changes);
    this.#isFinished = options.earlier === 'finished';
  }

  /** One for each user that the run became. */
  looks(): readonly Play[] {
    const { changes, includeUnfinished } = this.options;
    const withPaths = [...changes].reverse().filter(({ paths }) => paths.length > 0);
    const users = [...new Set(withPaths.map(({ become }) => become))];
    return users.map(become => {
      const own = withPaths.filter(change => change.become === become);
      const look = task('See that nobody else changed it since', ({ host }) => unchanged({ changes: on(own, host), chains: this.#chains, isFinished: this.#isFinished, includeUnfinished }), { become: become ?? false });
      return play({ name: `Look${become === null ? '' : ` as ${become}`}`, hosts: this.hostsOf([own]), tasks: [look] });
    });
  }

  ask(legs: readonly Leg[]): Play {
    const hosts = this.hostsOf(legs.flatMap(({ back }) => back));
    const count = legs.reduce((sum, { back }) => sum + back.flat().length, 0);
    const text = `Take back ${count} ${count === 1 ? 'change' : 'changes'} of run ${this.options.run} on ${hosts.map(host => host.name).join(', ')}?`;
    const question: Confirm<undefined> = { kind: 'confirm', module: 'rollback.ask', subject: this.options.run, effect: 'read', problems: [], text, value: undefined };
    return play({ name: 'Ask', hosts: hosts.slice(0, 1), tasks: [task('Ask', question)] });
  }

  leg(leg: Leg): Play {
    const changing: Task<unknown>[] = [];
    const tasks = leg.back.flatMap(stage => this.#back(stage, changing));
    const uses = Object.fromEntries(changing.map((each, i) => [`task ${i + 1}`, all(each)]));
    const again = leg.again.map(stage => task(`Again: ${nameOf(stage)}`, ({ host }) => on(stage, host).flatMap(({ again: call }) => (call === undefined ? [] : [actionOf(call)])), {
      uses, become: becomeOf(stage),
      when: ({ host, ...values }) => on(stage, host).length > 0 && this.#isDue(changing.length > 0 ? Object.values(values) : undefined),
    }));
    return play({ name: `Back before ${nameOf(leg.back.at(-1) ?? [])}`, hosts: this.hostsOf([...leg.back, ...leg.again]), tasks: [...tasks, ...again] });
  }

  /** The tasks that take one stage back. @param changing gets those whose values say whether they changed something, also in check mode */
  #back(stage: Stage, changing: Task<unknown>[]): readonly Task<unknown>[] {
    const { includeUnfinished } = this.options;
    const become = becomeOf(stage);
    const has = (of: Stage) => ({ host }: { readonly host: Host }): boolean => on(of, host).length > 0;
    const withPaths = stage.filter(({ paths }) => paths.length > 0);
    const files = withPaths.length === 0 ? [] : [task(`Put back: ${nameOf(stage)}`, ({ host }) => on(withPaths, host).map(change => restored({ change, chains: this.#chains.get(change) ?? [], isFinished: this.#isFinished, includeUnfinished })), { when: has(withPaths), become })];
    const resources = stage.filter(change => this.#statesOf(change).length > 0);
    const states = resources.length === 0 ? [] : [task(`Take back: ${nameOf(stage)}`, ({ host }) => on(resources, host).flatMap(change => this.#statesOf(change)), { when: has(resources), become })];
    const commands = stage.filter(change => actionsIn(change, 'other').length > 0);
    changing.push(...files, ...states);
    // What is no state is done where it has an effect to take back: after files that came back.
    const uses = Object.fromEntries(files.map(each => ['files', all(each)]));
    const rest = commands.length === 0 ? [] : [task(`Then: ${nameOf(stage)}`, ({ host }) => on(commands, host).flatMap(change => actionsIn(change, 'other')), {
      uses, become, when: ({ host, ...values }) => has(commands)({ host }) && this.#isDue(files.length > 0 ? Object.values(values) : undefined),
    })];
    return [...files, ...states, ...rest];
  }

  /** Once the run was taken back, what a state was first is all that counts: stopping what was stopped and started again would be no going back. */
  #statesOf(change: UndoRecord): readonly Action<unknown>[] {
    const actions = actionsIn(change, 'resource');
    if (!this.#isFinished) return actions;
    const earlier = this.options.changes.filter(({ host, seq }) => host === change.host && seq < change.seq).flatMap(each => actionsIn(each, 'resource'));
    return actions.filter(action => !earlier.some(each => each.module === action.module && each.subject === action.subject));
  }

  /** Is to be done what cannot be read from a state? @param values of the tasks that it depends on; without them only the first rollback does it */
  #isDue(values: readonly unknown[] | undefined): boolean {
    if (this.options.earlier === 'unfinished') return true;
    return values === undefined ? this.options.earlier === 'none' : values.some(hasChanged);
  }
}

function actionsIn({ calls }: UndoRecord, kind: 'resource' | 'other'): readonly Action<unknown>[] {
  return calls.map((call: Call) => actionOf(call)).filter(action => (action.kind === 'resource') === (kind === 'resource'));
}

/** A value of a task, or of several actions, or of all hosts. */
function hasChanged(value: unknown): boolean {
  if (value instanceof Map) return [...value.values()].some(hasChanged);
  if (Array.isArray(value)) return value.some(hasChanged);
  return typeof value === 'object' && value !== null && 'changed' in value && value.changed === true;
}

function on(stage: Stage, { name }: Host): Stage {
  return stage.filter(({ host }) => host === name);
}

function nameOf(stage: Stage): string {
  return stage[0]?.name ?? '';
}

function becomeOf(stage: Stage): string | false {
  return stage[0]?.become ?? false;
}
