/**
 * How paths look on a host: one command for one path, or for many at once. However many there are, stat(1) and sha256sum(1) start once: on a host the start of
 * a process is what a look costs. dash, bash and busybox do. @see stat(1), sha256sum(1), readlink(1)
 */
import { cmd, late, lines, raw, type Command } from './transport/command';

export interface LookOptions {
  /** Look at what a symbolic link points to instead of the link. */
  readonly follow: boolean;
  /** Ask for the checksum of a regular file. */
  readonly sha256?: boolean;
  /** Ask for the content of a regular file of at most `MAX_CONTENT` bytes: always, or unless its checksum is this one. */
  readonly content?: 'always' | { readonly unless: string };
}

/** What is asked about one path. */
export interface PathQuestion extends LookOptions {
  /** Absolute, without a line break where it is asked together with others. */
  readonly path: string;
}

/** What somebody asks: about one path, or about several in one `pathLooks`. */
export type Asked = PathQuestion | readonly PathQuestion[];

/** Largest content that is read to show a difference, in bytes. */
export const MAX_CONTENT = 256 * 1024;

/** Larger files are hashed only when a task's turn has come, in bytes: what the others print would wait for it. */
const MOST_TOGETHER = 1024 * 1024;

/**
 * What looks at one path. What cannot be seen (no permission, a loop of links) ends it with stat's own words, it is never "absent". Its text is made when it is
 * asked for: most questions are answered together with others.
 */
export function pathLook(question: PathQuestion): Command {
  return late(() => script([question], cmd`many= most=`));
}

/**
 * What looks at many paths. Of what must be looked at alone it says so; where one of them goes meanwhile it fails. It neither ends the shell that it runs in nor
 * leaves a function or a short name in it, nor another IFS than the usual separators.
 */
export function pathLooks(questions: readonly PathQuestion[]): Command {
  return script(questions, cmd`many=yes most=${MOST_TOGETHER}`);
}

/** Can it be asked together with others? */
export function isJoinable({ path }: PathQuestion): boolean {
  return !path.includes('\n');
}

function script(questions: readonly PathQuestion[], limits: Command): Command {
  const numbered = questions.map((question, at) => ({ ...question, number: at + 1 }));
  const group = (follow: boolean): Command[] => {
    const own = numbered.filter(question => question.follow === follow);
    return own.length === 0 ? [] : [raw(`g=${follow ? '-L' : ''}`), ...own.map(({ number, path }) => cmd`at ${number} ${path}`)];
  };
  const hashed = numbered.filter(({ sha256 = false, content }) => sha256 || content !== undefined);
  const shown = numbered.flatMap(({ number, content }) => (content === undefined ? [] : [cmd`content ${number} ${content === 'always' ? '-' : content.unless}`]));
  return lines(
    limits, LOOK, ...group(true), ...group(false), raw('looked'),
    ...(hashed.length === 0 ? [] : [HASH, cmd`hashes ${hashed.map(({ number }) => number)}`]),
    ...(shown.length === 0 ? [] : [cmd`max=${MAX_CONTENT}`, CONTENT, ...shown]),
    END,
  );
}

/**
 * `at` notes a path, `looked` looks at all that were noted, and apart at links that are followed. What is not there is told by the shell alone, where it can see so.
 * stat says with the rest where a link points to: where its quotes leave no doubt, a process less. Names may hold blanks, so a slash stands before each of them.
 */
