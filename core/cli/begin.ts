/** The first thing that a run does: it starts the type check, so that the check works while the rest of the runner is still being loaded. */
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { playbookPath } from './load-playbook';
import { checkTypes, type TypeCheck } from './typecheck';

/** A type check that is at work. */
export interface Begun {
  /** The playbook, absolute. */
  readonly path: string;
  readonly types: Promise<TypeCheck>;
}

/** Starts the check of a playbook and its typed inventories. @throws UsageError when the playbook is no file that can be one */
export function begin(playbook: string | undefined, inventories: readonly string[]): Begun {
  const path = playbookPath(playbook);
  const modules = inventories.filter(file => extname(file) === '.ts' && existsSync(file));
  const types = checkTypes([path, ...modules.map(file => resolve(file))]);
  // Whoever awaits it is told; until then it must not end the process.
  types.catch(() => undefined);
  return { path, types };
}
