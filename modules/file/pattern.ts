/** Patterns of paths. @see glob(3) */

/** Does a pattern match a path? `*`, `?` and `[...]` match within one name and no leading dot, as glob(3) has it. */
export function matchesPattern(pattern: string, path: string): boolean {
  const names = pattern.split('/');
  const parts = path.split('/');
  return names.length === parts.length && names.every((name, i) => matchesName(name, parts[i] ?? ''));
}

function matchesName(pattern: string, name: string): boolean {
  if (!/[*?[]/.test(pattern)) return pattern === name;
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const source = pattern.replaceAll(/\[(!?)([^\]]+)\]|\*|\?|[\\^$.|+(){}[\]]/g, (found, not: string | undefined, set: string | undefined) => {
    if (found === '*') return '.*';
    if (found === '?') return '.';
    return set === undefined ? `\\${found}` : `[${not === '!' ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
  });
  return new RegExp(`^${source}$`, 's').test(name);
}