const LOOK = raw(String.raw`f='%f %u %g %s %Y %y/%U/%G//%N' n='
' w= v= failed=
link() { printf 'link %s %s\n%s\n' "$1" "${'${#2}'}" "$2"; }
read_link() {
  l=$(readlink -n -- "$2" && echo .) || failed=yes
  link "$1" "${'${l%.}'}"
}
facts() {
  s=${'${2%%//*}'} l=${'${2##* -> }'}
  eval "p=\$p$1 q=\$g$1"
  case $s in
    a*)
      # It has become one meanwhile.
      if [ -n "$q" ]; then doubt "$1" "$p" "$q"; return; fi
      set -- "$1" $s
      l=${'${l#?}'}; l=${'${l%?}'}
      case $l in *[!a-zA-Z0-9/._@:+=-]*) l= ;; esac
      if [ -n "$l" ] && [ "${'${#l}'}" = "$5" ]; then link "$1" "$l"; else read_link "$1" "$p"; fi ;;
  esac
  printf 'stat %s %s\n' "$1" "$s"; eval "s$1=\$s"
}
surely() {
  case $1 in /*) ;; *) return 1 ;; esac
  [ ! -L "$1" ] || return 1
  a=${'${1%/*}'}
  until [ -d "$a/" ]; do
    if [ -e "$a" ] || [ -L "$a" ]; then return 1; fi
    a=${'${a%/*}'}
  done
  [ -x "$a/" ]
}
at() {
  eval "p$1=\$2 g$1=\$g s$1= h$1="
  d=${'${2%/*}'}
  if [ -d "$d/" ]; then printf 'parent %s\n' "$1"; fi
  if [ ! -L "$2" ]; then
    if [ -e "$2" ]; then w="$w $1"; return; fi
  elif [ -z "$g" ]; then
    w="$w $1"; return
  else
    read_link "$1" "$2"
    if [ -e "$2" ]; then v="$v $1"; return; fi
  fi
  surely "$2" || doubt "$1" "$2" "$g"
}
doubt() {
  if s=$(stat $3 -c "$f" -- "$2" 2>&1); then facts "$1" "$s"; return; fi
  case $s in *'No such file or directory'*|*'Not a directory'*) return ;; esac
  if [ -n "$many" ]; then printf 'unclear %s\n' "$1"; else printf '%s\n' "$s" >&2; failed=yes; fi
}
stats() {
  o=$1; shift
  [ $# -gt 0 ] || return 0
  k=$* c=$#
  set --; for i in $k; do eval "set -- \"\$@\" \"\$p$i\""; done
  if ! s=$(stat $o -c "$f" -- "$@"); then
    # Gone meanwhile, or not to be seen.
    if [ -n "$many" ]; then failed=yes; else doubt 1 "$1" "$o"; fi
    return
  fi
  IFS=$n; set -f; set -- $s; set +f; unset IFS
  # A line break in a name, which busybox does not quote.
  if [ $# -ne "$c" ]; then for i in $k; do eval "p=\$p$i"; doubt "$i" "$p" "$o"; done; return; fi
  for i in $k; do facts "$i" "$1"; shift; done
}
looked() { stats '' $w; stats -L $v; }`);

/** A link that is not followed has no checksum of its own. */
const HASH = raw(String.raw`hashes() {
  k=
  for i in "$@"; do
    eval "s=\$s$i p=\$p$i"
    case $s in 8*) ;; *) continue ;; esac
    set -- $s
    if [ -n "$many" ] && { [ "$4" -gt "$most" ] || [ ! -r "$p" ]; }; then printf 'unclear %s\n' "$i"; else k="$k $i"; fi
  done
  [ -n "$k" ] || return 0
  set --; for i in $k; do eval "set -- \"\$@\" \"\$p$i\""; done
  s=$(sha256sum -- "$@") || { failed=yes; return; }
  IFS=$n; set -f; set -- $s; set +f; unset IFS
  for i in $k; do h=${'${1%% *}'}; h=${'${h#\\\\}'}; printf 'sha256 %s %s\n' "$i" "$h"; eval "h$i=\$h"; shift; done
}`);

/** The shell reads byte by byte, which for a small file is less than to start a process. It drops NUL bytes: then the length is another one. */
const CONTENT = raw(String.raw`small() {
  [ "$1" -le 1000 ] || return 1
  t= l=
  while IFS= read -r l; do t=$t$l$n; done <"$p"
  t=$t$l
  [ "${'${#t}'}" = "$1" ] && printf %s "$t"
}
content() {
  eval "s=\$s$1 h=\$h$1 p=\$p$1"
  if [ -z "$h" ] || [ "$h" = "$2" ]; then return; fi
  set -- "$1" $s
  [ "$5" -le "$max" ] || return 0
  printf 'content %s %s\n' "$1" "$5"
  if [ "$5" -gt 0 ]; then small "$5" || head -c "$5" <"$p" || failed=yes; fi
  echo
}`);

/** What comes behind it in the same shell finds no function and no short name of it. */
const END = raw(String.raw`unset -f link read_link facts surely at doubt stats looked hashes small content
unset many most max f n w v g a d h i k l o c p q s t
[ -z "$failed" ]`);
