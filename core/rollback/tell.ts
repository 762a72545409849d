/** What a rollback will do and what it will not, for people, before it begins. */
import type { UndoRecord } from '../run/undo-record';
import type { Earlier } from './playbook';
import { legsBack } from './order';
import type { Scope } from './scope';

/** More paths of a host are counted. */
const MOST_SHOWN = 8;

/** The lines. @param name of the playbook that made the changes */
export function rollbackLines({ run, name, scope, earlier }: { readonly run: string; readonly name: string; readonly scope: Scope; readonly earlier: Earlier }): readonly string[] {
  const { back, limited } = scope;
  const legs = legsBack(back).filter(leg => leg.back.length > 0);
  const undone = legs.flatMap(leg => leg.back.flat());
  const again = legs.flatMap(leg => leg.again.flat());
  const hosts = [...new Set([...undone, ...again].map(({ host }) => host))].sort();
  return [
    `Rollback of run ${run} (${name})${earlier === 'unfinished' ? '; an earlier rollback of it did not end well, this one goes on' : ''}`,
    ...(hosts.length === 0 ? ['  nothing is to be put back'] : ['  puts back:']),
    ...hosts.flatMap(host => [
      `    ${host}: ${listOf(things(undone.filter(each => each.host === host))) || 'nothing'}`,
      ...oneOrNone('        then again: ', again.filter(each => each.host === host).map(wordsOf)),
    ]),
    ...stays(scope),
    ...(limited.length === 0 ? [] : [`  leaves, by --limit: ${listOf(unique(limited.map(({ host }) => host)))}`]),
  ];
}

function stays({ barrier, before }: Scope): readonly string[] {
  if (barrier === undefined) return [];
  const because = `  leaves "${barrier.name}" on ${barrier.host}, since ${barrier.barrier ?? ''}`;
  const earlier = unique(before.filter(each => each.again === undefined).map(each => `${each.name} (${hostsOf(before, each)})`));
  return [
    `${because}${barrier.instead === undefined ? '' : `; instead: ${barrier.instead}`}`,
    ...oneOrNone('  and what was done before it: ', earlier),
  ];
}

function hostsOf(records: readonly UndoRecord[], { task }: UndoRecord): string {
  return unique(records.filter(each => each.task === task).map(({ host }) => host)).join(', ');
}

/** Paths, and of what is no path the call. */
function things(records: readonly UndoRecord[]): readonly string[] {
  return unique(records.flatMap(({ paths, module, subject }) => (paths.length > 0 ? paths.map(({ path }) => path) : [`${module} ${subject}`])));
}

function wordsOf({ again, subject }: UndoRecord): string {
  return `${again?.module ?? ''} ${subject}`;
}

function oneOrNone(before: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${before}${listOf(unique(items))}`];
}

function listOf(items: readonly string[]): string {
  const more = items.length - MOST_SHOWN;
  return [...items.slice(0, MOST_SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}
