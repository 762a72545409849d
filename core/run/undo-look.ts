/** Fingerprints of paths: the shell says the facts, in as few processes as it can, and here they become words. dash, bash and busybox do. @see stat(1) */
import { createHash } from 'node:crypto';
import { CommandError } from '../errors';
import { factOf, factsOfEach, statOf, UNCLEAR, type PathFact } from '../path-facts';
import { pathLooks } from '../path-look';
import { cmd, lines, raw, type Command } from '../transport/command';
import type { CommandResult, Target } from '../transport/connection';
import type { Fingerprint, PathAfter, PathBefore } from './undo-record';

/** A path, how much of it was looked at, and what was seen. */
export type Looked = PathAfter & Pick<PathBefore, 'path' | 'only'>;

/** So many paths are asked about at once: the arguments of one process have a limit. */
export const MOST_AT_ONCE = 100;

/**
 * `note PATH only` says what is at a path and remembers it as number `n`, with its type in `t`; `tell` then gives the facts of all
 * that was noted: a line of stat for each that is there, and for each directory that is, then the hashes of files, then those of links and trees. Of a tree,
 * times are part as far as any cp keeps them: those of files, in seconds.
 */
export const LOOK = raw(String.raw`
n=0 stats= files= others=
note() {
  n=$((n + 1)) above=\${1%/*}/
  eval "p$n=\$1 d$n=\$above"
  if [ -L "$1" ]; then t=link others="$others $n"
  elif [ ! -e "$1" ]; then t=absent
  elif [ -f "$1" ]; then t=file files="$files \"\$p$n\""
  elif [ ! -d "$1" ]; then t=other
  elif [ "$2" = only ]; then t=directory
  else t=tree others="$others $n"; fi
  [ $t = absent ] || stats="$stats \"\$p$n\""
  if [ -d "$above" ]; then has=in stats="$stats \"\$d$n\""; else has=-; fi
  printf '+%s %s %s %s\n' $t $has "\${2:-all}" "$1"
}
tell() {
  [ -z "$stats" ] || eval "stat -c '%f %b %a %u:%g %y' --$stats" || exit 1
  [ -z "$files" ] || eval "sha256sum --$files" || exit 1
  for i in $others; do
    eval "p=\$p$i"
    if [ -L "$p" ]; then readlink -n -- "$p" | sha256sum; else cd -- "$p" && tree | sort | sha256sum; fi || exit 1
  done
  stats= files= others=
}
tree() { find . ! -type d ! -type l -exec stat -c '%n %f %u:%g %s %Y' {} + && find . \( -type d -o -type l \) -exec stat -c '%N %f %u:%g' {} +; }`.replaceAll('\\${', '${'));

/** Prints what is at the paths, at most `MOST_AT_ONCE`, for `readLooks`. */
function lookCommand(paths: readonly Pick<PathBefore, 'path' | 'only'>[]): Command {
  return lines(LOOK, ...paths.map(({ path, only }) => (only ? cmd`note ${path} only` : cmd`note ${path}`)), raw('tell'));
}

/** Looks at paths; the answers stand in their order. @throws CommandError where one cannot be read */
export async function lookAt(on: Target, paths: readonly ToLookAt[]): Promise<readonly Looked[]> {
  const all: Looked[] = [];
  for (let at = 0; at < paths.length; at += MOST_AT_ONCE) all.push(...await lookAtFew(on, paths.slice(at, at + MOST_AT_ONCE)));
  return all;
}

type ToLookAt = Pick<PathBefore, 'path' | 'only'>;

/** Asks as modules ask, so that their looks and this one are one command; what is a tree, or cannot be told so, by the script. */
async function lookAtFew(on: Target, paths: readonly ToLookAt[]): Promise<readonly Looked[]> {
  const dirs = [...new Set(paths.map(dirOf))];
  const questions = [...paths.map(({ path }) => ({ path, follow: false, sha256: true })), ...dirs.map(path => ({ path, follow: false }))];
  const facts = factsOfEach(await on.run(pathLooks(questions), { ahead: questions }), questions);
  const found = paths.map((each, i) => looked(each, facts[i] ?? [], facts[paths.length + dirs.indexOf(dirOf(each))] ?? []));
  const open = paths.filter((_path, i) => found[i] === undefined);
  if (open.length === 0) return found.filter(each => each !== undefined);
  const others = readLooks(on.host.name, await on.run(lookCommand(open))).values();
  return found.flatMap(each => each ?? others.next().value ?? []);
}

