/**
 * Edits of an upstream's servers, all other bytes kept. What comes out is parsed again and compared with what was meant.
 */
import { RefusedError } from '../../core/errors';
import { splice, type Splice } from '../systemd/text';
import { parseConf, type ConfFile, type Directive } from './conf';
import { walk, type ConfTree, type Visit } from './tree';
import { findUpstreams, isLive, type FoundUpstream, type UpstreamServer } from './upstreams';

/** Parameters of a server as wanted: a value, `true` for one that stands alone (`down`), `false` for one that shall not be there. */
export type ServerParameters = Readonly<Record<string, string | number | boolean>> & { readonly down?: boolean };

/** A server as wanted. Parameters that are not named stay as they are. */
export type ServerWish = 'absent' | ServerParameters;

/** By address as written in the configuration. Servers that are not named stay as they are. */
export type ServerWishes = Readonly<Record<string, ServerWish>>;

/** One server line that differs, `null` where there is none. */
export interface ServerEdit {
  readonly address: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What an edit gives. */
export interface UpstreamEdit {
  readonly edits: readonly ServerEdit[];
  /** The new texts by path; empty when nothing differs. */
  readonly texts: ReadonlyMap<string, string>;
  readonly after: ConfTree;
}

/**
 * The edit that makes an upstream's servers as wished.
 * @throws RefusedError where no live server would be left, or the edited text would not mean what was asked for
 */
export function editUpstream(tree: ConfTree, upstream: FoundUpstream, wishes: ServerWishes): UpstreamEdit {
  const planned = upstream.lines.map((line, i) => ({ line, server: upstream.servers[i], args: wantedArgs(line.directive, wishes) }));
  const missing = Object.entries(wishes).filter(([address, wish]) => wish !== 'absent' && upstream.servers.every(server => server.address !== address));
  const added = missing.map(([address, wish]) => [address, ...newParameters(wish)]);
  const edits: ServerEdit[] = [
    ...planned.flatMap(({ line, server, args }) => {
      const [from, to] = [shown(argsOf(line.directive)), args === undefined ? null : shown(args)];
      return from === to || server === undefined ? [] : [{ address: server.address, from, to }];
    }),
    ...added.map(args => ({ address: args[0] ?? '', from: null, to: shown(args) })),
  ];
  if (edits.length === 0) return { edits, texts: new Map(), after: tree };
  const texts = splicedTexts(planned, added, upstream);
  const after = withTexts(tree, texts);
  const wanted = [...planned.flatMap(({ args }) => args === undefined ? [] : [args]), ...added];
  assertMeant({ before: tree, after, upstream, wanted });
  return { edits, texts, after };
}

/** The tree with other texts for some files. @throws RefusedError where one of them cannot be parsed */
export function withTexts(tree: ConfTree, texts: ReadonlyMap<string, string>): ConfTree {
  const files = new Map([...tree.files].map(([path, file]) => {
    const text = texts.get(path);
    return [path, text === undefined ? file : parseConf(path, text)];
  }));
  return { ...tree, files };
}

/** The same upstream in an edited tree. */
export function sameUpstream(tree: ConfTree, upstream: FoundUpstream): FoundUpstream | undefined {
  return findUpstreams(tree).find(other => other.name === upstream.name && other.context === upstream.context);
}

/** The words of a server line after the edit; `undefined` when it goes away. */
function wantedArgs(directive: Directive, wishes: ServerWishes): readonly string[] | undefined {
  const args = argsOf(directive);
  const wish = wishes[args[0] ?? ''];
  if (wish === undefined) return args;
  if (wish === 'absent') return undefined;
  const kept = args.flatMap(arg => {
    const name = arg.split('=')[0] ?? arg;
    const value = wish[name];
    return value === undefined ? [arg] : value === false ? [] : [parameter(name, value)];
  });
  return [...kept, ...newParameters(wish).filter(text => !args.some(arg => arg.split('=')[0] === text.split('=')[0]))];
}

function newParameters(wish: ServerWish): readonly string[] {
  return wish === 'absent' ? [] : Object.entries(wish).flatMap(([name, value]) => value === false ? [] : [parameter(name, value)]);
}

function parameter(name: string, value: string | number | boolean): string {
  return value === true ? name : `${name}=${String(value)}`;
}

function argsOf(directive: Directive): readonly string[] {
  return directive.args.map(arg => arg.value);
}

function shown(args: readonly string[]): string {
  return `server ${args.join(' ')};`;
}

interface PlannedLine {
  readonly line: Visit;
  readonly args: readonly string[] | undefined;
}

function splicedTexts(planned: readonly PlannedLine[], added: readonly (readonly string[])[], upstream: FoundUpstream): ReadonlyMap<string, string> {
  const byFile = new Map<ConfFile, Splice[]>();
  const put = (file: ConfFile, ...splices: readonly Splice[]): void => void byFile.set(file, [...(byFile.get(file) ?? []), ...splices]);
  for (const { line, args } of planned) {
    const splices = args === undefined ? [lineRemoval(line)] : argSplices(line.directive, args);
    if (splices.length > 0) put(line.file, ...splices);
  }
  if (added.length > 0) {
    const { file, splice: one } = insertion(upstream, planned, added.map(shown));
    put(file, one);
  }
  return new Map([...byFile].map(([file, splices]) => [file.path, splice(file.text, splices)]));
}

/** Word by word, so that blanks between them stay. */
function argSplices(directive: Directive, wanted: readonly string[]): readonly Splice[] {
  const nameOf = (text: string): string => text.split('=')[0] ?? text;
  const kept = directive.args.flatMap((arg, i): Splice[] => {
    if (i === 0) return [];
    const now = wanted.slice(1).find(text => nameOf(text) === nameOf(arg.value));
    if (now === arg.value) return [];
    if (now !== undefined) return [{ start: arg.start, end: arg.end, text: now }];
    return [{ start: directive.args[i - 1]?.end ?? arg.start, end: arg.end, text: '' }];
  });
  const added = wanted.slice(1).filter(text => !directive.args.slice(1).some(arg => nameOf(arg.value) === nameOf(text)));
  const at = directive.args.at(-1)?.end ?? directive.end - 1;
  return added.length === 0 ? kept : [...kept, { start: at, end: at, text: added.map(text => ` ${text}`).join('') }];
}

/** A server that has a line for itself goes with it and with the comment behind it; otherwise the blanks before it go. */
function lineRemoval({ file, directive }: Visit): Splice {
  const from = lineStart(file.text, directive.start);
  const rest = /^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/.exec(file.text.slice(directive.end))?.[0];
  if (rest !== undefined && file.text.slice(from, directive.start).trim() === '') return { start: from, end: directive.end + rest.length, text: '' };
  const blanks = /[ \t]*$/.exec(file.text.slice(0, directive.start))?.[0].length ?? 0;
  return { start: directive.start - blanks, end: directive.end, text: '' };
}

/** Behind the last server that stays, in its manner; else in the place of those that go, or at the end of an empty upstream. */
function insertion(upstream: FoundUpstream, planned: readonly PlannedLine[], lines: readonly string[]): { file: ConfFile; splice: Splice } {
  const kept = planned.findLast(({ args }) => args !== undefined)?.line;
  const gone = planned[0]?.line;
  const { file, directive } = kept ?? gone ?? upstream.visit;
  const { text } = file;
  const indent = /^[ \t]*/.exec(text.slice(lineStart(text, directive.start)))?.[0] ?? '';
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const at = (offset: number, inserted: string): { file: ConfFile; splice: Splice } => ({ file, splice: { start: offset, end: offset, text: inserted } });
  if (kept !== undefined) {
    const rest = /^[ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)/.exec(text.slice(directive.end))?.[0];
    if (rest === undefined) return at(directive.end, lines.map(line => ` ${line}`).join(''));
    return at(directive.end + rest.length, lines.map(line => `${eol}${indent}${line}`).join(''));
  }
  const end = gone === undefined ? directive.block?.end ?? directive.end : lineRemoval(gone).start;
  const ownLine = text.slice(lineStart(text, end), end).trim() === '';
  if (!ownLine) return at(end, lines.map(line => ` ${line}`).join('') + (gone === undefined ? ' ' : ''));
  const deeper = gone === undefined ? `${indent}    ` : indent;
  return at(lineStart(text, end), lines.map(line => `${deeper}${line}${eol}`).join(''));
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

interface Meant {
  readonly before: ConfTree;
  readonly after: ConfTree;
  readonly upstream: FoundUpstream;
  readonly wanted: readonly (readonly string[])[];
}

function assertMeant({ before, after, upstream, wanted }: Meant): void {
  const got = sameUpstream(after, upstream);
  const lines = (visits: readonly Visit[]): string => visits.map(({ directive }) => shown(argsOf(directive))).sort().join('\n');
  const isSame = got !== undefined && lines(got.lines) === wanted.map(shown).sort().join('\n')
    && othersOf(before, upstream) === othersOf(after, got);
  const place = `${upstream.file}:${upstream.line}: upstream "${upstream.name}"`;
  if (!isSame) throw new RefusedError(`${place} cannot be edited: what nginx would read from the edited file is not what was meant; edit it by hand`);
  if (got.servers.some((server: UpstreamServer) => isLive(server))) return;
  throw new RefusedError(`${place} would be left without a live server`, 'nginx accepts that and answers nothing; leave one server that is neither down nor removed.');
}

/** Everything but the upstream's own server lines, in order. */
function othersOf(tree: ConfTree, upstream: FoundUpstream): string {
  const own = new Set(upstream.lines.map(line => line.directive));
  // A file of servers may be included by other upstreams too: there its lines are not this upstream's own.
  const others = walk(tree).filter(visit => !own.has(visit.directive) || visit.inside.at(-1) !== upstream.visit.directive);
  return others.map(({ directive, inside }) => [...inside.map(block => block.name), directive.name, ...argsOf(directive)].join(' ')).join('\n');
}
