/** Values that are worked out on the controller, from the values that a task uses. */
import { live, type Query } from '../../core/module';

/**
 * Gives a value to later tasks. `compute` must not change anything and needs no host.
 * @param what in a few words, for messages: `who leaves`
 */
export function computed<V>(what: string, compute: () => V): Query<V> {
  return { kind: 'query', module: 'value.computed', subject: what, effect: 'read', problems: [], look: live(() => Promise.resolve(compute())) };
}
