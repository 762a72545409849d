/** Lets systemd itself judge new unit texts before they are put in place. @see systemd-analyze(1), "verify" */
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import type { SourceText } from './effective';

/** The files of a unit as they are and as they would be. */
export interface UnitCandidate {
  readonly unit: string;
  readonly before: readonly SourceText[];
  readonly after: readonly SourceText[];
}

/** The host has no systemd-analyze. */
const NO_ANALYZE = 3;

/** Stands alone on a line between what systemd says of the new text and of the old one. */
const BETWEEN = '-- as it is --';

/**
 * Has `systemd-analyze verify` read the unit in a scratch directory as it would be and, where that is not without complaints, as it is.
 * @throws RefusedError with what systemd says of the new text and did not say of the old one
 */
export async function requireValidUnit(on: Target, candidate: UnitCandidate): Promise<void> {
  const { unit, before, after } = candidate;
  if (after.some(file => file.text.includes('\0'))) throw new RefusedError(`${on.host.name}: the new text of ${unit} holds a NUL byte`);
  const { code, stdout } = await on.run(verifyCommand(candidate), { expect: [0, NO_ANALYZE], goesOn: true });
  if (code === NO_ANALYZE) throw new RefusedError(`${on.host.name}: ${unit} cannot be checked: the host has no systemd-analyze`);
  const [scratch = '', ...said] = stdout.split('\n');
  const end = said.includes(BETWEEN) ? said.lastIndexOf(BETWEEN) : said.length;
  const known = before.length === 0 ? [] : complaints(unit, `${scratch}/before`, said.slice(end + 1));
  const added = complaints(unit, `${scratch}/after`, said.slice(0, end)).filter(line => !known.includes(line));
  if (added.length > 0) throw new RefusedError(`${on.host.name}: the new text of ${unit} is not put in place, systemd refuses it: ${added.join('; ')}`);
}

/** One command: what lies in the scratch directory is read once and goes with it, so it is neither synced nor renamed. */
function verifyCommand({ unit, before, after }: UnitCandidate): Command {
  const sides = [...placed(unit, 'after', after), ...placed(unit, 'before', before.filter(file => !file.text.includes('\0')))];
  const directories = [...new Set(sides.map(file => posix.dirname(file.path)))];
  return lines(
    START,
    cmd`mkdir -p -- ${directories} || exit 1`,
    ...sides.map(({ path, text }) => cmd`printf %s ${text} >${path} || exit 1`),
    cmd`said=$(check ${mainOf(unit, 'after', sides)}); printf '%s\n' "$scratch" "$said"`,
    ...(before.length === 0 ? [] : [cmd`case $said in *"$scratch"*|*${unit}*) echo ${BETWEEN}; check ${mainOf(unit, 'before', sides)} ;; esac`]),
    raw('exit 0'),
  );
}

const START = raw(`
command -v systemd-analyze >/dev/null || exit ${NO_ANALYZE}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cd -- "$scratch" || exit 1
check() { systemd-analyze verify --man=no "$scratch/$1" 2>&1; }`);

function placed(unit: string, side: string, files: readonly SourceText[]): readonly SourceText[] {
  return files.map(file => ({ path: `${side}/${placeOf(unit, file.path)}`, text: file.text }));
}

function mainOf(unit: string, side: string, files: readonly SourceText[]): string {
  return files.find(file => posix.dirname(file.path) === side)?.path ?? `${side}/${unit}`;
}

/** What systemd says of a unit's files: lines that name the unit, without line numbers, which an edit moves. */
function complaints(unit: string, directory: string, said: readonly string[]): readonly string[] {
  const own = said.filter(line => line.includes(directory) || line.includes(unit));
  return [...new Set(own.map(line => line.replaceAll(`${directory}/`, '').replace(/^(\S+):\d+: /, '$1: ')))];
}

/** The unit's file by its name, a drop-in within the name of its directory: that is how systemd finds them in a search path. */
function placeOf(unit: string, path: string): string {
  const directory = posix.basename(posix.dirname(path));
  const name = posix.basename(path);
  if (directory.endsWith('.d')) return `${directory}/${name}`;
  return name.includes('@.') ? name : unit;
}
