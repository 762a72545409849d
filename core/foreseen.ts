/**
 * Check mode: what a host will look like once the changes planned so far are made. Later looks of the same host ask here first. A run has none, so a
 * module that asks sees in a run what is there.
 */
import { posix } from 'node:path';
import { UnforeseenError } from './errors';
import type { Secret } from './secret';

/** Mode and owner; `NaN` and `''` where only the run would tell. */
export interface ForeseenOwner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
}

/** What will be at a path. */
export type ForeseenPath =
  | { readonly kind: 'absent' }
  | { readonly kind: 'link'; readonly target: string; /** Where it is known whom the link itself belongs to. */ readonly owned?: ForeseenOwner }
  | { readonly kind: 'file'; readonly content: Buffer | Secret; readonly owned: ForeseenOwner; /** See `tick`. */ readonly mtime: number }
  /** A directory that is not there yet, so nothing is in it but what is planned as well. */
  | { readonly kind: 'directory'; readonly owned: ForeseenOwner }
  /** What is there now, with another mode or owner. */
  | { readonly kind: 'kept'; readonly owned: ForeseenOwner }
  /** Something newly written, of which only that is known. */
  | { readonly kind: 'made'; readonly mtime: number }
  /** Only the run will tell; `whole`: also what is below. */
  | { readonly kind: 'unclear'; readonly whole: boolean };

/** A kind of thing that modules foresee besides paths, and what is foreseen of it at first. One constant for each, in the module that knows it. */
export interface Aspect<T> { readonly fresh: () => T }

/** Seconds since 1970 that are later than any present time: the first planned change. */
const FUTURE = 1e11;

/** The planned changes of one host. Paths are real ones, without links: see `realPath`. */
export class Foreseen {
  readonly #paths = new Map<string, ForeseenPath>();
  readonly #aspects = new Map<Aspect<unknown>, unknown>();
  readonly #blurred = new Set<string>();
  readonly #named = new Set<string>();
  /** Symbolic links of the host that were asked for, `undefined` where there is none. */
  readonly links = new Map<string, string | undefined>();
  #time = FUTURE;
  #isWhole = true;

  /** Is nothing planned that a look could see? */
  get isEmpty(): boolean {
    return this.#time === FUTURE;
  }

  /** Did all that is planned say what it leaves behind? */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Something is planned that cannot say all that it leaves behind: a user's command. */
  lose(): void {
    this.tick();
    this.#isWhole = false;
  }

  /** A moment after all planned so far and after the present, in seconds since 1970: when a file will be written or a process started. */
  tick(): number {
    this.#time += 1;
    return this.#time;
  }

  /** The real paths of which something is planned. */
  get paths(): readonly string[] {
    return [...this.#paths.keys()];
  }

  /** Plans what will be at a path. What was planned below it is forgotten unless what is there stays. */
  put(path: string, will: ForeseenPath): void {
    this.tick();
    const stays = will.kind === 'kept' || (will.kind === 'unclear' && !will.whole);
    if (!stays) {
      for (const other of this.paths.filter(each => each.startsWith(`${path}/`))) this.#paths.delete(other);
    }
    this.#paths.set(path, will);
  }

  /** What will be at a path; `undefined` where what is there now stays. */
  at(path: string): ForeseenPath | undefined {
    const own = this.#paths.get(path);
    if (own !== undefined) return own;
    for (let above = posix.dirname(path); ; above = posix.dirname(above)) {
      const will = this.#paths.get(above);
      if (will !== undefined && will.kind !== 'kept' && !(will.kind === 'unclear' && !will.whole)) return below(will);
      if (above === '/' || above === '.') return undefined;
    }
  }

  /** What is foreseen of another kind of thing. */
  of<T>(aspect: Aspect<T>): T {
    const made = this.#aspects.has(aspect) ? this.#aspects.get(aspect) : aspect.fresh();
    this.#aspects.set(aspect, made);
    // The map holds under an aspect what that aspect made.
    return made as T;
  }

  /** A change of this (a unit, say) could not be worked out: from now on only the run can tell how it is. */
  blur(name: string): void {
    this.tick();
    this.#blurred.add(name);
  }

  /** Something with these names, a unit say, will be another than now: a user's command that names it gives no answer. */
  name(...names: readonly string[]): void {
    for (const name of names) this.#named.add(name);
  }

  /** @throws UnforeseenError when one of the names was blurred */
  requireClear(...names: readonly string[]): void {
    const name = names.find(each => this.#blurred.has(each));
    if (name !== undefined) throw unforeseen(name);
  }

  /** @throws UnforeseenError when a text, a user's command say, names something of which a change is planned */
  requireUnnamed(text: string): void {
    const name = [...this.#paths.keys(), ...this.#blurred, ...this.#named].find(each => mentions(text, each));
    if (name !== undefined) throw unforeseen(name);
  }
}

/** Why a look gives no answer in check mode: the change that is planned has an outcome that only the run will tell. */
export function unforeseen(name: string): UnforeseenError {
  return new UnforeseenError(name);
}

/** A value of which some properties are known only when it runs: whoever reads one of them in check mode is unknown as well. @param name what the value is about */
export function withOpen<T extends object>(value: T, name: string, properties: readonly (keyof T & string)[]): T {
  const copy = { ...value };
  for (const property of properties) Object.defineProperty(copy, property, { enumerable: true, get: () => { throw unforeseen(name); } });
  return copy;
}

function below(will: ForeseenPath): ForeseenPath {
  return will.kind === 'made' || will.kind === 'unclear' ? { kind: 'unclear', whole: true } : { kind: 'absent' };
}

function mentions(text: string, name: string): boolean {
  const escaped = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return new RegExp(`(^|[^\\w./-])${escaped}($|[^\\w.-])`).test(text);
}
