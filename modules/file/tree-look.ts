/** How a tree looks on a host: one command for all of it. @see find(1), stat(1), sha256sum(1) */
import { RefusedError } from '../../core/errors';
import type { FileType } from '../../core/path-facts';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { CommandResult } from '../../core/transport/connection';
import type { FileFacts } from './path-state';
import { mountsAt, parseMounts } from './mounts';
import { parentOf } from './paths';

/** What is at a path of a tree on a host. */
export interface TreeFacts extends Pick<FileFacts, 'type' | 'mode' | 'uid' | 'gid' | 'owner' | 'group' | 'sha256'> {
  /** What a link says. */
  readonly target: string | undefined;
}

/** How a tree looks. */
export interface TreeState {
  /** The top, links followed; `undefined` when nothing is there. */
  readonly top: TreeFacts | undefined;
  /** What a link at the path of the top says. */
  readonly link: string | undefined;
  /** The real path of the top, where it is a directory. */
  readonly real: string | undefined;
  /** By name, those of the asked ones that are there. */
  readonly found: ReadonlyMap<string, TreeFacts>;
  /** What is in the tree besides, by name, a directory before what is in it; empty unless it was asked for. */
  readonly others: ReadonlyMap<string, 'file' | 'directory'>;
  /** Mounted on the top or below it; asked for along with the others. */
  readonly mounts: readonly string[];
}

/** What is asked of a tree. */
export interface TreeQuestion {
  /** Hash no more bytes than this: exit with 75 where there is more. Default: all. */
  readonly most?: number;
  /** The top, absolute. */
  readonly path: string;
  /** What is looked at, relative to the top. */
  readonly names: readonly string[];
  /** Also list what else is there. */
  readonly others: boolean;
}

/** Ends the lists that `find` prints: one that is cut off does not have it. */
const END = '/end';

/** The command; names are its own words and no arguments of a program, so they may be many. */
export function treeLookCommand({ path, names, others, most }: TreeQuestion): Command {
  return lines(
    cmd`p=${path}
if [ -L "$p" ]; then printf 'link %s\n' "$(readlink -n -- "$p" | base64 | tr -d '\n')"; fi
if s=$(stat -L -c '%f %u %g %U/%G/' -- "$p" 2>&1); then
  printf 'top %s\n' "$s"
else
  case $s in *'No such file or directory'*|*'Not a directory'*) exit 0;; *) printf '%s\n' "$s" >&2; exit 1;; esac
fi
[ -d "$p" ] || exit 0
cd -- "$p" || exit 1
printf 'real %s\n' "$(pwd -P | base64 | tr -d '\n')"
set -- ${names.map(name => `./${name}`)}`,
    LOOK,
    most === undefined ? raw(':') : cmd`files "$@" | xargs -0 -r stat -c %s -- | { n=0; while read -r s; do n=$((n + s)); done; [ "$n" -le ${most} ]; } || exit 75`,
    HASH,
    others ? cmd`${OTHERS}
${mountsAt(raw('pwd -P'))}` : raw(':'),
  );
}

// Lists of names go through pipes; names of users and groups may hold blanks, and no slash. Only "not there" is an answer of stat; the order of links and checksums is that of the names.
const LOOK = raw(String.raw`
{ e=$([ $# -eq 0 ] || printf '%s\0' "$@" | xargs -0 stat -c 'at %f %u %g %U/%G/%n' -- 2>&1 >&3); } 3>&1
if [ -n "$e" ] && printf '%s\n' "$e" | grep -v -e ': No such file or directory$' -e ': Not a directory$' >&2; then exit 1; fi
printf 'targets '; for f; do if [ -L "$f" ]; then readlink -n -- "$f"; printf '\0'; fi; done | base64 | tr -d '\n'; echo
files() { for f; do if [ -f "$f" ] && [ ! -L "$f" ]; then printf '%s\0' "$f"; fi; done; }`);

const HASH = raw('files "$@" | xargs -0 -r sha256sum -- || exit 1');

const OTHERS = raw(String.raw`
printf 'directories '; { find . ! -name . -type d -print0 && printf ${END}; } | base64 | tr -d '\n'; echo
printf 'files '; { find . ! -name . ! -type d -print0 && printf ${END}; } | base64 | tr -d '\n'; echo`);

