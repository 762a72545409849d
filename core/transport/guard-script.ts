/**
 * The guard's shell text. It stands in the command line that starts the guard, so that no round trip is spent on bringing it and no process on decoding it:
 * on one line and without what a login shell (bash, csh, fish) reads inside single quotes.
 * @see flock(1), proc(5)
 */

/** How a guard is started. */
export interface GuardScript {
  /** After so long without a word it takes the controller for dead; in milliseconds, and it reckons in whole seconds, rounded up. */
  readonly silenceMs: number;
  /** Where the lock file stands; default /run/lock, else /var/lock. */
  readonly lockDirectory?: string;
  /** What it is asked first, as if it came as a line. */
  readonly first?: string;
}

/**
 * It hears lines: `+PGID` and `-PGID` say what to guard, `=PGID` what to kill at once, `~PGID` what to kill that does nothing any more, `.` no more than that the
 * controller lives. `lock SINCE CLAIM` and `unlock` are answered by one line. When its input ends, or none of these words comes for too long, it kills all that it guards
 * and then lets go of the lock: at once, or when a third of the silence has passed besides.
 */
export function guardScript({ silenceMs, lockDirectory = '', first }: GuardScript): string {
  const silence = Math.ceil(silenceMs / 1000);
  const text = [
    `s=" " held= told= dirs=${inDoubleQuotes(lockDirectory)} silence=${silence} part=${Math.ceil(silence / 3)} look=${Math.ceil(silence / 9)}`,
    END, LEAVE, WATCH, ...LOCK, HEAR,
    ...(first === undefined ? [] : [`l=${inDoubleQuotes(first)}`, 'hear']),
    // It must hold neither the lock nor the channel: no redirection of a function, of which dash keeps a copy to go back.
    `{ exec </dev/null >/dev/null 2>&1 9>&-; watch; } & ${startedAs('watcher')}`,
    'while read -r l; do tell; hear; done; leave',
  ].join('; ');
  // csh takes the backslash before an exclamation mark away, all others leave it: both are right in `startedAs`.
  if (/[^ -~]|'|(?<!\\)!|\\\\/.test(text)) throw new TypeError('the guard\'s script holds what a login shell would change');
  return text;
}

/** JSON in which nothing stands behind a backslash, and nothing at all, that a shell would read. */
export function plainJson(value: unknown): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/\\["\\]|[^ -~]|['!$`]/g, match => escaped(match.at(-1) ?? ''));
}

/** A word for sh, of text without a backslash before what sh reads there. */
function inDoubleQuotes(text: string): string {
  return `"${text.replaceAll(/["$`]/g, String.raw`\$&`)}"`;
}

/** Keeps the process id of what was started last. Without the backslash csh would put an earlier command there. */
function startedAs(name: string): string {
  return String.raw`eval ${name}=$\!`;
}

/** Kills a group, and what left it but not its session, as timeout(1) does. `kill -9 -PGID`: with `--` dash and busybox refuse it. */
const END = [
  'end() { { kill -9 "-$1"; for f in /proc/[0-9]*/stat; do',
  'read -r x <"$f" && x=${x##*) } && set -- "$1" $x && [ "$5" = "$1" ] && p=${f#/proc/} && kill -9 "${p%/stat}";',
  'done; } 2>/dev/null; }',
].join(' ');

/**
 * The last it does; whoever watches over it, in its own process group, goes with it. After silence, which other users' guards may notice a part of it later, the lock is let
 * go when they have killed too. A line that nobody hears any more must not end it before.
 */
const LEAVE = [
  'leave() { trap "" TERM HUP; for g in $s; do end "$g"; done; s=" "; [ -z "$1" ] || [ -z "$held" ] || sleep "$part"; free; kill -TERM "-$$"; exit 0; }',
  'trap "leave late" TERM; trap leave HUP; trap "" PIPE USR1',
].join('; ');

/**
 * dash cannot read with a time limit, so a child watches the guard. A word is a signal to it, and it notes the time: no process is started for a word, but one for about
 * as long as the silence may last. It reckons in whole seconds, so one signal in each is enough: under a flood bash and busybox crash, whose traps nest.
 *
 * Before it takes the controller for dead it has a short last look: where all stood still, words may lie there that the guard has not read yet. Where its own sleep took
 * much too long, the silence begins anew. When it cannot go on it ends the guard, and sends a signal to nobody else. @see proc(5)
 */
