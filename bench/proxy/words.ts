/** What the benchmark and its proxy say to each other. */
import { z } from 'zod';
import type { Traffic } from '../types';

const end = z.strictObject({ host: z.string(), port: z.number() });
const order = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open'), routes: z.array(z.strictObject({ listen: end, target: end })) }),
  /** From the next connection on. */
  z.strictObject({ kind: z.literal('delay'), ms: z.number() }),
  z.strictObject({ kind: z.literal('take') }),
]);
const answer = z.strictObject({ traffic: z.strictObject({ connections: z.number(), bytesUp: z.number(), bytesDown: z.number(), turns: z.number() }) });

export type Order = z.output<typeof order>;

/** Each order is answered with what passed since the last one. */
export interface Answer { readonly traffic: Traffic }

/** @throws ZodError for anything else */
export function orderOf(message: unknown): Order {
  return order.parse(message);
}

/** @throws ZodError for anything else */
export function answerOf(message: unknown): Answer {
  return answer.parse(message);
}
