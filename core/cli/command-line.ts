/** A run's arguments as a person would type them. */
import type { RunArgs } from './run-args';

/** `site.ts -i hosts.ini --limit web`, quoted for a shell; what has its usual value is left out. */
export function shellWords(args: RunArgs): string {
  const { playbook, inventory, limit, set, vars, tags, skipTags, startAt, check, user, become } = args;
  const words = [
    playbook,
    ...inventory.flatMap(file => ['-i', file]),
    ...(limit === undefined ? [] : ['--limit', limit]),
    ...vars.flatMap(file => ['--vars', file]),
    ...set.flatMap(text => ['--set', text]),
    ...(tags.length === 0 ? [] : ['--tags', tags.join(',')]),
    ...(skipTags.length === 0 ? [] : ['--skip-tags', skipTags.join(',')]),
    ...(startAt === undefined ? [] : ['--start-at', startAt]),
    ...(user === undefined ? [] : ['-u', user]),
    ...(become ? ['-b'] : []),
    ...(check ? ['--check'] : []),
  ];
  return words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}
