/** Small helpers for values of all hosts: what `all(handle)` gives. */
import { isUnreachable, type Host, type Unreachable } from '../../core';

/** The values turned into something else; who has none stays as it is. */
export function mapValues<A, B>(values: ReadonlyMap<Host, A | Unreachable>, turn: (value: A) => B): ReadonlyMap<Host, B | Unreachable> {
  return new Map([...values].map(([host, value]) => [host, isUnreachable(value) ? value : turn(value)]));
}

/** The first value that there is; else why there is none. */
export function firstOf<T>(values: ReadonlyMap<Host, T | Unreachable>, otherwise: string): T | Unreachable {
  const all = [...values.values()];
  return all.find(value => !isUnreachable(value)) ?? all[0] ?? { unreachable: true, reason: otherwise };
}

/** The first value that there is and is not `undefined`. */
export function firstValue<T>(values: ReadonlyMap<Host, T | Unreachable | undefined>): T | undefined {
  return [...values.values()].find((value): value is T => value !== undefined && !isUnreachable(value));
}
