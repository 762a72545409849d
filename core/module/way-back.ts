/** What a module says about the way back from its changes, and what a rollback gets of it. */

/** A module call as data: plain JSON in which no secret stands, so that a journal can keep it. */
export interface Call { readonly module: string; readonly params: object }

/**
 * A path that a change may touch: the path itself with all that is in it, and the file that a link there leads to. With `only` the entry alone: a link and
 * not its file, a directory and not what is in it.
 */
export type Touched = string | { readonly path: string; readonly only: true };

/** How changes are taken back by `runsheet rollback`. */
export interface WayBack {
  /** Without one, no rollback goes back past this change. */
  readonly exists: boolean;
  /** Paths that the runner keeps copies of before the change, and puts back. */
  readonly touches: (runId: string) => readonly Touched[];
  /** Calls that bring the old state back, made after the paths are back. */
  readonly undo: (runId: string) => readonly Call[];
  /** What is done again once the changes before it are back: a restart. */
  readonly again: Call | undefined;
  /** What a person does instead, where there is no way back. */
  readonly instead: string | undefined;
}

/** What a module says about the way back from its changes. None of it: there is none, and no rollback goes back past them. */
export interface Reversal<P, S> {
  /**
   * Paths that the change may make, alter or remove. The runner keeps copies of them on the host before it and a rollback puts them back byte for byte;
   * missing directories above them come with them. `undefined`: there is no way back from this call.
   */
  readonly touches?: (state: S, params: P, runId: string) => readonly Touched[] | undefined;
  /** Calls that bring the old state back, after the paths are back; `[]` where nothing needs to be put back. `undefined`: there is no way back from this call. */
  readonly undo?: (state: S, params: P, runId: string) => readonly Call[] | undefined;
  /** Without a way back: what a person does instead, as in "join it again as a learner". */
  readonly instead?: string;
}

/** Turns it into data for one call, from what was seen before the change. @param again what is done once more after what stands before it is back */
export function wayBack<P, S>(def: Reversal<P, S>, params: P, { state, again }: { readonly state: S; readonly again: Call | undefined }): WayBack {
  const undo = (runId: string): readonly Call[] | undefined => def.undo?.(state, params, runId);
  const touches = (runId: string): readonly Touched[] | undefined => def.touches?.(state, params, runId);
  return {
    exists: undo('') !== undefined || again !== undefined || touches('') !== undefined,
    touches: runId => touches(runId) ?? [],
    undo: runId => undo(runId) ?? [],
    again,
    instead: def.instead,
  };
}
