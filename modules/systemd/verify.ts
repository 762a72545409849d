/** Lets systemd itself judge new unit texts before they are put in place. @see systemd-analyze(1), "verify" */
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import type { SourceText } from './effective';

/** The files of a unit as they are and as they would be. */
export interface UnitCandidate {
  readonly unit: string;
  readonly before: readonly SourceText[];
  readonly after: readonly SourceText[];
}

/**
 * Has `systemd-analyze verify` read the unit in a scratch directory, once as it is and once as it would be.
 * @throws RefusedError with what systemd says of the new text and did not say of the old one
 */
export async function requireValidUnit(on: Target, candidate: UnitCandidate): Promise<void> {
  const made = await on.run(cmd`command -v systemd-analyze >/dev/null || exit 3; mktemp -d`, { expect: [0, 3] });
  if (made.code === 3) throw new RefusedError(`${on.host.name}: ${candidate.unit} cannot be checked: the host has no systemd-analyze`);
  const scratch = made.stdout.trim();
  try {
    const before = candidate.before.length === 0 ? [] : await complaints(on, candidate.unit, `${scratch}/before`, candidate.before);
    const after = await complaints(on, candidate.unit, `${scratch}/after`, candidate.after);
    const added = after.filter(line => !before.includes(line));
    if (added.length === 0) return;
    throw new RefusedError(`${on.host.name}: the new text of ${candidate.unit} is not put in place, systemd refuses it: ${added.join('; ')}`);
  } finally {
    await on.run(cmd`rm -rf -- ${scratch}`);
  }
}

/** What systemd says of a unit's files: lines that name the unit, without line numbers, which an edit moves. */
async function complaints(on: Target, unit: string, directory: string, files: readonly SourceText[]): Promise<readonly string[]> {
  const placed = files.map(file => ({ path: `${directory}/${placeOf(unit, file.path)}`, text: file.text }));
  await on.run(cmd`mkdir -p -- ${[directory, ...placed.map(file => posix.dirname(file.path))]}`);
  for (const file of placed) await on.write(file.path, file.text);
  const main = placed.find(file => posix.dirname(file.path) === directory)?.path ?? `${directory}/${unit}`;
  const { stdout, stderr } = await on.run(cmd`systemd-analyze verify --man=no ${main}`, { expect: 'any' });
  const lines = `${stdout}\n${stderr}`.split('\n').filter(line => line.includes(directory) || line.includes(unit));
  return [...new Set(lines.map(line => line.replaceAll(`${directory}/`, '').replace(/^(\S+):\d+: /, '$1: ')))];
}

/** The unit's file by its name, a drop-in within the name of its directory: that is how systemd finds them in a search path. */
function placeOf(unit: string, path: string): string {
  const directory = posix.basename(posix.dirname(path));
  const name = posix.basename(path);
  if (directory.endsWith('.d')) return `${directory}/${name}`;
  return name.includes('@.') ? name : unit;
}
