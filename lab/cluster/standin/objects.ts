/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | JsonMap;

/** An object of JSON; absent keys read as undefined. */
export interface JsonMap {
  [key: string]: Json | undefined;
}

/** Who owns an object: it goes when its owner goes. */
export interface OwnerReference extends JsonMap {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** The part of an object that all kinds share. */
export interface Meta extends JsonMap {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: JsonMap;
  annotations?: JsonMap;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** An object as the API serves it. */
export interface KubeObject extends JsonMap {
  apiVersion: string;
  kind: string;
  metadata: Meta;
}

/** An error that is answered as a `Status` object. */
export class ApiError extends Error {
  constructor(readonly code: number, readonly reason: string, message: string) {
    super(message);
  }
}

/** Object of a JSON value, empty when it is anything else. */
export function mapOf(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}

/** Array of a JSON value, empty when it is anything else. */
export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** Text of a JSON value, empty when it is anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Number of a JSON value, or what stands in for it. */
export function numberOf(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** True for a JSON object, false for an array, a scalar or nothing. */
export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Value at a path of keys, undefined when a step is missing. */
export function at(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>((inner, key) => mapOf(inner)[key], value);
}

/**
 * Reads the text of JSON.
 * @throws ApiError 400 when it is none.
 */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new ApiError(400, 'BadRequest', 'the object provided is not JSON');
  }
}

/**
 * Reads an object of the API.
 * @throws ApiError 400 when it has no metadata.
 */
export function parseObject(value: Json | undefined): KubeObject {
  if (!isMap(value)) throw new ApiError(400, 'BadRequest', 'the body is not an object');
  const metadata = isMap(value['metadata']) ? value['metadata'] : {};
  return { ...value, metadata } as KubeObject;
}

/** The time as the API writes it: no fraction of a second. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The time as leases have it: with microseconds. */
export function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
