/** Reads many files of a host in one round trip. */
import { RefusedError } from '../../core/errors';
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
  const { code, stdout } = await on.run(readCommand(wanted), { expect: [0, UNREADABLE], secretOutput: true });
  if (code === 0) return await withPlanned(on, wanted, parseFiles(wanted, stdout));
  const path = fromBase64(/^unreadable (.*)$/m.exec(stdout)?.[1]).toString();
  throw new RefusedError(`${on.host.name}: ${path} cannot be read as ${on.user}`, 'Run the task as root (become: true, or -b).');
}

/** When each file was last written, in seconds since 1970; a file that is not there is left out. @param paths absolute, taken literally */
export async function readTimes(on: Pick<Connection, 'run' | 'foreseen'>, paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map();
  const { stdout } = await on.run(lines(...paths.map(path => cmd`if [ -e ${path} ]; then stat -L -c '%Y %y' -- ${path} || exit 1; else echo; fi`)));
  const said = stdout.split('\n');
  return await withPlannedTimes(on, paths, new Map(paths.flatMap((path, i) => said[i] === undefined || said[i] === '' ? [] : [[path, parseMtime(said[i])]])));
}

/** The exit code that says so. */
const UNREADABLE = 4;

function readCommand(patterns: readonly string[]): Command {
  const define = raw(String.raw`show() {
  for f; do
    [ -f "$f" ] || [ "$f" -ef /dev/null ] || continue
    [ -r "$f" ] || { printf 'unreadable %s\n' "$(printf %s "$f" | base64 | tr -d '\n')"; exit 4; }
    content=$(base64 < "$f") && times=$(stat -L -c '%Y %y' -- "$f") || exit 1
    printf 'file %s\n' "$(printf %s "$f" | base64 | tr -d '\n')" "$times" "$(printf %s "$content" | tr -d '\n')"
  done
}`);
  return lines(define, ...patterns.map((pattern, i) => cmd`echo ${`pattern ${i}`}; show ${globbing(pattern)}`));
}

/** A word of the shell in which only `*`, `?`, `[...]` and `[!...]` keep their meaning. */
function globbing(pattern: string): Command {
  const pieces = pattern.split(/([*?\]]|\[[!^]?)/).filter(piece => piece !== '');
  return pieces.map(piece => /^(?:[*?\]]|\[[!^]?)$/.test(piece) ? raw(piece) : cmd`${piece}`).reduce((all, piece) => cmd`${all}${piece}`);
}

function parseFiles(patterns: readonly string[], stdout: string): ReadonlyMap<string, readonly HostFile[]> {
  const found = new Map<string, HostFile[]>(patterns.map(pattern => [pattern, []]));
  let files: HostFile[] = [];
  const said = stdout.split('\n');
  for (let at = 0; at < said.length; at += 1) {
    const [kind, rest] = (said[at] ?? '').split(' ');
    if (kind === 'pattern') files = found.get(patterns[Number(rest)] ?? '') ?? [];
    if (kind !== 'file') continue;
    const [path, times, content] = [0, 1, 2].map(i => (said[at + i] ?? '').replace('file ', ''));
    files.push({ path: fromBase64(path).toString(), mtime: parseMtime(times ?? ''), ...decodeText(fromBase64(content)) });
    at += 2;
  }
  return found;
}

function fromBase64(text = ''): Buffer {
  return Buffer.from(text, 'base64');
}

/** `1795367523 2026-11-22 17:12:03.123456789 +0000`: whole seconds, and the fraction where stat(1) knows one. */
function parseMtime(times: string): number {
  const fraction = /:\d\d(\.\d+)/.exec(times)?.[1] ?? '';
  return Number(`${times.split(' ')[0] ?? ''}${fraction}`);
}
