/** Which paths a module accepts. */
import { posix } from 'node:path';

/** What is wrong with a path on a host, each a sentence; a path must be absolute and say which file it means in one way only. */
export function pathProblems(path: string): string[] {
  if (path === '') return ['the path is empty'];
  if (!path.startsWith('/')) return [`the path "${path}" must be absolute: it would start at whatever folder the login has`];
  if (posix.normalize(path) !== path) return [`the path "${path}" must be written out: ${posix.normalize(path)}`];
  if (path !== '/' && path.endsWith('/')) return [`the path "${path}" must not end with a slash`];
  return [];
}

/** Directories of the system that are never removed as a whole, `/` first of all. */
const ROOTS: ReadonlySet<string> = new Set([
  '/', '/bin', '/boot', '/dev', '/etc', '/home', '/lib', '/lib32', '/lib64', '/media', '/mnt', '/opt', '/proc', '/root', '/run', '/sbin', '/srv', '/sys',
  '/tmp', '/usr', '/usr/bin', '/usr/lib', '/usr/local', '/usr/sbin', '/usr/share', '/var', '/var/cache', '/var/lib', '/var/log', '/var/run', '/var/tmp',
]);

/** What is wrong with a path that is to be removed, each a sentence. */
export function removalProblems(path: string): string[] {
  const problems = pathProblems(path);
  if (problems.length > 0) return problems;
  return ROOTS.has(path) || path.startsWith('/proc/') || path.startsWith('/sys/') ? [`${path} belongs to the system and is never removed`] : [];
}

/** The directory that holds a path. */
export function parentOf(path: string): string {
  return posix.dirname(path);
}

/** The last name of a path. */
export function baseOf(path: string): string {
  return posix.basename(path);
}

/** A hidden name beside a path for this run: no include glob matches it, and what a dead run left is found by its name. */
export function besideOf(path: string, runId: string): string {
  return posix.join(posix.dirname(path), `.${posix.basename(path)}.runsheet-${runId}`);
}
