/** Fingerprints for people, and their lines. */
import type { CommandResult } from '../transport/connection';
import type { Fingerprint } from '../run/undo-record';

/** `not there`, `a file (mode 644, owner 0:0, sha256 1a2b3c4d5e6f)` */
export function said(fingerprint: Fingerprint): string {
  const [type = '', mode = '', owner = '', hash = ''] = fingerprint.split(' ');
  if (type === 'absent') return 'not there';
  const parts = [mode === '-' ? '' : `mode ${mode}`, `owner ${owner}`, hash === '-' ? '' : `sha256 ${hash.slice(0, 12)}`].filter(part => part !== '');
  return `a ${type === 'tree' ? 'directory' : type} (${parts.join(', ')})`;
}

/** The same but for the time of the last change? */
export function isAlike(a: Fingerprint, b: Fingerprint): boolean {
  return a.slice(0, a.lastIndexOf(' ')) === b.slice(0, b.lastIndexOf(' '));
}

/** The lines of a command's output. */
export function linesOf({ stdout }: Pick<CommandResult, 'stdout'>): readonly string[] {
  return stdout.split('\n').filter(line => line !== '');
}
