/** Reads many files of a host in one round trip. */
import { isRunnerError, RefusedError } from '../../core/errors';
import { factOf, factsOfEach, statOf, type PathFact, type PathStat } from '../../core/path-facts';
import { pathLooks } from '../../core/path-look';
import { cmd, lines, raw, type Command } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';
import { withPlanned, withPlannedTimes } from './planned-files';
import { decodeText, type DecodedText } from './text';

/** A file as it lies on a host. */
export interface HostFile extends DecodedText {
  readonly path: string;
  /** When its content was last written, in seconds since 1970, fractions included. */
  readonly mtime: number;
}

/**
 * The files that each pattern matches, in the order of their names; none for a pattern that matches nothing. A link to /dev/null is an empty file.
 * @param patterns absolute paths; `*`, `?` and `[...]` are expanded on the host
 * @throws RefusedError when a file is there and this user may not read it
 */
export async function readFiles(on: Pick<Connection, 'run' | 'host' | 'user' | 'foreseen'>, patterns: readonly string[]): Promise<ReadonlyMap<string, readonly HostFile[]>> {
  const wanted = [...new Set(patterns)];
  if (wanted.length === 0) return new Map();
  return await withPlanned(on, wanted, await readPlain(on, wanted) ?? await readAny(on, wanted));
}

type Reading = Pick<Connection, 'run' | 'host' | 'user'>;

/** Paths that are small files, or nothing, together with what other tasks look at in that moment. `undefined`: it takes another way. */
async function readPlain(on: Reading, paths: readonly string[]): Promise<ReadonlyMap<string, readonly HostFile[]> | undefined> {
  // Of the kernel's files stat does not tell the size.
  if (paths.some(path => /[*?[\n]|^\/(?:proc|sys)\//.test(path))) return undefined;
  const questions = paths.map(path => ({ path, follow: true, content: 'always' } as const));
  const result = await on.run(pathLooks(questions), { ahead: questions, expect: 'any', secretOutput: true });
  if (result.code !== 0) return undefined;
  try {
    const files = factsOfEach(result, questions).map((facts, i) => fileOf(paths[i] ?? '', facts));
    const clear = files.filter(each => each !== undefined);
    return clear.length < files.length ? undefined : new Map(clear.map((each, i) => [paths[i] ?? '', each]));
  } catch (error) {
    // One changed while it was read.
    if (!isRunnerError(error)) throw error;
    return undefined;
  }
}

/** The file of these facts, if there is any; `undefined` where they do not tell. */
function fileOf(path: string, facts: readonly PathFact[]): readonly HostFile[] | undefined {
  const [stat, content] = [statOf(facts), factOf(facts, 'content')];
  if (stat !== undefined && content !== undefined) return [{ path, mtime: mtimeOf(stat), ...decodeText(content) }];
  return facts.every(({ what }) => what === 'parent') ? [] : undefined;
}

/** Whatever they are. @throws RefusedError */
async function readAny(on: Reading, patterns: readonly string[]): Promise<ReadonlyMap<string, readonly HostFile[]>> {
  const { code, stdout } = await on.run(readCommand(patterns), { expect: [0, UNREADABLE], secretOutput: true });
  if (code === 0) return parseFiles(patterns, stdout);
  const path = stdout.slice(stdout.lastIndexOf(UNREADABLE_FILE) + UNREADABLE_FILE.length).trimEnd();
  throw new RefusedError(`${on.host.name}: ${path} cannot be read as ${on.user}`, 'Run the task as root (become: true, or -b).');
}

/** When each file was last written, in seconds since 1970; a file that is not there is left out. @param paths absolute, taken literally */
export async function readTimes(on: Pick<Connection, 'run' | 'foreseen'>, paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map();
  const { stdout } = await on.run(timesCommand(paths));
  return await withPlannedTimes(on, paths, parseTimes(paths, stdout));
}

/** Prints what `parseTimes` reads. */
export function timesCommand(paths: readonly string[]): Command {
  if (paths.length === 0) return raw('echo');
  const asked = paths.map(path => cmd`if [ -e ${path} ]; then there=$there"1"; set -- "$@" ${path}; else there=$there"0"; fi`);
  return lines(raw('there=; set --'), ...asked, raw('echo "$there"; [ $# -eq 0 ] || stat -L -c "%Y %y" -- "$@" || exit 1'));
}

/** When each file was last written; one that is not there is left out. */
export function parseTimes(paths: readonly string[], said: string): ReadonlyMap<string, number> {
  const [there = '', ...times] = said.split('\n');
  return new Map(paths.filter((_path, i) => there[i] === '1').map((path, i) => [path, parseMtime(times[i] ?? '')]));
}

/** The exit code that says so. */
const UNREADABLE = 4;
const UNREADABLE_FILE = '\nunreadable ';

/** Prints what `parseFiles` reads. */
function readCommand(patterns: readonly string[]): Command {
  const define = raw(String.raw`show() {
  for f; do
    [ -f "$f" ] || [ "$f" -ef /dev/null ] || continue
    [ -r "$f" ] || { printf '\nunreadable %s\n' "$f"; exit 4; }
    printf 'file %s\n' "$f"
    stat -L -c 'time %Y %y' -- "$f" && base64 <"$f" || exit 1
  done
}`);
  return lines(define, ...patterns.map((pattern, i) => cmd`echo ${`pattern ${i}`}; show ${globbing(pattern)}`));
}

/** A word of the shell in which only `*`, `?`, `[...]` and `[!...]` keep their meaning. */
function globbing(pattern: string): Command {
  const pieces = pattern.split(/([*?\]]|\[[!^]?)/).filter(piece => piece !== '');
  return pieces.map(piece => /^(?:[*?\]]|\[[!^]?)$/.test(piece) ? raw(piece) : cmd`${piece}`).reduce((all, piece) => cmd`${all}${piece}`);
}

/** The files that each pattern matches, of what `readCommand` printed: base64 holds no blank, so only the other lines have one. */
function parseFiles(patterns: readonly string[], stdout: string): ReadonlyMap<string, readonly HostFile[]> {
  const blocks = stdout.split(PATTERN).slice(1);
  return new Map(patterns.map((pattern, i) => [pattern, [...(blocks[i] ?? '').matchAll(ONE_FILE)].map(([, path = '', time = '', content = '']) => (
    { path, mtime: parseMtime(time), ...decodeText(Buffer.from(content, 'base64')) }
  ))]));
}

const PATTERN = /^pattern \d+\n/m;

const ONE_FILE = /^file ([^]*?)\ntime (\d+ .*)\n((?:[A-Za-z0-9+/=]+\n)*)/gm;

/** `1795367523 2026-11-22 17:12:03.123456789 +0000` */
function parseMtime(times: string): number {
  const [seconds = '', ...time] = times.split(' ');
  return mtimeOf({ seconds: Number(seconds), time: time.join(' ') });
}

/** Whole seconds, and the fraction where stat(1) knows one. */
function mtimeOf({ seconds, time }: Pick<PathStat, 'seconds' | 'time'>): number {
  return Number(`${seconds}${/:\d\d(\.\d+)/.exec(time)?.[1] ?? ''}`);
}
