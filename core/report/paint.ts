/** Colours by meaning. NO_COLOR and FORCE_COLOR are honoured (picocolors). */
import pc from 'picocolors';
import type { Status } from './events';

type Brush = (text: string) => string;

export type Paint = Readonly<Record<Status | 'bold' | 'dim' | 'added' | 'removed' | 'warning', Brush>>;

/** @param colour whether the output shows colours at all */
export function paintFor(colour: boolean): Paint {
  const c = pc.createColors(colour);
  return {
    ok: c.green, changed: c.yellow, skipped: c.cyan, failed: c.red, unreachable: c.red, unknown: c.magenta,
    bold: c.bold, dim: c.dim, added: c.green, removed: c.red, warning: c.yellow,
  };
}
