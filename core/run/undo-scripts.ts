/** The shell of undo records: copies of paths, and putting them back. dash, bash and busybox do. @see cp(1) touch(1) */
import { posix } from 'node:path';
import type { Host } from '../inventory/host';
import type { Touched } from '../module';
import { cmd, lines, raw, type Command } from '../transport/command';
import { findStateFolder } from '../transport/host-state';
import { LOOK, MOST_AT_ONCE, saidTime, typeOf } from './undo-look';
import type { Fingerprint, PathBefore } from './undo-record';

/** More is not copied, in KiB. */
export const MOST_COPIED = 50 * 1024;

/** Runs whose copies stay on a host. */
const KEPT_RUNS = 10;

/**
 * Copies the paths, and the missing directories above them; prints what the names of the copies begin with,
 * then what `readLooks` reads. Copies of old runs go. Exit code 3: they are too large, and how large, in KiB, is printed last.
 */
export function keepCommand(host: Host, touched: readonly Touched[], { runId, seq }: { readonly runId: string; readonly seq: number }): Command {
  const adds = touched.map(each => (typeof each === 'string' ? cmd`add ${each}` : cmd`add ${each.path} only`));
  return lines(LOOK, findStateFolder(host, 'undo'), cmd`run=${runId} seq=${seq} most=${MOST_COPIED} runs=${KEPT_RUNS} once=${MOST_AT_ONCE}`, KEEP, ...adds, raw('store'));
}

const KEEP = raw(`umask 077
if [ ! -d "$state/$run" ]; then
  mkdir -p -- "$state/$run" || exit 1
  prune() { while [ $# -gt "$runs" ]; do rm -rf -- "$1"; shift; done; }
  prune "$state"/[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z-*
fi
to=$state/$run/$seq.
clear() {
  set -- "$to"*
  if [ -e "$1" ] || [ -L "$1" ]; then rm -rf -- "$@"; fi
}
fail() { clear; exit "$1"; }
clear
echo "$to"
total=0 copies= break='
'
seen=$break
keep() {
  case $1 in *"$break"*) echo "a path with a line break cannot be kept" >&2; fail 1 ;; esac
  case $seen in *"$break$1$break"*) return ;; esac
  seen=$seen$1$break
  note "$1" "$2"
  case $t in absent|directory) ;; *) copies="$copies $n" ;; esac
  [ $((n % once)) != 0 ] || store
}
store() {
  if [ "$copies" ]; then
    eval "facts=\\$(stat -c '%f %b %a %u:%g %y' --$stats)" || fail 1
    measure
    [ "$total" -le "$most" ] || { echo "$total"; fail 3; }
    for i in $copies; do eval "p=\\$p$i"; cp -a -- "$p" "$to$i" || fail 1; done
    printf '%s\\n' "$facts"
    copies= stats=
  fi
  tell
}
# Files have the type 8 and their blocks of 512 bytes in a line of stat.
measure() {
  IFS=$break
  for i in $facts; do case $i in 8*) i=\${i#* }; total=$((total + (\${i%% *} + 1) / 2)) ;; esac; done
  unset IFS
  for i in $copies; do
    eval "p=\\$p$i"
    if [ -d "$p" ] && [ ! -L "$p" ]; then
      kb=$(du -sk -- "$p")
      kb=\${kb%%[!0-9]*}
      [ "$kb" ] && total=$((total + kb)) || fail 1
    fi
  done
}
# Without a link, and nothing for the root.
real() {
  if cd -P -- "$1" 2>/dev/null; then d=\${PWD#/}; d=\${d#/}; d=\${d:+/$d}
  else d=$(readlink -f -- "$1") || fail 1; [ "$d" != / ] || d=; fi
}
add() {
  d=\${1%/*} rest=\${1##*/}
  while [ ! -d "$d/" ]; do rest=\${d##*/}/$rest; d=\${d%/*}; done
  real "$d/"
  while :; do
    case $rest in
      */*) d=$d/\${rest%%/*}; rest=\${rest#*/}; keep "$d" only ;;
      *) break ;;
    esac
  done
  keep "$d/$rest" "$2"
  # What is written through a link changes its file.
  if [ -L "$d/$rest" ] && [ "$2" != only ] && target=$(readlink -f -- "$d/$rest") && [ -n "$target" ]; then
    if [ -d "$target" ]; then keep "$target" only; else keep "$target"; fi
  fi
}`);

