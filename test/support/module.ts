/** Carries out module calls without the engine: look, compare, act, look again. */
import { expect } from 'vitest';
import { see, type Action, type Change } from '../../core/module';
import { actionOf } from '../../core/rollback/calls';
import { restored } from '../../core/rollback/restored';
import { UndoKeeper } from '../../core/run/undo';
import { parseUndo } from '../../core/run/undo-record';
import type { Target } from '../../core/transport/connection';

/** What carrying out an action did. */
export interface Outcome<V> {
  /** Of a command, what it said it would do. */
  readonly changes: readonly Change[];
  readonly changed: boolean;
  readonly value: V;
}

/** Carries out an action as a run does; a second difference after `apply`, a failed check or verification throws. */
export async function carryOut<V>(action: Action<V>, on: Target): Promise<Outcome<V>> {
  expect(action.problems).toEqual([]);
  switch (action.kind) {
    case 'query': return { changes: [], changed: false, value: await see(action.look, on) };
    case 'confirm':
    case 'end': return { changes: [], changed: false, value: action.value };
    case 'check': {
      const finding = await found(action, on);
      return { changes: [], changed: false, value: finding };
    }
    case 'resource': {
      const { changes, apply, value } = await see(action.look, on);
      if (changes.length === 0) return { changes, changed: false, value: value(false) };
      await apply(on);
      const after = await see(action.look, on);
      expect(after.changes, 'did not converge').toEqual([]);
      return { changes, changed: true, value: after.value(true) };
    }
    case 'command': {
      const intent = await see(action.look, on);
      if (intent.does === undefined) return { changes: [], changed: false, value: intent.idle() };
      const value = await intent.run(on);
      const verdict = await intent.verify(on, value);
      if (verdict !== true) throw new Error(verdict);
      return { changes: [{ resource: action.subject, property: 'does', from: null, to: intent.does }], changed: true, value };
    }
  }
}

/** What check mode sees: the changes of a resource, what a command would do. Nothing is changed. */
export async function planned<V>(action: Action<V>, on: Target): Promise<readonly Change[]> {
  expect(action.problems).toEqual([]);
  if (action.kind === 'resource') return (await see(action.look, on)).changes;
  if (action.kind !== 'command') return [];
  const { does } = await see(action.look, on);
  return does === undefined ? [] : [{ resource: action.subject, property: 'does', from: null, to: does }];
}

/**
 * Carries out a call twice, each made afresh: the first changes something, exactly what check mode said before, the second finds nothing to do.
 * @returns the first outcome
 */
export async function changesOnce<V>(make: () => Action<V>, on: Target): Promise<Outcome<V>> {
  const plan = await planned(make(), on);
  expect(plan, 'nothing is planned').not.toEqual([]);
  const first = await carryOut(make(), on);
  expect(first.changes).toEqual(plan);
  expect(await planned(make(), on), 'a second run has something to do').toEqual([]);
  expect(await carryOut(make(), on)).toMatchObject({ changed: false });
  return first;
}

/** Carries out a resource with a record as a run keeps it, and takes it back as `runsheet rollback` does. A second time there is nothing to take back. */
export async function applyAndTakeBack<V>(action: Action<V>, on: Target): Promise<void> {
  if (action.kind !== 'resource') throw new Error('only a resource is taken back');
  const { apply, back } = await see(action.look, on);
  expect(back.exists, 'there is no way back').toBe(true);
  const lines: string[] = [];
  const log = { next: () => lines.length + 1, append: (line: object) => { lines.push(JSON.stringify(line)); return Promise.resolve(); }, close: () => undefined };
  await new UndoKeeper(log, { task: 'task', name: 'task', become: undefined }, text => { throw new Error(text); }).around({ action, back, on }, () => apply(on));
  for (const change of parseUndo(lines.join('\n'))) {
    const make = (): Action<unknown> => restored({ change, chains: [], isFinished: false, includeUnfinished: false });
    await carryOut(make(), on);
    for (const call of change.calls) await carryOut(actionOf(call), on);
    expect(await carryOut(make(), on)).toMatchObject({ changed: false });
  }
}

async function found<V>(action: Extract<Action<V>, { kind: 'check' }>, on: Target): Promise<V> {
  const until = Date.now() + (action.patience?.timeoutMs ?? 0);
  for (;;) {
    const finding = await see(action.look, on);
    if (finding.ok) return finding.value;
    if (Date.now() >= until) throw new Error(finding.reason);
    await new Promise(resolve => setTimeout(resolve, action.patience?.everyMs));
  }
}
