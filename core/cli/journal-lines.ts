/** Lines of a journal, read back: whatever is none of ours, or was cut off, is left out. */
import { z } from 'zod';
import { EVENT_VERSION, type RecapEvent, type RunEvent, type TaskEvent } from '../report/events';
import type { Done } from '../run/ledger';

/** A change as it stands in journals and plans. */
export const changeRecord = z.strictObject({ resource: z.string(), property: z.string(), from: z.string().nullable(), to: z.string().nullable(), diff: z.string().exactOptional() }).readonly();

const texts = z.array(z.string()).readonly();
const base = { v: z.literal(EVENT_VERSION), run: z.string(), at: z.string() };

const runEvent = z.object({
  ...base, type: z.literal('run'), playbook: z.string(), check: z.boolean(), hosts: texts,
  plays: z.array(z.object({ id: z.string(), name: z.string(), hosts: texts }).readonly()).readonly(),
}).readonly();

const taskEvent = z.object({
  ...base, type: z.literal('task'), play: z.string(), task: z.string(), name: z.string(), host: z.string(), module: z.string().nullable(),
  status: z.enum(['ok', 'changed', 'skipped', 'failed', 'unreachable', 'unknown']),
  changes: z.array(changeRecord).readonly(), ms: z.number(), handler: z.boolean(),
  reason: z.string().exactOptional(), tolerated: z.string().exactOptional(), willCheck: z.boolean().exactOptional(), delegate: z.string().exactOptional(),
}).readonly();

const counts = z.object({ ok: z.number(), changed: z.number(), skipped: z.number(), failed: z.number(), unreachable: z.number(), unknown: z.number(), ignored: z.number() }).readonly();

const recapEvent = z.object({
  ...base, type: z.literal('recap'), exit: z.number(), check: z.boolean(), hosts: z.record(z.string(), counts).readonly(), ms: z.number(),
  planned: z.object({ exact: z.number(), total: z.number(), unknown: texts }).readonly().exactOptional(),
  stopped: z.string().exactOptional(),
}).readonly();

const done = z.object({
  task: z.string(), host: z.string(), action: z.number(), does: z.string(), call: z.string(), run: z.string(), at: z.string(), tells: z.boolean(),
  value: z.unknown().exactOptional(), notKept: z.string().exactOptional(),
}).readonly();

/** The events that are read back: how a run began, how its tasks ended, and how it did. */
export type KeptEvent = RunEvent | TaskEvent | RecapEvent;

const keptEvent: z.ZodType<KeptEvent> = z.discriminatedUnion('type', [runEvent, taskEvent, recapEvent]);

/** A line of events.jsonl; `undefined` for any other one. */
export function parseEvent(line: string | undefined): KeptEvent | undefined {
  return parsed(keptEvent, line);
}

/** A line of values.jsonl. */
export function parseDone(line: string): Done | undefined {
  return parsed(done, line);
}

function parsed<T>(schema: z.ZodType<T>, line: string | undefined): T | undefined {
  try {
    return line === undefined ? undefined : schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
