/** `--limit`: a host pattern in which `@` stands for a list from elsewhere: a file, or the hosts of an earlier run. */
import { existsSync, readFileSync } from 'node:fs';
import { InventoryError, UsageError, messageOf } from '../errors';
import type { Host, Inventory } from '../inventory/host';
import { selectFrom } from '../inventory/pattern';
import { findRun, lastRunOf, tasksOf } from './past-runs';

/** What a limit is read with. */
export interface LimitContext {
  readonly inventory: Inventory;
  /** The playbook, absolute: `@failed` means its last run. */
  readonly playbook: string;
}

const RUN_WORD = String.raw`(failed|unreachable)(?::(last|\d[\dTZ]*(?:-[0-9a-f]*)?))?`;
/** `@failed`, `@failed:last`, `@unreachable:20261122T101500Z-1a2b`, else `@file` up to the next `,` or `:`. */
const LIST = new RegExp(String.raw`(?<=^|[,:&!\s])@(?:${RUN_WORD}(?=$|[,:])|([^,:]+))`, 'g');
const BARE = new RegExp(`^${RUN_WORD}$`);

/**
 * The limit as a plain host pattern, so that it means the same hosts ever after.
 *
 * `@file` is a file with one host or pattern a line, `@failed` and `@unreachable` the hosts of the playbook's last run that failed or were out of reach,
 * `@failed:ID` those of that run (an id or its beginning, or `last`). Each stands where a group can stand: `web:&@failed`, `all:!@down.txt`. Alone, and where
 * the inventory has no such group or host, `failed` needs no `@`.
 * @throws UsageError or InventoryError
 */
export function resolveLimit(limit: string | undefined, context: LimitContext): string | undefined {
  if (limit === undefined) return undefined;
  const { inventory } = context;
  const isBare = BARE.test(limit) && !inventory.groups.has(limit.split(':')[0] ?? '') && inventory.find(limit) === undefined && inventory.find(limit.split(':')[0] ?? '') === undefined;
  const lists = new Map<string, readonly Host[]>();
  const pattern = (isBare ? `@${limit}` : limit).replaceAll(LIST, (whole: string, word?: string, run?: string, file?: string) => {
    const name = `@${lists.size}`;
    lists.set(name, word === undefined ? fromFile(file ?? '', inventory) : fromRun({ whole, word, run }, context));
    return name;
  });
  if (lists.size === 0) return limit;
  const hosts = selectFrom({ hosts: inventory.hosts, groups: new Map([...inventory.groups, ...lists]) }, pattern);
  if (hosts.length === 0) throw new UsageError(`--limit ${limit} leaves no host of the inventory`);
  return hosts.map(host => host.name).join(',');
}

function fromFile(path: string, inventory: Inventory): readonly Host[] {
  if (!existsSync(path)) throw new UsageError(`--limit @${path}: there is no such file`);
  const lines = readFileSync(path, 'utf8').split(/\r?\n/).map((text, i) => ({ text: text.replace(/#.*$/, '').trim(), line: i + 1 })).filter(({ text }) => text !== '');
  if (lines.length === 0) throw new UsageError(`--limit @${path}: the file names no host`);
  for (const { text, line } of lines) {
    try {
      inventory.select(text);
    } catch (error) {
      throw new InventoryError(`${path}:${line}: ${messageOf(error)}`);
    }
  }
  return inventory.select(lines.map(({ text }) => text).join(','));
}

function fromRun({ whole, word, run }: { readonly whole: string; readonly word: string; readonly run: string | undefined }, { inventory, playbook }: LimitContext): readonly Host[] {
  const past = run === undefined ? lastRunOf(playbook) : findRun(run);
  const wanted = tasksOf(past).filter(event => event.status === word && event.tolerated === undefined).map(event => event.host);
  const hosts = inventory.hosts.filter(host => wanted.includes(host.name));
  if (hosts.length > 0) return hosts;
  const gone = wanted.length === 0 ? '' : `; those of it (${[...new Set(wanted)].join(', ')}) are not in this inventory`;
  throw new UsageError(`--limit ${whole}: no host ${word === 'failed' ? 'failed' : 'was unreachable'} in run ${past.id}${gone}`);
}
