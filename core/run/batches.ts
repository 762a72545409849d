/** The portions in which the hosts of a play are worked on. */
import type { Host } from '../inventory/host';
import type { BatchSize } from '../play';

/**
 * The hosts in portions: a number of hosts, or a percentage of all of them, rounded down but at least one host. Of a list each portion takes
 * the next size, and the last size is for all that follow. Without a size, or with a wrong one, all hosts are one portion.
 */
export function batchesOf(hosts: readonly Host[], size: BatchSize | readonly BatchSize[] | undefined): readonly (readonly Host[])[] {
  const wanted = size === undefined ? [] : isList(size) ? size : [size];
  const sizes = wanted.every(isSize) ? wanted.map(each => hostsIn(each, hosts.length)) : [];
  const batches: (readonly Host[])[] = [];
  for (let at = 0; at < hosts.length;) {
    const next = sizes[batches.length] ?? sizes.at(-1) ?? hosts.length;
    batches.push(hosts.slice(at, at + next));
    at += next;
  }
  return batches;
}

/** What is wrong with it, in a few words, for a message that begins with its name; `undefined` when it is fine. */
export function sizeProblem(size: BatchSize | readonly BatchSize[]): string | undefined {
  const sizes = isList(size) ? size : [size];
  if (sizes.length === 0) return 'an empty list; give at least one size';
  const wrong = sizes.filter(each => !isSize(each));
  return wrong.length === 0 ? undefined : `${wrong.map(String).join(', ')}; it must be a whole number of hosts, 1 or more, or a percentage of them such as '30%', or a list of these`;
}

function isList(size: BatchSize | readonly BatchSize[]): size is readonly BatchSize[] {
  return typeof size === 'object';
}

/** A playbook may compute its sizes, so what the type says is looked at again. */
function isSize(size: BatchSize): boolean {
  return typeof size === 'number' ? Number.isInteger(size) && size >= 1 : percentOf(size) !== undefined;
}

function hostsIn(size: BatchSize, all: number): number {
  return typeof size === 'number' ? size : Math.max(1, Math.floor((all * (percentOf(size) ?? 100)) / 100));
}

function percentOf(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text);
  const percent = Number(match?.[1] ?? 0);
  return percent > 0 && percent <= 100 ? percent : undefined;
}
