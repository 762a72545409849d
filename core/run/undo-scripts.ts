/** The shell of undo records: fingerprints of paths, copies of them, and putting them back. dash, bash and busybox do. @see stat(1), cp(1) */
import type { Host } from '../inventory/host';
import type { Touched } from '../module';
import { cmd, lines, raw, type Command } from '../transport/command';
import { stateFolder } from '../transport/host-state';
import type { Fingerprint, PathAfter, PathBefore } from './undo-record';

/** More is not copied, in KiB. */
export const MOST_COPIED = 50 * 1024;

/** Runs whose copies stay on a host. */
const KEPT_RUNS = 10;

/**
 * `is PATH only` sets `i` to a fingerprint: words without blanks, equal for equal things. Of a tree, times are part as far as any cp keeps them: those of
 * files, in seconds.
 */
const LOOK = raw(String.raw`
hash() { sha256sum | { read -r h rest && printf %s "$h"; }; }
owner() { stat -c '%a %u:%g' -- "$1"; }
changed() { [ -e "$1" ] && stat -c %y -- "$1" | tr ' ' _ || echo -; }
tree() {
  ( cd -- "$1" && { find . ! -type d ! -type l -exec stat -c '%n %f %u:%g %s %Y' {} + && find . \( -type d -o -type l \) -exec stat -c '%N %f %u:%g' {} +; } | sort | hash )
}
is() {
  if [ -L "$1" ]; then i="link - $(stat -c %u:%g -- "$1") $(readlink -n -- "$1" | hash) -"
  elif [ ! -e "$1" ]; then i='absent - - - -'
  elif [ -f "$1" ]; then i="file $(owner "$1") $(hash <"$1") $(changed "$1")"
  elif [ ! -d "$1" ]; then i="other $(stat -c '%f %u:%g' -- "$1") - -"
  elif [ "$2" = only ]; then i="directory $(owner "$1") - -"
  else i="tree $(owner "$1") $(tree "$1") -"; fi
  case $i in *'  '*|*' ') echo "$1: cannot be read" >&2; exit 1 ;; esac
}
say() { is "$1" "$2"; printf '%s %s %s %s\n' "$i" "$(changed "\${1%/*}/")" "\${2:-all}" "$1"; }`.replaceAll('\\${', '${'));

/**
 * Copies the paths, and the missing directories above them, to a folder of their own; prints that folder and a line for each path. Copies of old runs go.
 * Exit code 3: they are too large, and how large, in KiB, is printed.
 */
export function keepCommand(host: Host, touched: readonly Touched[], { runId, seq }: { readonly runId: string; readonly seq: number }): Command {
  const adds = touched.map(each => (typeof each === 'string' ? cmd`add ${each}` : cmd`add ${each.path} only`));
  return lines(LOOK, cmd`base=${stateFolder(host, 'undo')} run=${runId} seq=${seq} most=${MOST_COPIED} runs=${KEPT_RUNS}`, KEEP, ...adds);
}

const KEEP = raw(`umask 077
if [ ! -d "$base/$run" ]; then
  mkdir -p -- "$base/$run" || exit 1
  ls -1 -- "$base" | grep '^[0-9]*T[0-9]*Z-' | sort -r | tail -n "+$((runs + 1))" | while IFS= read -r old; do rm -rf -- "$base/$old"; done
fi
to=$base/$run/$seq
rm -rf -- "$to" && mkdir -- "$to" || exit 1
fail() { rm -rf -- "$to"; exit "$1"; }
echo "$to"
n=0 total=0 seen='
'
keep() {
  case $1 in *'
'*) echo "a path with a line break cannot be kept" >&2; fail 1 ;; esac
  case $seen in *"
$1
"*) return ;; esac
  seen="$seen$1
"
  n=$((n + 1))
  if [ -L "$1" ] || { [ -e "$1" ] && { [ ! -d "$1" ] || [ "$2" != only ]; }; }; then
    kb=$(du -sk -- "$1" | cut -f 1) && total=$((total + kb)) || fail 1
    [ "$total" -le "$most" ] || { echo "$total"; fail 3; }
    cp -a -- "$1" "$to/$n" || fail 1
  fi
  if [ -d "\${1%/*}/" ]; then touch -r "\${1%/*}/" "$to/$n.dir"; fi
  say "$1" "$2" || fail 1
}
add() {
  d=\${1%/*} rest=\${1##*/}
  while [ ! -d "$d/" ]; do rest=\${d##*/}/$rest; d=\${d%/*}; done
  d=$(readlink -f -- "$d/") || fail 1
  [ "$d" != / ] || d=
  while :; do
    case $rest in
      */*) d=$d/\${rest%%/*}; rest=\${rest#*/}; keep "$d" only ;;
      *) break ;;
    esac
  done
  keep "$d/$rest" "$2"
  # What is written through a link changes its file.
  if [ -L "$d/$rest" ] && [ "$2" != only ] && t=$(readlink -f -- "$d/$rest") && [ -n "$t" ]; then
    if [ -d "$t" ]; then keep "$t" only; else keep "$t"; fi
  fi
}`);