/** Reads what the command printed. @throws RefusedError when the tree changed meanwhile or could not be listed */
export function parseTree(path: string, { names, others }: Pick<TreeQuestion, 'names' | 'others'>, { stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): TreeState {
  const printed = stdout.split('\n');
  const said = new Map(printed.map(line => splitOnce(line)));
  const link = said.get('link');
  const real = said.get('real');
  const top = said.get('top');
  const asked = new Set(names);
  return {
    link: link === undefined ? undefined : decoded(link),
    real: real === undefined ? undefined : decoded(real).replace(/\n$/, ''),
    top: top === undefined ? undefined : parseFacts(top)[1],
    found: real === undefined ? new Map() : parseFound(path, names, printed),
    others: real === undefined || !others ? new Map() : parseOthers(asked, said, `${path} could not be listed: ${stderr.trim()}`),
    mounts: parseMounts(stdout),
  };
}

function parseFound(path: string, names: readonly string[], printed: readonly string[]): ReadonlyMap<string, TreeFacts> {
  const lookedAt = new Map(printed.filter(line => line.startsWith('at ')).map(line => parseFacts(line.slice('at '.length))));
  const targets = decoded(printed.find(line => line.startsWith('targets '))?.slice('targets '.length) ?? '').split('\0').slice(0, -1);
  const sums = printed.flatMap(line => /^\\?([0-9a-f]{64}) /.exec(line)?.[1] ?? []);
  const found = new Map<string, TreeFacts>();
  for (const name of names) {
    const facts = lookedAt.get(name);
    if (facts === undefined) continue;
    const target = facts.type === 'link' ? targets.shift() : undefined;
    const sha256 = facts.type === 'file' ? sums.shift() : undefined;
    if ((facts.type === 'link' && target === undefined) || (facts.type === 'file' && sha256 === undefined)) throw changing(path);
    found.set(name, { ...facts, target, sha256 });
  }
  if (targets.length > 0 || sums.length > 0) throw changing(path);
  return found;
}

function changing(path: string): RefusedError {
  return new RefusedError(`${path} changed while it was looked at`, 'run again once nobody else writes to it');
}

/** A line of stat without its first word; the name is relative to the top. */
function parseFacts(line: string): readonly [name: string, facts: TreeFacts] {
  const [, raw = '', uid = '', gid = '', owner = '', group = '', name = ''] = /^(\w+) (\d+) (\d+) ([^/]*)\/([^/]*)\/(?:\.\/)?(.*)$/.exec(line) ?? [];
  const bits = Number.parseInt(raw, 16);
  return [name, { type: typeOf(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid), owner, group, sha256: undefined, target: undefined }];
}

/** Bits of st_mode, inode(7). */
function typeOf(bits: number): FileType {
  switch (bits & 0o170000) {
    case 0o100000: return 'file';
    case 0o040000: return 'directory';
    case 0o120000: return 'link';
    default: return 'other';
  }
}

function parseOthers(asked: ReadonlySet<string>, said: ReadonlyMap<string, string>, failed: string): ReadonlyMap<string, 'file' | 'directory'> {
  const listed = (['directories', 'files'] as const).flatMap(kind => {
    const names = Buffer.from(said.get(kind) ?? '', 'base64').toString().split('\0');
    if (names.pop() !== END) throw new RefusedError(failed);
    return names.map(name => [name.slice('./'.length), kind === 'files' ? 'file' : 'directory'] as const);
  });
  return new Map(listed.filter(([name]) => !asked.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The names of `others` that are in no other one of them: what goes with its directory is not named apart. */
export function outermost(others: ReadonlyMap<string, unknown>): string[] {
  const isInside = (name: string): boolean => {
    for (let above = parentOf(name); above !== '.'; above = parentOf(above)) {
      if (others.has(above)) return true;
    }
    return false;
  };
  return [...others.keys()].filter(name => !isInside(name));
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

function splitOnce(line: string): readonly [string, string] {
  const blank = line.indexOf(' ');
  return blank === -1 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
