/** What of a tree is not as wanted on a host. Pure. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import type { Change } from '../../core/module';
import { attributeChanges, type Attributes } from './attributes';
import { outermost, type TreeFacts, type TreeState } from './tree-look';
import { parentOf, removalProblems } from './paths';
import type { TreeEntry, TreeFile } from './tree-source';

/** How a tree is to be on a host. */
export interface TreeWish {
  /** Where it goes on the host, absolute; missing directories above it are made. */
  readonly path: string;
  /** Also remove what is in `path` and not in the tree. Default: no. Refused for directories of the system, and while something is mounted on what would go. */
  readonly prune?: boolean;
  /**
   * Permission bits of its files as an octal number, `0o640`; files that their owner may execute on the controller can be executed by all who may read them.
   * Default: as they are but for that; of a new file 0644, or 0755.
   */
  readonly mode?: number;
  /** Permission bits of its directories, the top included. Default: as they are; of a new one 0755. */
  readonly directoryMode?: number;
  /** Owner and group of all that is in it, the top and the links included, by name or number. Default: as they are; of what is new, the user that the task runs as. */
  readonly owner?: string | number;
  readonly group?: string | number;
}

/** A tree, and how it is to be. */
export interface WantedTree extends TreeWish {
  readonly entries: readonly TreeEntry[];
}

/** One path that is not as wanted. */
export interface Difference {
  /** Relative to the top; `''` is the top itself. */
  readonly name: string;
  /**
   * `put`: what is wanted takes its place, a file or a link by a rename, a missing directory with all that is in it;
   * `keep`: only mode, owner or group are set; `remove`: it goes.
   */
  readonly act: 'put' | 'keep' | 'remove';
  readonly change: Change;
}

type TopEntry = TreeEntry | { readonly kind: 'directory'; readonly name: '' };

/** Each path that differs, in the order of the tree, then those that go. @throws RefusedError when something is in the way that is not replaced */
export function differencesOf(state: TreeState, wanted: WantedTree): Difference[] {
  requireRoom(state, wanted);
  const top: TopEntry = { kind: 'directory', name: '' };
  const missing = new Set<string>();
  const differences: Difference[] = [];
  for (const entry of [top, ...wanted.entries]) {
    if (entry.name !== '' && missing.has(holderOf(entry.name))) {
      if (entry.kind === 'directory') missing.add(entry.name);
      continue;
    }
    const facts = entry.name === '' ? state.top : state.found.get(entry.name);
    const difference = entry.kind === 'directory' ? directoryDifference(entry.name, facts, wanted) : itemDifference(entry, facts, wanted);
    if (difference !== undefined) differences.push(difference);
    if (entry.kind === 'directory' && facts === undefined) missing.add(entry.name);
  }
  return [...differences, ...removals(state, wanted)];
}

/** Where a name of the tree is on the host. */
export function placeOf({ path }: { readonly path: string }, name: string): string {
  return name === '' ? path : posix.join(path, name);
}

/** The name of the directory that holds a name of a tree, `''` for the top. */
export function holderOf(name: string): string {
  const above = parentOf(name);
  return above === '.' ? '' : above;
}

/** The name of `puts` that this one is in, or itself; `undefined` where there is none. */
export function putAbove(name: string, puts: ReadonlySet<string>): string | undefined {
  for (let at = name; at !== ''; at = holderOf(at)) {
    if (puts.has(at)) return at;
  }
  return undefined;
}

/** The mode that a path of the tree is to have; `undefined`: as it is, and of what is new 0755 for a directory. */
export function wantedMode(entry: TopEntry, facts: TreeFacts | undefined, { mode, directoryMode }: WantedTree): number | undefined {
  if (entry.kind === 'directory') return directoryMode;
  return entry.kind === 'file' ? fileMode(entry, facts, mode) : undefined;
}

/** Whoever may read an executable file may execute it; which bits there are otherwise is what is asked for, or what is there. */
function fileMode({ isExecutable }: TreeFile, facts: TreeFacts | undefined, mode: number | undefined): number {
  const bits = mode ?? (facts?.type === 'file' ? facts.mode : 0o644);
  if (mode === undefined && ((bits & 0o100) !== 0) === isExecutable) return bits;
  return isExecutable ? bits | ((bits & 0o444) >> 2) : mode === undefined ? bits & ~0o111 : bits;
}

function directoryDifference(name: string, facts: TreeFacts | undefined, wanted: WantedTree): Difference | undefined {
  const resource = placeOf(wanted, name);
  if (facts === undefined) return { name, act: 'put', change: { resource, property: 'state', from: null, to: `directory with ${contentsOf(name, wanted.entries)}` } };
  const { directoryMode, owner, group } = wanted;
  return joined(name, 'keep', attributeChanges(resource, facts, attributesOf(directoryMode, owner, group)));
}

