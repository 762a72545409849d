/** Who commands run as. */
import type { Host } from '../inventory/host';

/**
 * The user to become on a host, `undefined` for the login user. The nearest that says something decides: task, block, play (`said`), then the
 * host's `ansible_become`, then `-b`.
 */
export function becomeUser(host: Host, said: boolean | string | undefined, byDefault: boolean): string | undefined {
  const wanted = said ?? host.connection.become ?? byDefault;
  if (wanted === false) return undefined;
  return wanted === true ? (host.connection.becomeUser ?? 'root') : wanted;
}