/** One path that is to be put back. */
export interface PutBack extends PathBefore {
  /** Its number among the copies, from 1. */
  readonly number: number;
  /** What is there now. */
  readonly now: Fingerprint;
  /** The time of its directory as the change left it: only then is that put back too, for nobody else came by. */
  readonly leftDirTime: string | undefined;
}

/**
 * Puts paths back from their copies: first what was not there goes, the innermost first, then the rest comes. Each file and link by one rename.
 * @param copies what the names of the copies begin with
 */
export function restoreCommand(copies: string, runId: string, paths: readonly PutBack[]): Command {
  const times = new Map(paths.flatMap(({ path, dirTime, leftDirTime }) => (
    leftDirTime === undefined || dirTime === '-' ? [] : [[posix.dirname(path), cmd`mark ${path} ${saidTime(leftDirTime)} ${saidTime(dirTime)}`]]
  )));
  const gone = paths.filter(({ was }) => typeOf(was) === 'absent').reverse();
  const back = paths.filter(({ was }) => typeOf(was) !== 'absent');
  return lines(
    cmd`copies=${copies} run=${runId} times=0`, RESTORE, ...times.values(),
    ...gone.map(({ path, now }) => (typeOf(now) === 'directory' ? cmd`rmdir -- ${path} || exit 1` : cmd`rm -rf -- ${path} || exit 1`)),
    ...back.map(({ path, number, was }) => {
      const [type, mode = '', owner = ''] = was.split(' ');
      return type === 'directory' ? cmd`directory ${path} ${owner} ${mode.padStart(5, '0')}` : cmd`put ${number} ${path}`;
    }),
    raw('back_in_time'),
  );
}

const RESTORE = raw(`
# Where busybox put a time back its fraction is gone.
mark() {
  d=\${1%/*}/
  is=$(stat -c %y -- "$d" 2>/dev/null) || is=-
  case $is in "$2"|"\${2%%.*}.000000000"*) ;; *) return 0 ;; esac
  times=$((times + 1))
  eval "dir$times=\\$d time$times=\\$3"
}
# busybox's touch knows no fractions, nor zones. Whoever does not own a directory cannot set its time: all else is back.
back_in_time() {
  while [ "$times" -gt 0 ]; do
    eval "d=\\$dir$times t=\\$time$times"
    touch -d "$t" -- "$d" 2>/dev/null || { t=\${t% [-+]*}; touch -d "\${t%%.*}" -- "$d" 2>/dev/null; } || :
    times=$((times - 1))
  done
}
put() {
  t=\${2%/*}/.\${2##*/}.runsheet-$run
  if [ -e "$t" ] || [ -L "$t" ]; then rm -rf -- "$t" || exit 1; fi
  cp -a -- "$copies$1" "$t" || { rm -rf -- "$t"; exit 1; }
  if [ -f "$t" ] && [ ! -L "$t" ]; then sync "$t"; fi
  if [ -d "$2" ] && [ ! -L "$2" ]; then rm -rf -- "$2" || exit 1; fi
  mv -fT -- "$t" "$2" || { rm -rf -- "$t"; exit 1; }
}
directory() {
  if [ ! -d "$1" ]; then mkdir -- "$1" || exit 1; fi
  [ "$(stat -c %u:%g -- "$1")" = "$2" ] || chown -- "$2" "$1" || exit 1
  chmod -- "$3" "$1" || exit 1
}`);