function itemDifference(entry: Exclude<TreeEntry, { kind: 'directory' }>, facts: TreeFacts | undefined, wanted: WantedTree): Difference | undefined {
  const resource = placeOf(wanted, entry.name);
  const { owner, group } = wanted;
  const [property, is, to] = entry.kind === 'file'
    ? ['content', facts?.type === 'link' ? `link to ${facts.target ?? ''}` : brief(facts?.sha256), brief(entry.sha256)]
    : ['target', facts?.type === 'file' ? 'file' : facts?.target ?? '', entry.target];
  if (facts === undefined) return joined(entry.name, 'put', [{ resource, property, from: null, to }]);
  const sameContent = is === to && facts.type === entry.kind && (entry.kind === 'link' || facts.sha256 === entry.sha256);
  const content = sameContent ? [] : [{ resource, property, from: is, to }];
  const mode = facts.type === entry.kind ? wantedMode(entry, facts, wanted) : undefined;
  return joined(entry.name, sameContent ? 'keep' : 'put', [...content, ...attributeChanges(resource, facts, attributesOf(mode, owner, group))]);
}

function attributesOf(mode: number | undefined, owner: string | number | undefined, group: string | number | undefined): Attributes {
  return { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
}

/** All that is to change of one path as one change: `content, mode`. */
function joined(name: string, act: Difference['act'], changes: readonly Change[]): Difference | undefined {
  const [first] = changes;
  if (first === undefined) return undefined;
  const all = (values: readonly (string | null)[]): string => values.map(value => value ?? '-').join(', ');
  const from = changes.every(change => change.from === null) ? null : all(changes.map(change => change.from));
  return { name, act, change: { resource: first.resource, property: changes.map(change => change.property).join(', '), from, to: all(changes.map(change => change.to)) } };
}

function removals({ others, mounts, real = '' }: TreeState, { path, prune = false }: WantedTree): Difference[] {
  if (!prune) return [];
  const strange = [...others.keys()].find(name => /[\n\ufffd]/.test(name));
  if (strange !== undefined) throw new RefusedError(`${JSON.stringify(placeOf({ path }, strange))} is not in the tree and is not removed: its name has a line break or is no UTF-8`, 'remove it by hand');
  return outermost(others).map(name => {
    const resource = placeOf({ path }, name);
    const mounted = mounts.find(mount => `${mount}/`.startsWith(`${posix.join(real, name)}/`));
    if (mounted !== undefined) throw new RefusedError(`${resource} is not in the tree and is not removed: ${mounted} is mounted there`, 'unmount it first');
    return { name, act: 'remove', change: { resource, property: 'state', from: others.get(name) ?? 'file', to: null } };
  });
}

/** @throws RefusedError when a directory is in the place of a file, or something else in that of a directory */
function requireRoom({ top, link, found, real }: TreeState, { path, entries, prune = false }: WantedTree): void {
  const [problem] = prune && real !== undefined ? removalProblems(real) : [];
  if (problem !== undefined) throw new RefusedError(`${path} leads to ${real ?? ''} and is not pruned: ${problem}`);
  if (top === undefined && link !== undefined) throw new RefusedError(`${path} is to be a directory and is a link to ${link}, which does not exist`);
  if (top !== undefined && top.type !== 'directory') throw new RefusedError(`${path} is to be a directory and is a ${top.type}`, ADVICE);
  for (const { name, kind } of entries) {
    const facts = found.get(name);
    const fits = facts === undefined || (kind === 'directory' ? facts.type === 'directory' : facts.type === 'file' || facts.type === 'link');
    if (fits) continue;
    const is = facts.type === 'link' ? `a link to ${facts.target ?? ''}` : facts.type === 'other' ? 'neither a file nor a directory' : `a ${facts.type}`;
    throw new RefusedError(`${placeOf({ path }, name)} is to be a ${kind} and is ${is}`, ADVICE);
  }
}

const ADVICE = 'remove it with file.absent first, if it is not needed';

/** `2 files, sha256:0123456789ab`: two trees with other names, contents, links or executable files differ in it. */
function contentsOf(name: string, entries: readonly TreeEntry[]): string {
  const inside = name === '' ? entries : entries.filter(entry => entry.name.startsWith(`${name}/`));
  const files = inside.filter(entry => entry.kind !== 'directory').length;
  return `${files} ${files === 1 ? 'file' : 'files'}, ${brief(checksumOf(inside))}`;
}

/** A checksum over what entries are to be. */
export function checksumOf(entries: readonly TreeEntry[]): string {
  const facts = entries.map(entry => [entry.kind, entry.name, ...(entry.kind === 'file' ? [entry.sha256, entry.isExecutable] : entry.kind === 'link' ? [entry.target] : [])]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Enough of a checksum to tell two contents apart. */
function brief(sha256 = ''): string {
  return `sha256:${sha256.slice(0, 12)}`;
}
