/** The few Kubernetes objects that the modules read, as far as they read them. @see https://kubernetes.io/docs/reference/kubernetes-api/ */
import { z } from 'zod';

const meta = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  deletionTimestamp: z.string().optional(),
});
const condition = z.object({ type: z.string(), status: z.string() });

export const nodeSchema = z.object({
  metadata: meta,
  spec: z.object({ unschedulable: z.boolean().optional() }).optional(),
  status: z.object({
    conditions: z.array(condition).optional(),
    addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
    nodeInfo: z.object({ kubeletVersion: z.string() }).partial().optional(),
  }).optional(),
});

export const podSchema = z.object({
  metadata: meta,
  spec: z.object({ nodeName: z.string().optional() }).optional(),
  status: z.object({ phase: z.string().optional(), conditions: z.array(condition).optional() }).optional(),
});

export const leaseSchema = z.object({
  metadata: meta,
  spec: z.object({
    holderIdentity: z.string().nullish(),
    leaseDurationSeconds: z.number().nullish(),
    acquireTime: z.string().nullish(),
    renewTime: z.string().nullish(),
    leaseTransitions: z.number().nullish(),
  }).optional(),
});

export const endpointsSchema = z.object({
  metadata: meta,
  subsets: z.array(z.object({
    addresses: z.array(z.object({ ip: z.string() })).optional(),
    ports: z.array(z.object({ name: z.string().optional(), port: z.number() })).optional(),
  })).optional(),
});

export const slicesSchema = z.object({
  items: z.array(z.object({ metadata: meta, endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish() })),
});

export const versionSchema = z.object({ gitVersion: z.string() });

const listSchema = z.object({ items: z.array(z.unknown()).nullish() });

/** The items of a list of the API. */
export function parseList<T>(item: z.core.$ZodType<T>, answer: unknown): T[] {
  return z.array(item).parse(listSchema.parse(answer).items ?? []);
}

/** Is this condition true of the object? */
export function isTrue(conditions: readonly { readonly type: string; readonly status: string }[] | undefined, type: string): boolean {
  return conditions?.some(each => each.type === type && each.status === 'True') ?? false;
}
