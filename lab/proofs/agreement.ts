/** Check mode before a run and the run itself, compared change by change. Pure: events in, figures out. */
import type { Change } from '../../core/module';
import type { RunnerEvent } from '../../core/report/events';
import { tasksOf } from './events';

export interface Agreement {
  /** Changes that check mode named, and those that the run made. */
  readonly named: number;
  readonly made: number;
  /** Changes that are in both, with the same task, host, resource and property. */
  readonly agreed: number;
  /** Changes of the run in tasks of which check mode said that only acting would tell. */
  readonly open: readonly string[];
  /** Changes of the run in tasks of which check mode named other changes. */
  readonly others: readonly string[];
  /** Changes of the run in tasks of which check mode said nothing: there must be none. */
  readonly unlisted: readonly string[];
  /** Changes that check mode named and the run did not make. */
  readonly notMade: readonly string[];
  /** Changes in both whose old or new value check mode told differently. */
  readonly otherValues: readonly string[];
}

/** Compares the events of a check with those of the run after it. */
export function agreementOf(check: readonly RunnerEvent[], run: readonly RunnerEvent[]): Agreement {
  const named = changesByKey(check);
  const made = changesByKey(run);
  const listed = new Map(tasksOf(check).map(event => [`${event.host}: ${event.task}`, event]));
  const missing = [...made.values()].filter(({ key }) => !named.has(key));
  const isOpen = ({ place }: Made): boolean => listed.get(place)?.status === 'unknown' || listed.get(place)?.willCheck === true;
  const isListed = (change: Made): boolean => isOpen(change) || (listed.get(change.place)?.changes.length ?? 0) > 0;
  return {
    named: named.size,
    made: made.size,
    agreed: made.size - missing.length,
    open: missing.filter(isOpen).map(({ key }) => key),
    others: missing.filter(change => isListed(change) && !isOpen(change)).map(({ key }) => key),
    unlisted: missing.filter(change => !isListed(change)).map(({ key }) => key),
    notMade: [...named.keys()].filter(key => !made.has(key)),
    otherValues: [...made.values()].flatMap(({ key, change }) => differenceOf(key, named.get(key)?.change, change)),
  };
}

/** A change and where it was made. */
interface Made {
  /** `m1: play/task`. */
  readonly place: string;
  /** The place with resource and property. */
  readonly key: string;
  readonly change: Change;
}

function changesByKey(events: readonly RunnerEvent[]): ReadonlyMap<string, Made> {
  const all = tasksOf(events).flatMap(({ host, task, changes, run }) => changes.map(each => {
    const place = `${host}: ${task}`;
    const change = withoutRun(each, run);
    return { place, key: `${place}: ${change.resource} ${change.property}`, change };
  }));
  return new Map(all.map(each => [each.key, each]));
}

/** Backups bear the id of their run, which the run after the check cannot share. */
function withoutRun({ resource, property, from, to }: Change, run: string): Change {
  const plain = (text: string): string => text.replaceAll(run, '<run>');
  return { resource: plain(resource), property, from: from === null ? null : plain(from), to: to === null ? null : plain(to) };
}

function differenceOf(key: string, named: Change | undefined, made: Change): string[] {
  if (named === undefined || (named.from === made.from && named.to === made.to)) return [];
  return [`${key}: check mode said ${named.from ?? '-'} -> ${named.to ?? '-'}, the run did ${made.from ?? '-'} -> ${made.to ?? '-'}`];
}