const WATCH = [
  // Not every container shows its uptime.
  'clock() { { read -r now x </proc/uptime && now=${now%%.*}; } 2>/dev/null || now=$(date +%s); };',
  'tell() { clock; [ "$now" = "$told" ] || [ -z "$watcher" ] || { told=$now; kill -USR1 "$watcher" 2>/dev/null || watcher=; }; };',
  'parent() { read -r a b c d e </proc/self/stat && [ "$d" = "$$" ]; }; word() { clock; last=$now; };',
  // What wait says is no proof that the sleep is over: it returns at each signal, at times before bash has run the trap.
  `rest() { from=$now; sleep "$1" & ${startedAs('p')}; while wait "$p"; kill -0 "$p"; do :; done; clock && took=$((now - from)) && [ "$took" -ge "$1" ] && parent || return 1;`,
  '[ "$took" -le $(($1 + part)) ] || last=$now; }; late() { [ $((now - last)) -gt "$1" ]; };',
  'watch() { trap - TERM HUP PIPE; trap "parent && kill -TERM $$" EXIT; trap word USR1; word; while rest $((silence - look + 1 - now + last)); do',
  'if late $((silence - look)); then rest "$look" || break; if late "$silence"; then break; fi; fi; done; }',
].join(' ');

/** Takes up a line. `read` takes no byte beyond it. */
const HEAR = [
  'hear() { case $l in =*) end "${l#?}" ;; +*) s="$s${l#?} " ;;',
  '[-~]*) g=${l#?}; case $l in "~"*) kill -9 "-$g" 2>/dev/null ;; esac; case $s in *" $g "*) s="${s%% $g *} ${s#* $g }" ;; esac ;;',
  'lock*) l=${l#lock }; since=${l%% *}; claim=${l#* }; lock ;; unlock) free; echo free ;; .) keep || leave ;; esac; }',
].join(' ');

/**
 * The host's lock. It answers `held`, `busy` and what the holder wrote, or `no` and why it cannot be taken. Without flock a directory is the lock, and the age of
 * its `beat` file tells whether the holder lives: one that falls silent kills first. `keep` is false when another one has taken that over.
 */
const LOCK = [
  String.raw`info() { printf "%s,\"since\":\"%s\"}\n" "$claim" "$since"; }`,
  String.raw`busy() { printf "busy%s\n" "$(head -c 2000 "$1" 2>/dev/null | head -n 1)"; }`,
  'open() { if [ -e "$file" ]; then true <"$file"; else true >>"$file"; fi; }',
  'old() { b=$(stat -c %Y "$1" 2>/dev/null) && [ $(($(date +%s) - b)) -gt $((silence + part)) ]; }',
  'stale() { if [ -e "$dir/beat" ]; then old "$dir/beat"; else old "$dir"; fi; }',
  'make() { mkdir "$dir" 2>/dev/null && return 0; stale || return 1;'
  + ' mkdir "$dir.takeover" 2>/dev/null || { old "$dir.takeover" && rmdir "$dir.takeover"; return 1; };'
  + ' stale && rm -rf -- "$dir"; mkdir "$dir" 2>/dev/null; x=$?; rmdir "$dir.takeover"; return $x; }',
  'ours() { [ "$(cat "$dir/info" 2>/dev/null)" = "$ours" ]; }',
  'by_file() { open 2>/dev/null || { printf "no %s\\n" "$(open 2>&1)"; return 0; }; exec 9<"$file"; flock -n 9 || { busy "$file"; exec 9>&-; return 0; };'
  + ' { info >"$file"; } 2>/dev/null || info | dd of="$file" conv=nocreat 2>/dev/null; held=file; echo held; }',
  // Its holder may let go between the one look and the other: that is no reason to give up.
  'by_folder() { n=0; until make; do if [ -d "$dir" ]; then busy "$dir/info"; return 0; fi; w=$(mkdir "$dir" 2>&1) && break; n=$((n + 1)); [ $n -lt 5 ] || { echo "no $w"; return 0; }; done; info >"$dir/info"; ours=$(cat "$dir/info"); true >"$dir/beat"; held=folder; echo held; }',
  'lock() { for dir in ${dirs:-/run/lock /var/lock}; do [ -d "$dir" ] && [ -w "$dir" ] && break; done; file=$dir/runsheet.lock; dir=$file.d;'
  + ' if command -v flock >/dev/null; then by_file; else by_folder; fi; }',
  'keep() { [ "$held" = folder ] || return 0; ours && touch "$dir/beat"; }',
  'free() { case $held in file) true 2>/dev/null >"$file"; exec 9>&- ;; folder) ours && rm -rf -- "$dir" ;; esac; held=; }',
];
