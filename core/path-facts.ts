/** What looks at paths printed, as facts. */
import { RunnerError } from './errors';
import type { Asked, PathQuestion } from './path-look';
import { cmd } from './transport/command';
import type { CommandResult } from './transport/connection';

/** One thing that a host said: `what` is parent, link, stat (see `statOf`), sha256 or content. */
export interface PathFact { readonly what: string; readonly value: Buffer }

export type FileType = 'file' | 'directory' | 'link' | 'other';

/** What stat(1) says of a path. */
export interface PathStat {
  readonly type: FileType;
  /** Permission bits, `0o644`. */
  readonly mode: number;
  /** File type and mode, hexadecimal. */
  readonly raw: string;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** When its content was last written, in whole seconds since 1970. */
  readonly seconds: number;
  /** The same as stat(1) says it, `2026-11-25 17:48:54.778142097 +0000`. */
  readonly time: string;
  /** Names, which may hold blanks; `UNKNOWN` where the host has none. */
  readonly owner: string;
  readonly group: string;
}

/** What was said of one thing, if anything was. */
export function factOf(facts: readonly PathFact[], wanted: string): Buffer | undefined {
  return facts.find(({ what }) => what === wanted)?.value;
}

/** The fact `stat`; `undefined` where nothing is there. */
export function statOf(facts: readonly PathFact[]): PathStat | undefined {
  const value = factOf(facts, 'stat');
  if (value === undefined) return undefined;
  const [numbers = '', owner = '', group = ''] = value.toString().split('/');
  const [raw = '', uid, gid, size, seconds, ...time] = numbers.split(' ');
  const bits = Number.parseInt(raw, 16);
  return {
    type: TYPES.get(bits & 0o170000) ?? 'other', mode: bits & 0o7777, raw,
    uid: Number(uid), gid: Number(gid), size: Number(size), seconds: Number(seconds), time: time.join(' '), owner, group,
  };
}

/** Bits of st_mode, inode(7). */
const TYPES: ReadonlyMap<number, FileType> = new Map([[0o100000, 'file'], [0o040000, 'directory'], [0o120000, 'link']]);

/** What `pathLook` printed. @throws RunnerError when the file changed while it was read */
export function factsOf({ bytes }: Pick<CommandResult, 'bytes'>): readonly PathFact[] {
  return said(bytes).map(({ what, value }) => ({ what, value }));
}

/** What `pathLooks` printed, by question. One that must be looked at alone has the fact `unclear`. @throws RunnerError as above */
export function factsOfEach({ bytes }: Pick<CommandResult, 'bytes'>, questions: readonly PathQuestion[]): readonly (readonly PathFact[])[] {
  const all = said(bytes);
  return questions.map((_question, at) => all.filter(({ number }) => number === at + 1));
}

/**
 * What `pathLooks` printed of all that was asked, as the look of each would have printed it, with its share of the time; `undefined` for one path that must be
 * looked at alone. @throws RunnerError as above
 */
export function apart(result: CommandResult, asked: readonly Asked[]): readonly (CommandResult | undefined)[] {
  const each = factsOfEach(result, asked.flat());
  const { hostMs } = result;
  let from = 0;
  return asked.map(one => {
    const isList = 'length' in one;
    const questions = isList ? one : [one];
    const facts = each.slice(from, from += questions.length);
    if (!isList && facts.flat().some(({ what }) => what === UNCLEAR)) return undefined;
    const bytes = Buffer.concat(facts.flatMap((own, at) => own.flatMap(fact => printed(fact, at + 1))));
    const share = hostMs === undefined ? {} : { hostMs: hostMs * questions.length / each.length };
    return { ...result, ...share, command: cmd`: look at ${questions.map(({ path }) => path)}`.text, bytes, stdout: bytes.toString() };
  });
}

/** The fact that a path must be looked at alone. */
export const UNCLEAR = 'unclear';

interface Said extends PathFact { readonly number: number }

/** What may hold line breaks, so that its length stands before it. */
const MEASURED: ReadonlySet<string> = new Set(['link', 'content']);

function said(bytes: Buffer): readonly Said[] {
  const found: Said[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = lineEnd(bytes, at);
    const [what = '', number = '', ...rest] = bytes.toString('utf8', at, end).split(' ');
    at = end + 1;
    const length = MEASURED.has(what) ? Number(rest[0]) : 0;
    if (MEASURED.has(what) && bytes[at + length] !== NEWLINE) throw changed();
    found.push({ what, number: Number(number), value: MEASURED.has(what) ? bytes.subarray(at, at + length) : Buffer.from(rest.join(' ')) });
    if (MEASURED.has(what)) at += length + 1;
  }
  return found;
}

const NEWLINE = 10;

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  if (end < 0) throw changed();
  return end;
}

function printed({ what, value }: PathFact, number: number): Buffer[] {
  return MEASURED.has(what) ? [Buffer.from(`${what} ${number} ${value.length}\n`), value, Buffer.from('\n')] : [Buffer.from(`${what} ${number} ${value.toString()}\n`)];
}

function changed(): RunnerError {
  return new RunnerError('check', 'the file changed while it was read', 'Run again: what is done is inspected, not done twice.');
}