/** Prints a line for each path. */
export function lookCommand(paths: readonly Pick<PathBefore, 'path' | 'only'>[]): Command {
  return lines(LOOK, ...paths.map(({ path, only }) => (only ? cmd`say ${path} only` : cmd`say ${path}`)));
}

/** One path that is to be put back. */
export interface PutBack extends PathBefore {
  /** Its number among the copies, from 1. */
  readonly number: number;
  /** What is there now. */
  readonly now: Fingerprint;
  /** The time of its directory as the change left it: only then is that put back too, for nobody else came by. */
  readonly leftDirTime: string | undefined;
}

/** Puts paths back from the copies in `folder`: first what was not there goes, the innermost first, then the rest comes. Each file and link by one rename. */
export function restoreCommand(folder: string, runId: string, paths: readonly PutBack[]): Command {
  const times = paths.map(({ number, path, leftDirTime }) => (leftDirTime === undefined ? raw(':') : cmd`mark ${number} ${path} ${leftDirTime}`));
  const gone = paths.filter(({ was }) => typeOf(was) === 'absent').reverse();
  const back = paths.filter(({ was }) => typeOf(was) !== 'absent');
  return lines(
    LOOK, cmd`folder=${folder} run=${runId} times=`, RESTORE, ...times,
    ...gone.map(({ path, now }) => (typeOf(now) === 'directory' ? cmd`rmdir -- ${path} || exit 1` : cmd`rm -rf -- ${path} || exit 1`)),
    ...back.map(({ path, number, was }) => {
      const [type, mode = '', owner = ''] = was.split(' ');
      return type === 'directory' ? cmd`directory ${path} ${owner} ${mode.padStart(5, '0')}` : cmd`put ${number} ${path}`;
    }),
    raw('for n in $times; do eval "touch -r \\"\\$folder/$n.dir\\" \\"\\$dir$n\\""; done'),
  );
}

const RESTORE = raw(`
mark() {
  d=\${2%/*}/
  [ -e "$folder/$1.dir" ] && [ "$(changed "$d")" = "$3" ] || return 0
  eval "dir$1=\\$d"; times="$times $1"
}
put() {
  t=\${2%/*}/.\${2##*/}.runsheet-$run
  rm -rf -- "$t" && cp -a -- "$folder/$1" "$t" || { rm -rf -- "$t"; exit 1; }
  if [ -f "$t" ] && [ ! -L "$t" ]; then sync "$t"; fi
  if [ -d "$2" ] && [ ! -L "$2" ]; then rm -rf -- "$2" || exit 1; fi
  mv -fT -- "$t" "$2" || { rm -rf -- "$t"; exit 1; }
}
directory() {
  if [ ! -d "$1" ]; then mkdir -- "$1" || exit 1; fi
  [ "$(stat -c %u:%g -- "$1")" = "$2" ] || chown -- "$2" "$1" || exit 1
  chmod -- "$3" "$1" || exit 1
}`);

/** The first word of a fingerprint. */
export function typeOf(fingerprint: Fingerprint): string {
  return fingerprint.split(' ', 1)[0] ?? '';
}

/** A line of `say`: fingerprint, time of the directory, how much of it, path. */
export function parseSaid(line: string): PathAfter & Pick<PathBefore, 'path' | 'only'> {
  const [type = '', mode = '', owner = '', hash = '', time = '', dirTime = '', only = '', ...path] = line.split(' ');
  return { is: [type, mode, owner, hash, time].join(' '), dirTime, only: only === 'only', path: path.join(' ') };
}
