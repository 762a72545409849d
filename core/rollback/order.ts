/**
 * The order in which changes are taken back: the reverse of theirs, but restarts and reloads come after what stood before them, in their own order.
 *
 *     done:     edit D, daemon-reload E, restart F, edit G, reload H
 *     back:     undo G, reload H, undo D, daemon-reload E, restart F
 *
 * So a server that was taken out of service, changed and put back is out of service while it is changed back.
 */
import type { UndoRecord } from '../run/undo-record';

/** One part of the way back: changes to take back, the last one first, then what is done again for them, in its old order. */
export interface Leg {
  /** Changes of one task side by side on several hosts stand together. */
  readonly back: readonly (readonly UndoRecord[])[];
  readonly again: readonly (readonly UndoRecord[])[];
}

/** The legs in the order in which they are done. @param records in the order in which they were made, without a barrier among them */
export function legsBack(records: readonly UndoRecord[]): readonly Leg[] {
  const legs: Leg[] = [];
  const hosts = new Map<string, Follow>();
  const follow = (host: string): Follow => {
    const known = hosts.get(host) ?? { again: [], isOpen: false };
    hosts.set(host, known);
    return known;
  };
  let back: UndoRecord[] = [];
  let due: UndoRecord[] = [];
  const close = (): void => {
    if (back.length + due.length > 0) legs.push({ back: stagesOf(back), again: stagesOf(oncePerHost([...due].sort(bySeq))) });
    back = [];
    due = [];
    for (const each of hosts.values()) each.isOpen = false;
  };
  for (const record of [...records].reverse()) {
    const its = follow(record.host);
    if (record.again === undefined) {
      back.push(record);
      // What follows it on its host must see it back.
      due.push(...its.again.filter(again => !due.includes(again)));
      its.isOpen = false;
      continue;
    }
    // A daemon-reload interrupts nothing: it takes no change into force by itself, so more changes may belong to the restart behind it.
    if (record.effect === 'converge') {
      due.push(record);
      continue;
    }
    // Behind changes that are back by now begins another part of the run.
    if (back.length > 0) close();
    its.again = its.isOpen ? [record, ...its.again] : [record];
    its.isOpen = true;
    // It may stand there for a change on another host.
    due.push(record);
  }
  close();
  return legs;
}

/** What is done again on a host after the changes that come next on the way back; `isOpen` while more of the same row may come. */
interface Follow { again: readonly UndoRecord[]; isOpen: boolean }

/** Neighbours of one task are one stage. */
function stagesOf(records: readonly UndoRecord[]): readonly (readonly UndoRecord[])[] {
  const stages: UndoRecord[][] = [];
  for (const record of records) {
    const last = stages.at(-1);
    if (last !== undefined && last[0]?.task === record.task && last[0].become === record.become) last.push(record);
    else stages.push([record]);
  }
  return stages;
}

function oncePerHost(records: readonly UndoRecord[]): readonly UndoRecord[] {
  const keys = records.map(({ host, again }) => JSON.stringify([host, again]));
  return records.filter((_record, i) => keys.indexOf(keys[i] ?? '') === i);
}

function bySeq(a: UndoRecord, b: UndoRecord): number {
  return a.seq - b.seq;
}
