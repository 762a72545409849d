/** One action on one host in check mode: looks and compares, and stops there. */
import { isRunnerError, messageOf } from '../errors';
import { see, type Action, type Change, type Imperative, type Query, type Resource } from '../module';
import type { Target } from '../transport/connection';
import { judged } from './loss';
import { changeOf, hold } from './perform';
import { known, UNKNOWN, type Outcome } from './values';

/** Where it is previewed. */
export interface PreviewContext {
  readonly on: Target;
  /** Something would have been changed before this action: what is seen now is not what the run will see. */
  readonly planned: boolean;
  readonly isHandler: boolean;
}

/** What the run would do. */
export interface Preview {
  readonly changes: readonly Change[];
  readonly value: Outcome;
  /** A condition that cannot be checked before the planned changes are made. */
  readonly willCheck?: boolean;
  /** It cannot be worked out, and why. */
  readonly unknown?: string;
}

/** Previews it. @throws what a look throws, as long as no planned change may be the cause */
export async function preview(action: Action<unknown>, context: PreviewContext): Promise<Preview> {
  if (action.kind === 'confirm' || action.kind === 'end') return { changes: [], value: known(action.value) };
  if (action.kind === 'check' && context.planned) return { changes: [], value: UNKNOWN, willCheck: true };
  try {
    return await look(action, context);
  } catch (thrown) {
    const error = await judged(thrown, context.on);
    if (!context.planned || context.on.signal.aborted || (isRunnerError(error) && error.kind === 'connection')) throw error;
    return { changes: [], value: UNKNOWN, unknown: `it cannot be looked at before the changes planned above are made: ${messageOf(error)}` };
  }
}

async function look(action: Exclude<Action<unknown>, { kind: 'confirm' | 'end' }>, { on, isHandler }: PreviewContext): Promise<Preview> {
  switch (action.kind) {
    case 'query': return await seen(action, on);
    case 'resource': return await compared(action, on);
    case 'command': return await described(action, on, isHandler);
    case 'check': return { changes: [], value: known(await hold(action, on)) };
    default: return action satisfies never;
  }
}

async function seen(action: Query<unknown>, on: Target): Promise<Preview> {
  return { changes: [], value: known(await see(action.look, on)) };
}

async function compared(action: Resource<unknown>, on: Target): Promise<Preview> {
  const { changes, value, predicted } = await see(action.look, on);
  if (changes.length === 0) return { changes, value: known(value(false)) };
  return { changes, value: predicted === undefined ? UNKNOWN : known(predicted()) };
}

/** A notified handler is listed also where nothing calls for it yet: the changes that notify it are only planned. */
async function described(action: Imperative<unknown>, on: Target, isHandler: boolean): Promise<Preview> {
  const { does, idle } = await see(action.look, on);
  if (does !== undefined) return { changes: [changeOf(action, does)], value: UNKNOWN };
  return isHandler ? { changes: [changeOf(action, `${action.module} ${action.subject}`)], value: UNKNOWN } : { changes: [], value: known(idle()) };
}
