import { homedir } from 'node:os';
import { join } from 'node:path';

/** A path in which a leading `~/` stands for the user's home. */
export function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
