/** Everything that is done before the first connection: types, inventory, playbook, variables, plan. */
import { PlaybookError } from '../errors';
import type { Inventory } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import type { Playbook } from '../playbook';
import type { Plan, Selection } from '../run/job';
import { planRun } from '../run/plan';
import { newRunId } from '../run/run-id';
import type { Begun } from './begin';
import type { CheckedSources } from './check-memory';
import { HostValues, hostVarsOf, shareOut } from './host-values';
import { resolveLimit } from './limit';
import { loadPlaybook } from './load-playbook';
import type { PlaybookOptions } from './options';
import { parseVars, tellingOf } from './parse-vars';
import { varsOf } from './schema';
import { collectVars, readGiven } from './set-vars';

/** A playbook that could run. */
export interface Prepared {
  readonly runId: string;
  /** The playbook's file, absolute. */
  readonly path: string;
  readonly playbook: Playbook;
  readonly inventory: Inventory;
  /** As the playbook's schema parsed them. */
  readonly vars: unknown;
  readonly selection: Selection;
  readonly plan: Plan;
  /** The TypeScript that was checked. */
  readonly checked: CheckedSources;
}

/** One whose types are not checked yet. */
export type Laid = Omit<Prepared, 'checked'>;

/** Called with the name of each step that has ended, for `--verbose`. */
export type Mark = (step: string) => void;

/**
 * Loads and checks all that a run needs; connects to nothing. The problems of the type check come first: what else is wrong is often only what
 * follows from them.
 * @param ready called when all but the types is known to be right
 * @throws UsageError, InventoryError or PlaybookError
 */
export async function prepare({ path, types }: Begun, options: PlaybookOptions, mark: Mark, ready: (laid: Laid) => void = () => undefined): Promise<Prepared> {
  const planned = attempt(() => {
    const laid = layOut(path, options, mark);
    ready(laid);
    return laid;
  });
  const { problems, changed, remembered, sources } = await types;
  mark(remembered ? 'types unchanged' : 'types checked');
  if (problems.length > 0) throw new PlaybookError(problems);
  const laid = planned();
  const meanwhile = changed();
  if (meanwhile.length > 0) throw new PlaybookError(meanwhile);
  return { ...laid, checked: sources };
}

function layOut(path: string, options: PlaybookOptions, mark: Mark): Laid {
  const inventory = loadInventory(options.inventory);
  mark('inventory read');
  const playbook = loadPlaybook(path);
  mark('playbook loaded');
  const schema = varsOf(playbook);
  const given = shareOut(playbook, readGiven(options.vars, options.set));
  const parsed = parseVars(schema, collectVars(schema, given.own), inventory, tellingOf(given.own));
  if (!parsed.ok) throw new PlaybookError(parsed.problems);
  const hostValues = new HostValues(hostVarsOf(playbook), { inventory, given: given.ofHosts });
  const { tags, skipTags, startAt } = options;
  const limit = resolveLimit(options.limit, { inventory, playbook: path });
  const selection: Selection = { tags, skipTags, ...(limit === undefined ? {} : { limit }), ...(startAt === undefined ? {} : { startAt }) };
  const runId = newRunId();
  const plan = planRun({ runId, playbook, vars: parsed.vars, inventory, selection });
  hostValues.verify(plan.hosts);
  mark('plan laid out');
  return { runId, path, playbook, inventory, vars: parsed.vars, selection, plan };
}

/** Does it now, and throws later what it threw. */
function attempt<T>(what: () => T): () => T {
  try {
    const value = what();
    return () => value;
  } catch (error) {
    return () => { throw error; };
  }
}
