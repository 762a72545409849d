/** Which kinds of host key a server is asked for. */

/** Tried in this order, behind the types that are known for the host. */
const KEY_ALGORITHMS = [
  'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa',
] as const;

/** All of them, those of the types that are known for the host first. */
export function algorithmsFor(knownTypes: readonly string[]): (typeof KEY_ALGORITHMS)[number][] {
  const types = new Set(knownTypes.flatMap(type => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type])));
  const isKnown = (algorithm: string): boolean => types.has(algorithm);
  return [...KEY_ALGORITHMS.filter(isKnown), ...KEY_ALGORITHMS.filter(algorithm => !isKnown(algorithm))];
}
