/** Has anybody else changed what a rollback would put back? Told for all hosts before anything is touched. */
import { check, live, type Finding } from '../module';
import { cmd, lines } from '../transport/command';
import type { Target } from '../transport/connection';
import { lookAt, typeOf } from '../run/undo-look';
import { copiesOf, type Fingerprint, type PathBefore, type UndoRecord } from '../run/undo-record';
import { placeOf, type Chain } from './chain';
import { isAlike, linesOf } from './fingerprints';
import { conflict } from './restored';

export interface UnchangedParams {
  /** What is to be taken back on this host, the last change first. */
  readonly changes: readonly UndoRecord[];
  readonly chains: ReadonlyMap<UndoRecord, readonly Chain[]>;
  /** The run was taken back already. */
  readonly isFinished: boolean;
  readonly includeUnfinished: boolean;
}

/** What a host has now. */
export interface Seen {
  /** By path. */
  readonly now: ReadonlyMap<string, Fingerprint>;
  /** Of the copies, by their paths. */
  readonly copies: ReadonlyMap<string, Fingerprint>;
  /** What is in a directory that is to go. */
  readonly entries: ReadonlyMap<string, readonly string[]>;
}

/** Everything that a rollback would put back is as the run left it, or as it was before, and the copies are whole. */
export const unchanged = check<UnchangedParams, true>({
  name: 'rollback.unchanged',
  subject: ({ changes }) => `${changes.length} changes`,
  inspect: params => live(async (on): Promise<Finding<true>> => {
    const problems = conflictsIn(await look(on, params.changes), params);
    return problems.length === 0 ? { ok: true, value: true } : { ok: false, reason: problems.join('; ') };
  }),
});

/** What speaks against it, a sentence each. Goes back change by change, so that an edit of somebody else between two changes of the run is found too. */
export function conflictsIn({ now, copies, entries }: Seen, { changes, chains, isFinished, includeUnfinished }: UnchangedParams): readonly string[] {
  const problems: string[] = [];
  const state = new Map(now);
  const altered: string[] = [];
  for (const change of changes) {
    for (const [i, { path, was, only }] of change.paths.entries()) {
      const is = state.get(path) ?? '';
      const left = change.left?.[i]?.is;
      // Of a tree in which something is put back first, the look at that time decides.
      const isOpen = !only && altered.some(other => isWithin(other, path) || isWithin(path, other));
      const place = placeOf(is, { was, left, isFinished, ...chains.get(change)?.[i] ?? { further: [], newer: [] } });
      if (place === 'back' && !isOpen) continue;
      if (!isOpen && (place === 'strange' || (place === 'unsure' && !includeUnfinished))) problems.push(conflict(path, is, change));
      else if (!hasCopy(change, i, copies)) problems.push(`the copy of ${path} is gone or was changed (${copyPath(change, i)}); copies of the newest 10 runs are kept`);
      state.set(path, was);
      altered.push(path);
    }
  }
  const goes = new Set(altered.filter(path => typeOf(state.get(path) ?? '') === 'absent'));
  for (const [path, names] of entries) {
    const strange = goes.has(path) ? names.filter(name => !goes.has(`${path}/${name}`)) : [];
    if (strange.length > 0) problems.push(`${path} would go, and holds what this rollback does not take away: ${strange.slice(0, 5).join(', ')}`);
  }
  return [...new Set(problems)];
}

function isWithin(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(`${folder}/`);
}

function hasCopy(change: UndoRecord, index: number, copies: Seen['copies']): boolean {
  const was = change.paths[index]?.was ?? '';
  return ['absent', 'directory'].includes(typeOf(was)) || isAlike(copies.get(copyPath(change, index)) ?? '', was);
}

function copyPath(change: UndoRecord, index: number): string {
  return `${copiesOf(change)}${index + 1}`;
}

async function look(on: Target, changes: readonly UndoRecord[]): Promise<Seen> {
  const paths = new Map(changes.flatMap(change => change.paths.map(each => [each.path, each] as const)));
  const copies = changes.flatMap(change => change.paths.map(({ only }, i) => ({ path: copyPath(change, i), only })));
  const goes = [...paths.values()].filter(({ only }) => only).map(({ path }) => path);
  const said = await fingerprints(on, [...paths.values(), ...copies]);
  return { now: said, copies: said, entries: await entriesOf(on, goes.filter(path => typeOf(said.get(path) ?? '') === 'directory')) };
}

async function fingerprints(on: Target, paths: readonly Pick<PathBefore, 'path' | 'only'>[]): Promise<ReadonlyMap<string, Fingerprint>> {
  const found = await lookAt(on, paths);
  return new Map(paths.map(({ path }, i) => [path, found[i]?.is ?? '']));
}

async function entriesOf(on: Target, folders: readonly string[]): Promise<Seen['entries']> {
  if (folders.length === 0) return new Map();
  const { stdout } = await on.run(lines(...folders.map((folder, i) => cmd`ls -A -- ${folder} | while IFS= read -r n; do printf '%s %s\n' ${i} "$n"; done`)));
  const found = linesOf({ stdout }).map(line => [Number(line.slice(0, line.indexOf(' '))), line.slice(line.indexOf(' ') + 1)] as const);
  return new Map(folders.map((folder, i) => [folder, found.filter(([index]) => index === i).map(([, name]) => name)]));
}
