/** Recorded module calls, made again. */
import { UsageError } from '../errors';
import type { Action, Call } from '../module';
import { moduleNamed } from '../registry';

/** Makes the action of a call whose module is loaded. @throws UsageError when it is not */
export function actionOf({ module, params }: Call): Action<unknown> {
  const make = moduleNamed(module);
  if (make === undefined) throw new UsageError(`there is no module ${module}, which the run's record calls`, 'Is this the installation that made the run?');
  return parseAction(make(params as never));
}

/** The registry holds nothing but modules, made by `core/module.ts`. */
function parseAction(made: object): Action<unknown> {
  return made as Action<unknown>;
}
