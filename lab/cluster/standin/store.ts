import { randomUUID } from 'node:crypto';

import type { Etcd, KeyValue } from './etcd';
import { prefixEnd } from './etcd';
import type { Json, JsonMap, KubeObject } from './objects';
import { ApiError, now, parseJson, parseObject } from './objects';
import type { Resource } from './resources';
import { groupVersion, resource } from './resources';
import type { Match } from './selectors';

/** One object's place. */
export interface Place {
  readonly resource: Resource;
  /** Undefined for cluster-scoped objects. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** A change of a watched list. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** How long a namespace that was there is taken to be there, in milliseconds. */
const namespaceMs = 1000;

/** The objects of the cluster as they lie in etcd under /registry, each written only over the revision it was read at. */
export class Store {
  /** Namespaces that were seen, and until when that is believed. */
  private readonly seen = new Map<string, number>();

  constructor(private readonly etcd: Etcd) {}

  /** @throws ApiError 404 when there is none. */
  async get(place: Place): Promise<KubeObject> {
    return (await this.read(place)).object;
  }

  /** One page of a list; `next` is the continue token of the following page. */
  async list(of: Resource, namespace: string | undefined, page: { match: Match; limit: number; from?: string }): Promise<{ revision: string; items: KubeObject[]; next: string }> {
    const prefix = listPrefix(of, namespace);
    const start = parseToken(page.from);
    const answer = await this.etcd.range(start?.key ?? prefix, {
      end: prefixEnd(prefix),
      ...(page.limit > 0 ? { limit: page.limit } : {}),
      ...(start === undefined ? {} : { revision: start.revision }),
    });
    const revision = start?.revision ?? answer.revision;
    const last = answer.kvs.at(-1);
    const next = answer.more && last !== undefined ? makeToken({ revision, key: `${last.key}\0` }) : '';
    return { revision, items: answer.kvs.map(toObject).filter(page.match), next };
  }

  /** @throws ApiError 409 when it exists already, 404 when its namespace does not, 403 when that is going. */
  async create(place: Place, object: KubeObject): Promise<KubeObject> {
    if (place.namespace !== undefined) await this.checkNamespace(place.namespace);
    const meta = { ...object.metadata, name: place.name, uid: randomUUID(), creationTimestamp: now(), generation: 1 };
    const text = serialize(place.resource, { ...object, metadata: place.namespace === undefined ? meta : { ...meta, namespace: place.namespace } });
    const result = await this.etcd.compareAndSet(keyOf(place), '0', text);
    if ('revision' in result) return toObject({ key: '', value: text, revision: result.revision });
    // A call that was sent again after a broken connection finds its own write.
    if (result.found?.value === text) return toObject(result.found);
    throw new ApiError(409, 'AlreadyExists', `${nameOf(place)} already exists`);
  }

  /**
   * Changes an object, again and again until nobody else changed it in between.
   * @param change gives the new object; undefined leaves it as it is.
   * @throws ApiError 409 when the new object names a resourceVersion that is not the current one.
   */
  async change(place: Place, change: (object: KubeObject) => KubeObject | undefined): Promise<KubeObject> {
    for (;;) {
      const { object, kv } = await this.read(place);
      const wanted = change(structuredClone(object));
      if (wanted === undefined) return object;
      const asked = wanted.metadata.resourceVersion;
      if (asked !== undefined && asked !== '' && asked !== kv.revision) {
        throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${nameOf(place)}: the object has been modified; please apply your changes to the latest version and try again`);
      }
      const text = serialize(place.resource, keepIdentity(object, wanted));
      if (text === kv.value) return object;
      const result = await this.etcd.compareAndSet(kv.key, kv.revision, text);
      if ('revision' in result) return toObject({ ...kv, value: text, revision: result.revision });
      if (result.found?.value === text) return toObject(result.found);
    }
  }

  /** Deletes an object for good. It may be gone already. */
  async remove(place: Place): Promise<void> {
    await this.etcd.remove(keyOf(place));
  }

  /** Watches a list from a revision on; returns a function that stops. */
  watch(of: Resource, namespace: string | undefined, on: { after: string; event: (event: StoreEvent) => void; end: () => void }): () => void {
    const prefix = listPrefix(of, namespace);
    return this.etcd.watch(prefix, prefixEnd(prefix), {
      ...on,
      event: ({ deleted, kv, previous }) => {
        const before = previous === undefined ? undefined : toObject({ ...kv, value: previous });
        if (!deleted) on.event({ type: before === undefined ? 'ADDED' : 'MODIFIED', object: toObject(kv), previous: before });
        else if (before !== undefined) on.event({ type: 'DELETED', object: before, previous: before });
      },
    });
  }

  private async checkNamespace(name: string): Promise<void> {
    if ((this.seen.get(name) ?? 0) > Date.now()) return;
    const { metadata } = await this.get({ resource: resource('namespaces'), namespace: undefined, name });
    if (metadata.deletionTimestamp !== undefined) throw new ApiError(403, 'Forbidden', `the namespace ${name} is being terminated`);
    this.seen.set(name, Date.now() + namespaceMs);
  }

  private async read(place: Place): Promise<{ object: KubeObject; kv: KeyValue }> {
    const kv = (await this.etcd.range(keyOf(place))).kvs[0];
    if (kv === undefined) throw new ApiError(404, 'NotFound', `${nameOf(place)} not found`);
    return { object: toObject(kv), kv };
  }
}

function keyOf(place: Place): string {
  return `${listPrefix(place.resource, place.namespace)}${place.name}`;
}

function listPrefix(of: Resource, namespace: string | undefined): string {
  return `/registry/${of.plural}/${namespace === undefined ? '' : `${namespace}/`}`;
}

function nameOf(place: Place): string {
  const { plural, group } = place.resource;
  return `${plural}${group === '' ? '' : `.${group}`} "${place.name}"`;
}

function toObject(kv: KeyValue): KubeObject {
  const object = parseObject(parseJson(kv.value));
  return { ...object, metadata: { ...object.metadata, resourceVersion: kv.revision } };
}

function serialize(of: Resource, object: KubeObject): string {
  // The revision of the key is the resourceVersion.
  return JSON.stringify({ ...object, apiVersion: groupVersion(of), kind: of.kind, metadata: { ...object.metadata, resourceVersion: undefined } });
}

/** What a client cannot change, and the generation, which counts changes of the spec. */
function keepIdentity(old: KubeObject, wanted: KubeObject): KubeObject {
  const { name, namespace, uid, creationTimestamp, generation = 1 } = old.metadata;
  const isNewSpec = JSON.stringify(old['spec']) !== JSON.stringify(wanted['spec']);
  const identity: JsonMap = { uid, creationTimestamp, generation: generation + (isNewSpec ? 1 : 0), ...(namespace === undefined ? {} : { namespace }) };
  return { ...wanted, metadata: { ...wanted.metadata, ...identity, name } };
}

function makeToken(token: { revision: string; key: string }): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseToken(text: string | undefined): { revision: string; key: string } | undefined {
  if (text === undefined || text === '') return undefined;
  return parseJson(Buffer.from(text, 'base64url').toString()) as Json & { revision: string; key: string };
}
