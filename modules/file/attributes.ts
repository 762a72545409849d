/** Mode, owner and group of a path. @see chmod(1), chown(1) */
import { unforeseen } from '../../core/foreseen';
import type { Change } from '../../core/module';
import { cmd, type Command } from '../../core/transport/command';
import type { Target, WriteOptions } from '../../core/transport/connection';
import type { FileFacts } from './path-state';

export interface Attributes {
  /** Permission bits as an octal number, `0o644`. Default: as they are; of a new file 0644, of a new directory 0755. */
  readonly mode?: number;
  /** Owner by name or number. Default: as it is; of what is new, the user that the task runs as. */
  readonly owner?: string | number;
  /** Group by name or number. Default: as for the owner. */
  readonly group?: string | number;
}

type Owned = Pick<FileFacts, 'mode' | 'uid' | 'gid' | 'owner' | 'group'>;

/** What is wrong with them, each a sentence. */
export function attributeProblems(wanted: Attributes): string[] {
  const { mode, owner, group } = wanted;
  const problems: string[] = [];
  if (mode !== undefined && (!Number.isInteger(mode) || mode < 0 || mode > 0o7777)) {
    problems.push(`the mode ${mode} is none; write an octal number, as in 0o644`);
  } else if (mode !== undefined && [644, 755, 600, 640, 700, 750, 775, 664, 440, 400, 444, 555, 777, 666].includes(mode)) {
    problems.push(`the mode ${mode} is decimal and means ${octal(mode)}; write 0o${mode}`);
  }
  for (const [what, id] of Object.entries({ owner, group })) {
    if (id !== undefined && !/^(\d+|[A-Za-z_][A-Za-z0-9_.@\\-]*\$?)$/.test(String(id))) problems.push(`the ${what} "${id}" is no name and no number`);
  }
  return problems;
}

/** What differs from the wanted ones; all of those that are wanted where the path is not there yet. */
export function attributeChanges(path: string, facts: Owned | undefined, wanted: Attributes): Change[] {
  const changes: Change[] = [];
  const { mode, owner, group } = wanted;
  if (facts !== undefined) requireKnown(path, facts, wanted);
  if (mode !== undefined && facts?.mode !== mode) {
    changes.push({ resource: path, property: 'mode', from: facts === undefined ? null : octal(facts.mode), to: octal(mode) });
  }
  if (owner !== undefined && !isSame(owner, facts?.uid, facts?.owner)) {
    changes.push({ resource: path, property: 'owner', from: facts === undefined ? null : nameFor(owner, facts.uid, facts.owner), to: String(owner) });
  }
  if (group !== undefined && !isSame(group, facts?.gid, facts?.group)) {
    changes.push({ resource: path, property: 'group', from: facts === undefined ? null : nameFor(group, facts.gid, facts.group), to: String(group) });
  }
  return changes;
}

/** @throws RefusedError in check mode where an earlier task changes what these would be compared with, and only the run will tell how */
function requireKnown(path: string, { mode, uid, gid, owner, group }: Owned, wanted: Attributes): void {
  const isOpen = (id: string | number | undefined, number: number, name: string): boolean => id !== undefined && (isNumeric(id) ? Number.isNaN(number) : name === '');
  if ((wanted.mode !== undefined && Number.isNaN(mode)) || isOpen(wanted.owner, uid, owner) || isOpen(wanted.group, gid, group)) throw unforeseen(path);
}

/** Sets those that `changes` names, of what a symbolic link points to. */
export async function setAttributes(on: Target, path: string, wanted: Attributes, changes: readonly Change[]): Promise<void> {
  const command = attributesCommand(path, wanted, new Set(changes.map(change => change.property)));
  if (command !== undefined) await on.run(command);
}

/** Makes a directory with these attributes, and what is missing above it with 0755 and the task's user. @see mkdir(1) */
export async function makeDirectory(on: Target, path: string, wanted: Attributes): Promise<void> {
  const { mode, owner, group } = wanted;
  // What is new belongs to who makes it.
  const isOwn = owner === undefined || owner === on.user || (on.user === 'root' && Number(owner) === 0);
  const given = new Set([...(isOwn ? [] : ['owner']), ...(group === undefined ? [] : ['group'])]);
  const attributes = attributesCommand(path, wanted, given);
  const made = mode === undefined || attributes !== undefined ? cmd`mkdir -p -- ${path}` : cmd`mkdir -p -m ${exactly(mode)} -- ${path}`;
  await on.run(attributes === undefined ? made : cmd`${made} && ${attributes}`);
}

/** `undefined` where there is nothing to set. */
function attributesCommand(path: string, { mode, owner, group }: Attributes, given: ReadonlySet<string>): Command | undefined {
  const commands: Command[] = [];
  const who = owner !== undefined && given.has('owner') ? String(owner) : '';
  if (who !== '') commands.push(cmd`chown -- ${who} ${path}`);
  if (group !== undefined && given.has('group')) commands.push(cmd`chgrp -- ${String(group)} ${path}`);
  // A change of owner clears the set-user-ID bits: the mode comes last, and again where only the owner changes.
  if (mode !== undefined && (commands.length > 0 || given.has('mode'))) commands.push(cmd`chmod -- ${exactly(mode)} ${path}`);
  const [first, ...more] = commands;
  return first === undefined ? undefined : more.reduce((all, next) => cmd`${all} && ${next}`, first);
}

/** As options for a write. */
export function writeOptions(wanted: Attributes): WriteOptions {
  const { mode, owner, group } = wanted;
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  };
}

/** `0644` */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Five digits: with fewer, GNU chmod keeps the set-group-ID bit of a directory. */
function exactly(mode: number): string {
  return mode.toString(8).padStart(5, '0');
}

function isNumeric(id: string | number): boolean {
  return typeof id === 'number' || /^\d+$/.test(id);
}

function isSame(wanted: string | number, id: number | undefined, name: string | undefined): boolean {
  return isNumeric(wanted) ? Number(wanted) === id : wanted === name;
}

function nameFor(wanted: string | number, id: number, name: string): string {
  return isNumeric(wanted) ? String(id) : name;
}
