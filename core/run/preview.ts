/** One action on one host in check mode: looks and compares, and stops there. */
import { isRunnerError, messageOf } from '../errors';
import { see, type Action, type Change, type Imperative, type Query, type Resource, type Standing } from '../module';
import { realPath } from '../real-path';
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
    const { foreseen } = context.on;
    if (!(context.planned || foreseen?.isEmpty === false) || context.on.signal.aborted || (isRunnerError(error) && error.kind === 'connection')) throw error;
    // What comes after it must not take the present state of this for the future one.
    await blur(action, context.on);
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
  const standing = await see(action.look, on);
  const { changes, value, predicted } = standing;
  if (changes.length === 0) return { changes, value: known(value(false)) };
  await foretell(action, standing, on);
  return { changes, value: predicted === undefined ? UNKNOWN : known(predicted()) };
}

/** Of a notified handler that sees nothing to do nobody knows: the changes that notify it are only planned, and may not all be foreseen. */
async function described(action: Imperative<unknown>, on: Target, isHandler: boolean): Promise<Preview> {
  const intent = await see(action.look, on);
  const { does, idle } = intent;
  const isSure = !isHandler || (intent.foretell !== undefined && on.foreseen?.isWhole === true);
  if (does === undefined && isSure) return { changes: [], value: known(idle()) };
  await foretell(action, intent, on);
  if (does === undefined) return { changes: [], value: UNKNOWN, unknown: 'whether it finds something to do is known only once the changes that notify it are made' };
  const value = intent.predicted();
  return { changes: [changeOf(action, does)], value: value === undefined ? UNKNOWN : known(value) };
}

/** Notes what will be left behind; where the module cannot say so, that it is unclear. */
async function foretell(action: Action<unknown>, { foretell: tell, back }: Pick<Standing<unknown>, 'foretell' | 'back'>, on: Target): Promise<void> {
  const { foreseen } = on;
  if (foreseen === undefined) return;
  try {
    if (tell !== undefined) {
      await tell(on);
      return;
    }
  } catch (error) {
    if (!isRunnerError(error) || (error.kind !== 'unforeseen' && error.kind !== 'refused')) throw error;
    await blur(action, on);
  }
  foreseen.lose();
  for (const touched of back.touches(on.runId)) await blurPath(on, typeof touched === 'string' ? touched : touched.path, typeof touched === 'string');
}

/** What the action is about is unclear from now on: a path, or the first word of `kube-etcd.service --name`. */
async function blur({ kind, subject }: Action<unknown>, on: Target): Promise<void> {
  const [name = ''] = subject.split(' ');
  if (kind !== 'resource') return;
  if (subject.startsWith('/')) await blurPath(on, subject, true);
  else if (name !== '') on.foreseen?.blur(name);
}

async function blurPath(on: Target, path: string, whole: boolean): Promise<void> {
  const own = await realPath(on, path, false);
  on.foreseen?.put(own.path, { kind: 'unclear', whole });
  if (whole && own.link !== undefined) on.foreseen?.put((await realPath(on, path, true)).path, { kind: 'unclear', whole });
}
