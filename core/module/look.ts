/** How a module sees its host, read only: a probe, which is data, or several steps. */
import type { Command } from '../transport/command';
import type { CommandResult, RunOptions, Target } from '../transport/connection';

/** A read-only look that is data: one command and a parser of its output, so the runner may send it ahead together with others. */
export interface Probe<S> {
  readonly kind: 'probe';
  readonly command: Command;
  /** Exit codes that are answers; default `[0]`. */
  readonly expect: readonly number[];
  readonly parse: (result: CommandResult) => S;
  /** What is sent instead when it is sent ahead, see `RunOptions`. */
  readonly ahead?: NonNullable<RunOptions['ahead']>;
  /** Check mode: what the look will see once the changes planned so far are made, asked of `on.foreseen`; `undefined` where they do not concern it. */
  readonly foresee?: (on: Target) => Promise<S | undefined>;
}

/** A read-only look that needs several steps, or talks to a service. */
export interface Live<S> {
  readonly kind: 'live';
  readonly see: (on: Target) => Promise<S>;
  /** It only reads its own host, by commands of the open shell, so the runner may do it before its turn. */
  readonly ahead?: true;
}

export type Look<S> = Probe<S> | Live<S>;

/** A probe: what the command prints, parsed. @param expect exit codes that are answers, `[0]` unless said @param foresee see `Probe` */
export function probe<S>(command: Command, parse: Probe<S>['parse'], expect: readonly number[] = [0], foresee?: Probe<S>['foresee']): Probe<S> {
  return { kind: 'probe', command, parse, expect, ...(foresee === undefined ? {} : { foresee }) };
}

/** A look in several steps. It must change nothing. Done when its turn comes, as for whatever asks a service or another host; see `steps`. */
export function live<S>(see: (on: Target) => Promise<S>): Live<S> {
  return { kind: 'live', see };
}

/** A look in several steps at nothing but the host itself, by short commands (`on.run`, `on.read`): the runner may do it ahead, with those of other tasks. */
export function steps<S>(see: (on: Target) => Promise<S>): Live<S> {
  return { kind: 'live', see, ahead: true };
}

/** The same look, its result turned into something else. */
export function mapLook<A, B>(look: Look<A>, turn: (seen: A) => B): Look<B> {
  if (look.kind === 'live') return { ...look, see: async on => turn(await look.see(on)) };
  const { kind, command, expect, ahead } = look;
  const foresee = turned(look.foresee, turn);
  return { kind, command, expect, parse: result => turn(look.parse(result)), ...(ahead === undefined ? {} : { ahead }), ...(foresee === undefined ? {} : { foresee }) };
}

function turned<A, B>(foresee: Probe<A>['foresee'], turn: (seen: A) => B): Probe<B>['foresee'] {
  if (foresee === undefined) return undefined;
  return async on => {
    const seen = await foresee(on);
    return seen === undefined ? undefined : turn(seen);
  };
}

/** Carries out a look now. Modules use it inside `apply` or another look; the runner does so for tasks. */
export async function see<S>(look: Look<S>, on: Target): Promise<S> {
  if (look.kind === 'live') return await look.see(on);
  const foreseen = on.foreseen?.isEmpty === false ? await look.foresee?.(on) : undefined;
  return foreseen ?? look.parse(await on.run(look.command, { expect: look.expect, ...(look.ahead === undefined ? {} : { ahead: look.ahead }) }));
}
