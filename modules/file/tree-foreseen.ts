/** Trees in check mode: how one will look once the changes planned so far are made, and what a planned change of one leaves behind. */
import { posix } from 'node:path';
import { sha256 } from '../../core/checksum';
import { unforeseen, type ForeseenOwner, type ForeseenPath } from '../../core/foreseen';
import { see } from '../../core/module';
import { realPath } from '../../core/real-path';
import { Secret } from '../../core/secret';
import type { Target } from '../../core/transport/connection';
import { readOnce } from './controller-files';
import { creator, foretellDirectory, ownedAfter } from './foretell';
import { lookAt } from './look';
import { putAbove, wantedMode, type Difference, type WantedTree } from './tree-compare';
import { parseTree, treeLookCommand, type TreeFacts, type TreeQuestion, type TreeState } from './tree-look';
import type { TreeEntry } from './tree-source';

/** The content of larger files is not kept in memory only to foresee it, in bytes. */
const MOST_FORESEEN = 1024 * 1024;

/** How a tree will look; `undefined` where no planned change concerns it. @throws RefusedError where only the run will tell */
export async function foreseenTree(on: Target, question: TreeQuestion): Promise<TreeState | undefined> {
  const { foreseen } = on;
  if (foreseen === undefined) return undefined;
  const real = await realPath(on, question.path, true);
  const below = foreseen.paths.filter(path => path.startsWith(real.path === '/' ? '/' : `${real.path}/`));
  const will = foreseen.at(real.path);
  if (will === undefined && below.length === 0 && !real.isPlanned) return undefined;
  const there = parseTree(question.path, question, await on.run(treeLookCommand({ ...question, path: real.path })));
  const top = overlaid(there.top, will, real.path);
  const at = (name: string): string => posix.join(real.path, name);
  const found = question.names.flatMap(name => {
    const facts = overlaid(there.found.get(name), foreseen.at(at(name)), at(name));
    return facts === undefined ? [] : [[name, facts] as const];
  });
  const names = [...there.others.keys(), ...below.map(path => posix.relative(real.path, path)).filter(name => question.others && !question.names.includes(name))];
  const others = [...new Set(names)].sort().flatMap(name => {
    const planned = foreseen.at(at(name));
    const was = there.others.get(name);
    const type = planned === undefined ? was : overlaid(was === undefined ? undefined : { ...UNKNOWN, type: was }, planned, at(name))?.type;
    return type === undefined ? [] : [[name, type === 'directory' ? 'directory' : 'file'] as const];
  });
  return { link: real.link, top, real: top?.type === 'directory' ? real.path : undefined, found: new Map(found), others: new Map(others), mounts: there.mounts };
}

const UNKNOWN: TreeFacts = { type: 'other', mode: NaN, uid: NaN, gid: NaN, owner: '', group: '', sha256: undefined, target: undefined };

function overlaid(facts: TreeFacts | undefined, will: ForeseenPath | undefined, path: string): TreeFacts | undefined {
  switch (will?.kind) {
    case undefined: return facts;
    case 'absent': return undefined;
    case 'link': return { ...UNKNOWN, ...will.owned, type: 'link', mode: 0o777, target: will.target };
    case 'directory': return { ...UNKNOWN, ...will.owned, type: 'directory' };
    case 'file': return { ...UNKNOWN, ...will.owned, type: 'file', sha256: sha256(will.content instanceof Secret ? will.content.reveal() : will.content) };
    case 'kept': return facts === undefined ? undefined : { ...facts, ...will.owned };
    case 'made':
    case 'unclear': throw unforeseen(path);
  }
}

/** Notes what the differences of a tree leave behind once they are made. */
export async function foretellTree(on: Target, { wanted, state, differences }: { readonly wanted: WantedTree; readonly state: TreeState; readonly differences: readonly Difference[] }): Promise<void> {
  const { foreseen } = on;
  if (foreseen === undefined) return;
  if (state.top === undefined) await foretellDirectory(on, wanted.path, attributesOf(wanted, wanted.directoryMode), await see(lookAt(wanted.path, { follow: true }), on));
  const real = state.real ?? (await realPath(on, wanted.path, true)).path;
  const acts = new Map(differences.map(({ name, act }) => [name, act]));
  const puts = new Set(differences.filter(({ act }) => act === 'put').map(({ name }) => name));
  const creators = new Map<string, Omit<ForeseenOwner, 'mode'>>();
  const ownerOfNew = async (put: string): Promise<Omit<ForeseenOwner, 'mode'>> => {
    const made = creators.get(put) ?? await creator(on, posix.join(real, put));
    creators.set(put, made);
    return made;
  };
  for (const entry of [{ kind: 'directory', name: '' } as const, ...wanted.entries]) {
    const put = state.top === undefined ? '' : putAbove(entry.name, puts);
    const path = posix.join(real, entry.name);
    if ((put === undefined && acts.get(entry.name) !== 'keep') || (put !== undefined && entry.name === '')) continue;
    const facts = entry.name === '' ? state.top : state.found.get(entry.name);
    const old = facts?.type === entry.kind ? facts : undefined;
    const mode = wantedMode(entry, facts, wanted);
    const before = old ?? { mode: mode ?? 0o755, ...await ownerOfNew(put ?? '') };
    const owned = await ownedAfter(on, path, { state: { facts: before }, wanted: attributesOf(wanted, mode), mode: before.mode });
    foreseen.put(path, put === undefined ? kept(foreseen.at(path), owned) : made(entry, owned, foreseen.tick()));
  }
  for (const { name, act } of differences) {
    if (act === 'remove') foreseen.put(posix.join(real, name), { kind: 'absent' });
  }
}

function kept(will: ForeseenPath | undefined, owned: ForeseenOwner): ForeseenPath {
  return will?.kind === 'file' || will?.kind === 'directory' || will?.kind === 'link' ? { ...will, owned } : { kind: 'kept', owned };
}

function made(entry: TreeEntry | { readonly kind: 'directory' }, owned: ForeseenOwner, mtime: number): ForeseenPath {
  switch (entry.kind) {
    case 'directory': return { kind: 'directory', owned };
    case 'link': return { kind: 'link', target: entry.target, owned };
    case 'file': return entry.size > MOST_FORESEEN ? { kind: 'made', mtime } : { kind: 'file', content: readOnce(entry.from), owned, mtime };
    default: return entry satisfies never;
  }
}

function attributesOf({ owner, group }: WantedTree, mode: number | undefined): { mode?: number; owner?: string | number; group?: string | number } {
  return { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
}
