/** Names of units. @see systemd.unit(5) */

const TYPES = ['service', 'socket', 'device', 'mount', 'automount', 'swap', 'target', 'path', 'timer', 'slice', 'scope'];

/** The full name of a unit: `kube-etcd` is `kube-etcd.service`, as for systemctl. */
export function unitName(name: string): string {
  return TYPES.some(type => name.endsWith(`.${type}`)) ? name : `${name}.service`;
}

/** What is wrong with a unit's name, as sentences; empty when it is one. */
export function unitNameProblems(name: string): readonly string[] {
  if (/^[A-Za-z0-9:_.\\@-]+$/.test(name) && !name.startsWith('-') && unitName(name).length <= 255) return [];
  return [`"${name}" is not a unit's name: letters, digits and :-_.\\@ are allowed, no path and no glob`];
}

/** The two halves of `prefix@instance.type`; without an `@` the instance is empty. */
export function instanceOf(unit: string): { readonly prefix: string; readonly instance: string } {
  const stem = unit.replace(/\.[a-z]+$/, '');
  const at = stem.indexOf('@');
  return at === -1 ? { prefix: stem, instance: '' } : { prefix: stem.slice(0, at), instance: stem.slice(at + 1) };
}

/** The template of an instance, `getty@.service` for `getty@tty1.service`; `undefined` for other units. */
export function templateOf(unit: string): string | undefined {
  const { prefix, instance } = instanceOf(unit);
  return instance === '' ? undefined : `${prefix}@${unit.slice(unit.lastIndexOf('.'))}`;
}

/**
 * The names of the directories that hold a unit's drop-ins, the most particular first: a file there hides one of the same name in a later
 * directory. @see systemd.unit(5): "foo-.service.d", "service.d"
 */
export function dropInDirectories(names: readonly string[]): readonly string[] {
  const directories = names.flatMap(name => {
    const type = name.slice(name.lastIndexOf('.'));
    const template = templateOf(name);
    const stem = instanceOf(name).prefix;
    const dashes = [...stem.matchAll(/-/g)].map(match => stem.slice(0, match.index + 1)).filter(prefix => prefix !== stem).reverse();
    return [name, ...(template === undefined ? [] : [template]), ...dashes.map(prefix => `${prefix}${type}`), type.slice(1)];
  });
  const types = directories.filter(directory => TYPES.includes(directory));
  const others = directories.filter(directory => !TYPES.includes(directory));
  return [...new Set([...others, ...types])].map(directory => `${directory}.d`);
}