/** With a slash at its end, so that a link to a directory is one. */
function dirOf({ path }: ToLookAt): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** `undefined` where facts do not tell. */
function looked({ path, only }: ToLookAt, own: readonly PathFact[], dir: readonly PathFact[]): Looked | undefined {
  if ([...own, ...dir].some(({ what }) => what === UNCLEAR)) return undefined;
  const type = statOf(own)?.type ?? 'absent';
  if (type === 'directory' && !only) return undefined;
  const link = factOf(own, 'link');
  const hash = link === undefined ? factOf(own, 'sha256')?.toString() : createHash('sha256').update(link).digest('hex');
  return { is: fingerprint(type, seen(own), hash), dirTime: seen(dir)?.time ?? '-', only, path };
}

function seen(facts: readonly PathFact[]): Stat | undefined {
  const stat = statOf(facts);
  return stat && { raw: stat.raw, mode: stat.mode.toString(8), owner: `${stat.uid}:${stat.gid}`, time: stat.time.replaceAll(' ', '_') };
}

/** Reads what `note` and `tell` said. @throws CommandError when that is not what they say */
export function readLooks(host: string, result: CommandResult, from = 0): readonly Looked[] {
  const said = result.stdout.split('\n').slice(from).filter(line => line !== '');
  const all: Looked[] = [];
  let at = 0;
  const next = (form: RegExp): readonly string[] => {
    const found = form.exec(said[at++] ?? '');
    if (found === null) throw new CommandError(host, result, 'It said something else than was asked: are its stat and sha256sum those of coreutils or busybox?');
    return found;
  };
  while (at < said.length) {
    const noted = [next(HEAD)];
    while (said[at]?.startsWith('+') === true) noted.push(next(HEAD));
    const line = (): Stat => {
      const [, raw = '', mode = '', owner = '', time = ''] = next(FACTS);
      return { raw, mode, owner, time: time.replaceAll(' ', '_') };
    };
    const facts = noted.map(([, type, has]) => ({ own: type === 'absent' ? undefined : line(), dir: has === 'in' ? line() : undefined }));
    const hashes = new Map<number, string | undefined>();
    for (const [i, [, type = '']] of noted.entries()) if (type === 'file') hashes.set(i, next(HASH)[1]);
    for (const [i, [, type = '']] of noted.entries()) if (type === 'link' || type === 'tree') hashes.set(i, next(HASH)[1]);
    all.push(...noted.map(([, type = '', , much, path = ''], i): Looked => {
      const { own, dir } = facts[i] ?? {};
      return { is: fingerprint(type, own, hashes.get(i)), dirTime: dir?.time ?? '-', only: much === 'only', path };
    }));
  }
  return all;
}

/** A line of `note`: type, has its directory, how much, path. */
const HEAD = /^\+([a-z]+) (in|-) (only|all) (.*)$/;

/** A line of stat: file type and mode in hexadecimal, blocks, mode, owner, time. */
const FACTS = /^([0-9a-f]+) \d+ (\d+) (\d+:\d+) (.+)$/;

/** A line of sha256sum, which has a backslash before it where there is one in the name. */
const HASH = /^\\?([0-9a-f]{64}) /;

/** Words without blanks, equal for equal things. */
function fingerprint(type: string, stat: Stat | undefined, hash = '-'): Fingerprint {
  const { raw, mode, owner, time } = stat ?? { raw: '-', mode: '-', owner: '-', time: '-' };
  const shown = type === 'other' ? raw : type === 'link' ? '-' : mode;
  return [type, shown, owner, hash, type === 'file' ? time : '-'].join(' ');
}

/** What stat says of a path. */
interface Stat {
  /** File type and mode, hexadecimal. */
  readonly raw: string;
  /** Permission bits, octal. */
  readonly mode: string;
  readonly owner: string;
  /** `2026-11-25_17:48:54.778142097_+0000` */
  readonly time: string;
}

/** A time of a fingerprint as stat says it. */
export function saidTime(time: string): string {
  return time.replaceAll('_', ' ');
}

/** The first word of a fingerprint. */
export function typeOf(fingerprint: Fingerprint): string {
  return fingerprint.split(' ', 1)[0] ?? '';
}
